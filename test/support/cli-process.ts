import { spawn } from "node:child_process";
import { bundled } from "./bundle.ts";

/** What a process of the CLI left behind. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The CLI bundled from the sources as they are, once a test file; resolves to its entry. */
export function builtCli(): Promise<string> {
  return bundled(new URL("../../src/cli/bin.ts", import.meta.url));
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
