import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import { freshDirectory } from "../../support/postgres.ts";

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A file of docker/. */
export function dockerFile(name: string): string {
  return fileURLToPath(new URL(`../../../docker/${name}`, import.meta.url));
}

/** Runs a program with this environment on top of PATH, and nothing else, to its end. */
export async function run(
  program: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Ran> {
  const child = spawn(program, argv, {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  return { code, stdout, stderr };
}

/** A directory with programs in it, each a shell script. */
export async function standIns(t: TestContext, scripts: Record<string, string>): Promise<string> {
  const directory = await freshDirectory(t);
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(directory, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

/** A new directory with these files in it. */
export async function filesIn(
  t: TestContext,
  files: Record<string, string | Uint8Array>,
): Promise<string> {
  const directory = await freshDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}
