import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What a process of the CLI left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let built: Promise<string> | undefined;

/** The CLI bundled from the sources as they are, once a test file; resolves to its entry. */
export function builtCli(): Promise<string> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "hasura-migrate-cli-"));
  // Not with `after`: it would end with the test that happened to come first.
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  await build({
    entryPoints: [fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url))],
    outdir: directory,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    banner: {
      js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
    },
    // The embedded environment is loaded by `local` alone, and has its own tests with what is built for users.
    external: ["*/local/environment.ts"],
    logLevel: "error",
  });
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  return join(directory, "bin.js");
}

/** Runs the CLI with exactly this environment (and PATH), and an empty stdin. */
export async function runCli(
  argv: readonly string[],
  options: { readonly env: Record<string, string>; readonly cwd: string },
): Promise<Ran> {
  const entry = await builtCli();
  const child = spawn(process.execPath, [entry, ...argv], {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  return { code, ...texts };
}
