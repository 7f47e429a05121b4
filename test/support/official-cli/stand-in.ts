import { buildSync } from "esbuild";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import { freshDirectory } from "../postgres.ts";

/** What the stand-in does instead of its work. `ignores-sigterm` hangs, and SIGTERM does not end it. */
export type Behaviour =
  | "works"
  | "false-success"
  | "panics"
  | "prints-garbage"
  | "fails-silently"
  | "hangs"
  | "ignores-sigterm"
  | "omits-status"
  | "leaks-the-secret"
  | "does-not-run"
  | "dies-before-recording"
  | "dies-after-recording";

export interface Call {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Of its project, in order. */
  readonly files: readonly string[];
  readonly home: Record<string, unknown> | undefined;
}

export interface StandIn {
  /** Holds an executable `hasura`, and nothing else of that name. */
  readonly directory: string;
  /** Where the calls are written, to wait for one. */
  readonly callsFile: string;
  /** Every time it was started so far, in order. */
  calls(): Call[];
  /** Without those that only ask for the version. */
  commands(): string[][];
}

/** An executable that behaves as the official CLI. It is built once and runs without this project. */
export async function standInCli(t: TestContext, behaviour: Behaviour = "works"): Promise<StandIn> {
  const root = await freshDirectory(t);
  const [script, callsFile, directory] = [
    join(root, "main.mjs"),
    join(root, "calls"),
    join(root, "bin"),
  ];
  const source = fileURLToPath(new URL("main.ts", import.meta.url));
  buildSync({
    entryPoints: [source],
    outfile: script,
    platform: "node",
    format: "esm",
    target: "node20",
  });
  await mkdir(directory);
  await writeFile(
    join(directory, "hasura"),
    `#!/bin/sh\nexec "${process.execPath}" "${script}" ${behaviour} "${callsFile}" "$@"\n`,
  );
  await chmod(join(directory, "hasura"), 0o755);
  const calls = (): Call[] =>
    existsSync(callsFile) ? readFileSync(callsFile, "utf8").trim().split("\n").map(callOf) : [];
  return {
    directory,
    callsFile,
    calls,
    commands: () =>
      calls().flatMap(({ argv }) => (argv[0] === "version" ? [] : [withoutPaths(argv)])),
  };
}

function callOf(line: string): Call {
  return JSON.parse(line) as Call;
}

/** What is the same in every command is checked once, and left out here. */
function withoutPaths(argv: readonly string[]): string[] {
  return argv.slice(0, argv.indexOf("--endpoint"));
}
