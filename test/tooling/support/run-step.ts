import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { onTestFinished } from "vitest";
import { compositeAction, evaluate, type ActionStep } from "./actions.ts";

/** What a step of the action did. */
export interface RanStep {
  readonly code: number | null;
  /** The arguments of each call of the recording program, in order. */
  readonly calls: readonly (readonly string[])[];
  /** The directory of each call, below the one that the step ran in. */
  readonly directories: readonly string[];
  /** What the step wrote to `GITHUB_OUTPUT`. */
  readonly output: string;
  readonly stdout: string;
  /** HASURA_MIGRATE_CONFIG in the last call. */
  readonly config: string;
  /** The directory the step ran in. */
  readonly directory: string;
}

/** The version in the package.json of the action's checkout, as the steps see it. */
export const actionVersion = "7.8.9-rc.1";

/** A directory that is removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "hasura-migrate-tooling-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Makes a program that records its arguments; `then` is what its script does after that. */
export function recordingProgram(path: string, record: string, then = ""): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/bash\nprintf '%s\\0' "$#" "$@" >>'${record}'\n${then}\n`);
  chmodSync(path, 0o755);
}

/** The calls that a recording program recorded. */
export function recordedCalls(record: string): string[][] {
  if (!existsSync(record)) return [];
  const words = readFileSync(record, "utf8").split("\0").slice(0, -1);
  const calls: string[][] = [];
  while (words.length > 0) {
    const [count] = words.splice(0, 1);
    calls.push(words.splice(0, Number(count)));
  }
  return calls;
}

interface Circumstances {
  /** How the recording programs end, and what they print. */
  readonly exitCode?: number;
  readonly stdout?: string;
  /** Variables of the job. */
  readonly env?: Readonly<Record<string, string>>;
  /** Outputs of the steps before, such as `steps.check.outputs.several`. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Directories of the checkout. */
  readonly directories?: readonly string[];
}

/**
 * Runs the bash of one step of action.yml as a runner would (`bash --noprofile --norc -eo pipefail FILE`, the step's
 * environment evaluated from the inputs), with recording programs in place of `npx` and of docker/deploy.
 */
export function runStep(
  step: ActionStep,
  inputs: Readonly<Record<string, string>>,
  circumstances: Circumstances = {},
): RanStep {
  const directory = temporaryDirectory();
  const record = prepareCheckout(directory, circumstances);
  const script = join(directory, "script.sh");
  writeFileSync(script, step.run ?? "");
  const output = join(directory, "output");
  writeFileSync(output, "");
  const context = contextOf(directory, inputs, circumstances);
  const { status, stdout } = spawnSync(
    "bash",
    ["--noprofile", "--norc", "-eo", "pipefail", script],
    {
      cwd: directory,
      env: {
        PATH: `${join(directory, "bin")}:${process.env["PATH"] ?? ""}`,
        GITHUB_SHA: "4c6ea1a0",
        GITHUB_OUTPUT: output,
        TMPDIR: directory,
        ...Object.fromEntries(
          Object.entries(step.env).map(([name, text]) => [name, evaluate(text, context)]),
        ),
        ...circumstances.env,
      },
      encoding: "utf8",
    },
  );
  return {
    ...{ code: status, stdout, directory },
    calls: recordedCalls(record),
    directories: textOf(`${record}.pwd`)
      .split("\n")
      .filter((path) => path !== "")
      .map((path) => relative(realpathSync(directory), path)),
    config: textOf(`${record}.config`),
    output: textOf(output),
  };
}

/** Makes the recording programs and the directories of the checkout; returns the path of the record. */
function prepareCheckout(
  directory: string,
  { exitCode = 0, stdout = "", directories = [] }: Circumstances,
): string {
  for (const each of directories) mkdirSync(join(directory, each), { recursive: true });
  const record = join(directory, "record");
  const then = [
    `pwd >>'${record}.pwd'`,
    `printf %s "$HASURA_MIGRATE_CONFIG" >'${record}.config'`,
    `printf '%s\\n' '${stdout}'`,
    `exit ${String(exitCode)}`,
  ].join("\n");
  recordingProgram(join(directory, "bin/npx"), record, then);
  recordingProgram(join(directory, "action/docker/deploy"), record, then);
  writeFileSync(join(directory, "action/package.json"), `{ "version": "${actionVersion}" }`);
  return record;
}

/** What the expressions of the step can refer to. */
function contextOf(
  directory: string,
  inputs: Readonly<Record<string, string>>,
  { outputs }: Circumstances,
): Record<string, string> {
  const given = Object.entries(compositeAction.inputs).map(([name, input]) => [
    `inputs.${name}`,
    inputs[name] ?? input.default ?? "",
  ]);
  return {
    "github.action_path": join(directory, "action"),
    "steps.check.outputs.several": "false",
    ...outputs,
    ...(Object.fromEntries(given) as Record<string, string>),
  };
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
