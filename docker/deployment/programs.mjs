import { spawn } from "node:child_process";

/**
 * What a program that ended has written. `code` is 127 if it could not be started, and null if it was ended by a signal.
 * @typedef {{ readonly code: number | null, readonly stdout: string, readonly stderr: string }} Ended
 */

/**
 * Runs a program to its end. Never throws.
 * @param {string} program
 * @param {readonly string[]} argv
 * @param {{ readonly timeoutMs?: number, readonly showStderr?: boolean }} [options] `showStderr` passes stderr on as it comes
 * @returns {Promise<Ended>}
 */
export function runProgram(program, argv, { timeoutMs, showStderr = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, argv, {
      stdio: ["ignore", "pipe", showStderr ? "inherit" : "pipe"],
      ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (stderr += text));
    child.once("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/**
 * Calls the AWS CLI.
 * @param {readonly string[]} argv
 * @param {{ readonly profile?: string | undefined, readonly region?: string | undefined }} [target]
 */
export function aws(argv, { profile, region } = {}) {
  return runProgram("aws", [
    ...argv,
    ...(region === undefined ? [] : ["--region", region]),
    ...(profile === undefined ? [] : ["--profile", profile]),
  ]);
}

/** Names of AWS errors that the AWS CLI writes: `An error occurred (ResourceConflictException) when …`. */
export function awsErrorName(/** @type {Ended} */ { stderr }) {
  return /An error occurred \((\w+)\)/.exec(stderr)?.[1];
}

/** The last line that a program wrote about why it failed. */
export function reasonOf(/** @type {Ended} */ { code, stdout, stderr }) {
  const lines = `${stdout}\n${stderr}`.split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "") ?? `exit code ${String(code)}`;
}

/**
 * Maps with at most `limit` calls at a time. `work` must not throw.
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} limit
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>} in the order of the items
 */
export async function mapAtMost(items, limit, work) {
  /** @type {R[]} */
  const results = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
