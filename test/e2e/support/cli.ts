import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { TestContext } from "vitest";
import * as z from "zod";
import { RunEvent } from "../../../src/protocol/events.ts";
import { freshDirectory } from "../../support/postgres.ts";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The program as users get it: what `npm run build` made, which `npm test` runs first. */
export const bin = join(root, "dist/bin.js");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly cwd?: string;
  /** On top of PATH, HOME and credentials of no account. */
  readonly env?: Record<string, string>;
  /** Another entry than the built one. */
  readonly program?: string;
}

/** A running command: its texts so far, and the moment it ends. */
export interface Running extends Ran {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ran>;
  /** Resolves when stdout matches; rejects when the command ends first. */
  shows(pattern: RegExp): Promise<void>;
}

/** Every test's commands are of one user, who finds the access key of what `local --serve` started. */
const stateHome = mkdtempSync(join(tmpdir(), "hasura-migrate-state-"));
process.once("exit", () => rmSync(stateHome, { recursive: true, force: true }));

/** A machine of its own for one test: an empty HOME, no AWS files, and no more of this process's environment than PATH. */
export async function environmentOf(
  t: TestContext,
  more: Record<string, string> = {},
): Promise<Record<string, string>> {
  const home = await freshDirectory(t);
  const keys = {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "eu-west-1",
  };
  return {
    ...{ PATH: process.env["PATH"] ?? "", HOME: home, XDG_STATE_HOME: stateHome },
    ...keys,
    ...more,
  };
}

/** Starts `hasura-migrate` with these arguments. Ended with the test at the latest. */
export async function start(
  t: TestContext,
  argv: readonly string[],
  { cwd, env, program = bin }: Options = {},
): Promise<Running> {
  const environment = await environmentOf(t, env);
  const directory = cwd ?? environment["HOME"] ?? "/";
  const child = spawn(process.execPath, [program, ...argv], {
    cwd: directory,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const running = { code: null as number | null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (running.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (running.stderr += text));
  const ended = once(child, "close").then(([code]) => {
    running.code = z.number().nullable().parse(code);
    return running;
  });
  t.onTestFinished(async () => {
    if (running.code === null) child.kill("SIGTERM");
    await ended;
  });
  return Object.assign(running, {
    child,
    ended,
    shows: (pattern: RegExp) => shown(child.stdout, running, ended, pattern),
  });
}

/** Runs `hasura-migrate` to its end. */
export async function run(
  t: TestContext,
  argv: readonly string[],
  options: Options = {},
): Promise<Ran> {
  const { ended } = await start(t, argv, options);
  return ended;
}

/** The events of a command's `--json` output; anything else on stdout fails. */
export function eventsOf({ stdout }: Ran): RunEvent[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => RunEvent.parse(JSON.parse(line)));
}

async function shown(
  stream: Readable,
  running: Ran,
  ended: Promise<Ran>,
  pattern: RegExp,
): Promise<void> {
  const over = ended.then(({ code, stderr }) => {
    if (!pattern.test(running.stdout))
      throw new Error(
        `ended with ${String(code)} before it showed ${String(pattern)}:\n${running.stdout}${stderr}`,
      );
  });
  over.catch(() => undefined);
  while (!pattern.test(running.stdout)) await Promise.race([once(stream, "data"), over]);
}
