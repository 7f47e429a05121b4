import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's directory. */
export const root = fileURLToPath(new URL("../", import.meta.url));
/** The built CLI. */
export const bin = join(root, "dist/bin.js");

/** The environment of all programs, with credentials of an account that does not exist. */
export const environment: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith("npm_") ? [] : [[name, value]],
    ),
  ),
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  AWS_REGION: "eu-west-1",
  AWS_DEFAULT_REGION: "eu-west-1",
};

/** A program to run, and the name for its measurements. */
export interface Command {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Runs a command and measures it. Throws when it fails, because its duration would mean nothing. */
export async function timed({
  name,
  file,
  args,
  cwd,
  env,
}: Command): Promise<{ ms: number; stdout: string }> {
  const startedAt = performance.now();
  const child = spawn(file, args, {
    cwd: cwd ?? root,
    env: { ...environment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  await once(child, "close");
  const ms = performance.now() - startedAt;
  if (child.exitCode !== 0)
    throw new Error(
      `${name} exited with code ${String(child.exitCode)}:\n${texts.stdout.slice(-2000)}${texts.stderr.slice(-2000)}`,
    );
  return { ms, stdout: texts.stdout };
}

/** The durations of commands that run in turn, in milliseconds, so that a slow moment of the machine affects all of them. */
export async function inTurns(
  commands: readonly Command[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(commands.map(({ name }) => [name, []]));
  for (const command of commands) await timed(command);
  for (let round = 0; round < rounds; round += 1)
    for (const command of commands) samples.get(command.name)?.push((await timed(command)).ms);
  return samples;
}

/** The path of a program on the PATH. A version manager's shim is resolved, so that its start is not measured. */
export function onPath(program: string): string | undefined {
  for (const directory of (environment["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, program);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    return directory.includes(".pyenv/shims")
      ? execFileSync("pyenv", ["which", program], { encoding: "utf8" }).trim()
      : path;
  }
  return undefined;
}
