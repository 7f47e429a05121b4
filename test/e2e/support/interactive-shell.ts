import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { TestContext } from "vitest";
import * as z from "zod";
import { freshDirectory } from "../../support/postgres.ts";
import { bin } from "./cli.ts";

/** A shell in a terminal, in which `hasura-migrate` completes as installed and otherwise records its arguments. */
export interface InteractiveShell {
  /** Types the text, presses Tab, then Enter, and resolves to the arguments that the command line had by then. */
  argumentsAfterTab(text: string): Promise<string[]>;
}

interface ShellStart {
  /** `bash --norc -i` */
  readonly command: string;
  /** Loads the completion script from this file. */
  readonly source: (script: string) => string;
  /** Files of the home directory. */
  readonly files: Readonly<Record<string, string>>;
  readonly script: string;
}

/** Starts a shell with an empty home, in a pseudo-terminal of util-linux's `script`. It ends with the test. */
export async function interactiveShell(
  t: TestContext,
  { command, source, files, script }: ShellStart,
): Promise<InteractiveShell> {
  const home = await freshDirectory(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, ".."), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const log = join(home, "log");
  appendFileSync(log, "");
  const scriptFile = join(home, "completion-script");
  writeFileSync(scriptFile, script);
  const programs = recorder(home, log);
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    cwd: home,
    env: {
      PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}`,
      HOME: home,
      TERM: "xterm",
      LANG: "C.UTF-8",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (screen += text));
  t.onTestFinished(async () => {
    // Ctrl-U empties the line; Ctrl-C ends a program that still runs, and bash may drop what is typed right after it. A shell that
    // is killed may still write to its home.
    const closed = once(child, "close");
    for (let attempt = 0; child.exitCode === null; attempt += 1) {
      child.stdin.write(attempt % 2 === 0 ? "\u0015exit\r" : "\u0003");
      await Promise.race([closed, pause(500)]);
    }
  });
  const lines = (): string[] => readFileSync(log, "utf8").split("\n").slice(0, -1);
  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) {
      if (child.exitCode !== null) throw new Error(`the shell has ended:\n${screen}`);
      await pause(10);
    }
  };
  child.stdin.write(`${source(scriptFile)}\rhasura-migrate is-ready\r`);
  await until(() => lines().length > 0);
  return {
    argumentsAfterTab: async (text) => {
      const before = lines().length;
      child.stdin.write(`${text}\t`);
      await until(() => lines().length > before);
      child.stdin.write("\r");
      await until(() => lines().length > before + 1);
      return z.array(z.string()).parse(JSON.parse(lines().at(-1) ?? "[]"));
    },
  };
}

/** A directory with the program that is completed. A line of the log is a completion, or the arguments of a command. */
function recorder(home: string, log: string): string {
  const directory = join(home, "bin");
  mkdirSync(directory);
  const program = join(directory, "hasura-migrate");
  const record = `require("fs").appendFileSync(${JSON.stringify(log)}, JSON.stringify(process.argv.slice(1)) + "\\n")`;
  writeFileSync(
    program,
    `#!/bin/sh
[ "$1" != --complete ] || "${process.execPath}" "${bin}" "$@"
exec "${process.execPath}" -e '${record}' -- "$@"
`,
  );
  chmodSync(program, 0o755);
  return directory;
}
