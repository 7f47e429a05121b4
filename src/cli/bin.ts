#!/usr/bin/env node
import { packageVersion } from "../package-version.ts";
import { keepCompiled } from "./programs/compile-cache.ts";

/** Exits with one sentence. 2 means wrong usage, 70 a bug. */
function endWith(sentence: string, code: number): void {
  process.stderr.write(`✗ ${sentence}\n`, () => process.exit(code));
}

/** What is missing before the program can start; undefined if nothing is. */
function startProblem(): string | undefined {
  const { node } = process.versions;
  if (Number(node.split(".")[0]) < 20)
    return `hasura-migrate needs Node.js 20 or newer; this is ${node} (${process.execPath}).`;
  try {
    process.cwd();
    return undefined;
  } catch {
    return "The working directory no longer exists: change to another one.";
  }
}

async function start(): Promise<void> {
  keepCompiled(process.env);
  // Set before any AWS client is created: the SDK's warning about Node versions is for developers, not for users.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const [{ main }, { contextOf }] = await Promise.all([
    import("./main.ts"),
    import("./process-context.ts"),
  ]);
  const context = contextOf(process, packageVersion);
  const code = await main(context);
  const lost = context.outputLost();
  if (lost !== undefined) {
    endWith(`Part of the output could not be written (${lost}).`, code === 0 ? 2 : code);
    return;
  }
  // Flush both streams so that the reader of a pipe gets the last line; then exit, even if handles are still open.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

/** Tab was pressed: respond immediately, whatever is wrong. */
async function completeWords(args: readonly string[]): Promise<void> {
  const [{ complete }, { commandTree }, { homedir }] = await Promise.all([
    import("./completion/complete.ts"),
    import("./completion/command-tree.ts"),
    import("node:os"),
  ]);
  const { env } = process;
  const home = env["HOME"] || homedir();
  process.stdout.on("error", () => undefined);
  process.stdout.write(await complete(args, commandTree, { env, cwd: process.cwd(), home }));
}

const [first, ...others] = process.argv.slice(2);
const problem = startProblem();
if (problem !== undefined) endWith(problem, 2);
else if (others.length === 0 && (first === "--version" || first === "-V")) {
  // The reader has closed the pipe, so there is nobody to report to.
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== "EPIPE") endWith(`The version could not be written (${code ?? "no code"}).`, 2);
  });
  process.stdout.write(`${packageVersion}\n`);
} else if (first === "--complete") completeWords(others).catch(() => undefined);
else
  start().catch((thrown: unknown) =>
    endWith(
      `hasura-migrate could not start: ${thrown instanceof Error ? thrown.message : String(thrown)}. This is a bug.`,
      70,
    ),
  );
