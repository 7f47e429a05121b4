import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build } from "./build.mjs";
import { testDatabase } from "./test-database.mjs";

/**
 * `npm test [pattern…]`: builds, starts one PostgreSQL server for all, runs every test file whose path contains one of
 * the patterns. `--node PATH` runs them with another Node. The last line of stdout is `N passed, N failed, N skipped`.
 * @param {{ root: string, args: string[] }} options
 */
export async function run({ root, args }) {
  const { node, patterns } = parsed(args);
  const files = testFiles(root).filter(
    (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)),
  );
  if (files.length === 0) throw new Error(`No test file's path contains ${patterns.join(" or ")}`);
  await build({ root });
  const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-test-"));
  chmodSync(scratch, 0o711); // as root, the server runs under another user
  const database = await testDatabase(scratch);
  const stop = new AbortController();
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
    process.once(signal, () => stop.abort(signal));
  try {
    process.exitCode = await runFiles(
      root,
      node,
      files,
      { HASURA_TEST_DATABASE_URL: database.url },
      stop.signal,
    );
  } finally {
    await database.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns {{ node: string, patterns: string[] }} */
function parsed(/** @type {string[]} */ args) {
  const at = args.indexOf("--node");
  if (at === -1) return { node: process.execPath, patterns: args };
  const node = args[at + 1];
  if (node === undefined) throw new Error("--node needs the path of a Node binary");
  return { node, patterns: args.toSpliced(at, 2) };
}

/** Node 20 has no patterns for test files, so they are listed here. */
function testFiles(/** @type {string} */ root) {
  return readdirSync(join(root, "test"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/**
 * @param {string} root
 * @param {string} node
 * @param {string[]} files
 * @param {Record<string, string>} env
 * @param {AbortSignal} stop
 * @returns {Promise<number>} the exit code
 */
async function runFiles(root, node, files, env, stop) {
  const reporter = join(root, "scripts/test-report.mjs");
  const concurrency = Math.max(1, Math.min(4, cpus().length));
  const argv = [
    "--import",
    "tsx",
    "--test",
    `--test-concurrency=${concurrency}`,
    "--test-reporter",
    reporter,
    "--test-reporter-destination",
    "stdout",
  ];
  // One process an open handle in a test file would keep alive for ever ends the run instead, and says which file.
  const child = spawn(node, [...argv, "--test-timeout=180000", ...files], {
    cwd: root,
    // The SDK, from source here, would warn about its future versions in each process.
    env: {
      ...process.env,
      ...env,
      NODE_OPTIONS: "",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  stop.addEventListener("abort", () => child.kill("SIGTERM"));
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(stop.aborted ? 130 : (code ?? 1)));
  });
}
