import type { EngineContext } from "../../engine/context.ts";
import { emit } from "../../engine/emit.ts";
import { Failure } from "../../protocol/failure.ts";
import type { Direction, Version } from "../../protocol/migration.ts";
import type { AdminSecret } from "../secrets/admin-secret.ts";
import { cliLines, reasonOf } from "./output.ts";
import { runBinary, type BinaryResult } from "./run-binary.ts";
import {
  isSecretRefused,
  classifyOutput,
  type CliOutput,
  type CliOutcome,
} from "./classify-output.ts";
import type { CopiedProject, Workspace } from "./workspace.ts";

/** What a run of the official CLI needs beside its arguments. */
export interface HasuraCliOptions {
  readonly binary: string;
  readonly endpoint: URL;
  readonly adminSecret: AdminSecret;
  /** Of our own environment what it gets to see: the path, certificates. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workspace: Workspace;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
  readonly engine: Pick<EngineContext, "sleep" | "remainingMs" | "emit">;
}

/**
 * One version, one direction: the only form of `migrate apply` that can never run more than was
 * planned (docs/internals/hasura-protocol.md, "Which migrations a command selects").
 */
export interface OneMigration {
  readonly project: CopiedProject;
  readonly version: Version;
  readonly direction: Direction;
  /** Changes the record alone. */
  readonly skipExecution?: boolean;
  readonly noTransaction?: boolean;
}

export interface HasuraCli {
  /** As the binary says it. Throws usage/engine-not-available. */
  version(): Promise<string>;
  apply(migration: OneMigration): Promise<CliOutcome>;
  /** The table that `migrate status` prints. Throws what `verdictOf` makes of a failure. */
  status(project: CopiedProject): Promise<string>;
}

/** No command that runs no migration takes longer. */
const shortMs = 60_000;
/** Of the time that is left kept for the end: to look what became of it, and to say so. */
const keptMs = 20_000;
const graceMs = 5000;
/** Of what one command says at most this many lines are handed on, and of each this much. */
const [mostLines, longestLine] = [50, 2000];

/** The official CLI, a process for each command. Its secret is in its environment alone; nothing else of ours is. */
export function hasuraCli(options: HasuraCliOptions): HasuraCli {
  const { workspace, adminSecret, engine } = options;
  const command = async (
    args: readonly string[],
    project: CopiedProject,
    most: number,
  ): Promise<Attempt> =>
    workspace.withProject(project, async (directory) => {
      const all = [...args, ...common(options.endpoint, directory, project)];
      const attempt = async (secret: string | undefined): Promise<Attempt> => {
        const ended = await run(
          all,
          directory,
          { ...(secret !== undefined && { HASURA_GRAPHQL_ADMIN_SECRET: secret }) },
          most,
          options,
        );
        await handOn(ended, engine);
        return { stdout: ended.stdout, verdict: classifyOutput(ended) };
      };
      const secret = await adminSecret.get();
      const first = await attempt(secret);
      if (!isSecretRefused(first.verdict)) return first;
      // As our own client does: it may have been rotated since, and nothing has run.
      const renewed = await adminSecret.renew();
      return renewed === secret ? first : attempt(renewed);
    });

  return {
    version: async () => {
      const ended = await run(
        ["version", "--skip-update-check"],
        workspace.home,
        {},
        shortMs,
        options,
      );
      if (ended.code !== 0) throw doesNotRun(options.binary, ended);
      return versionIn(options.redact(ended.stderr + ended.stdout));
    },
    apply: async ({
      project,
      version,
      direction,
      skipExecution = false,
      noTransaction = false,
    }) => {
      const args = ["migrate", "apply", "--version", version, "--type", direction];
      const flags = [
        ...(skipExecution ? ["--skip-execution"] : []),
        ...(noTransaction ? ["--no-transaction"] : []),
      ];
      const { verdict } = await command(
        [...args, ...flags],
        project,
        skipExecution ? shortMs : Infinity,
      );
      return verdict;
    },
    status: async (project) => {
      const { stdout, verdict } = await command(["migrate", "status"], project, shortMs);
      if (verdict.outcome === "failed" || verdict.outcome === "unknown") throw verdict.error;
      return stdout;
    },
  };
}

interface Attempt {
  readonly stdout: string;
  readonly verdict: CliOutcome;
}

type Output = BinaryResult & CliOutput;

function common(
  endpoint: URL,
  directory: string,
  { configVersion, database }: CopiedProject,
): string[] {
  return [
    ...(configVersion === 3 ? ["--database-name", database] : []),
    ...["--endpoint", endpoint.href.replace(/\/+$/, ""), "--project", directory],
    ...["--skip-update-check", "--disable-interactive", "--no-color"],
  ];
}

async function run(
  args: readonly string[],
  directory: string,
  secret: Record<string, string>,
  most: number,
  { binary, environment, workspace, redact, engine }: HasuraCliOptions,
): Promise<Output> {
  const left = engine.remainingMs();
  const kept = Math.min(keptMs, left / 3);
  const ended = await runBinary({
    binary,
    args,
    env: { ...environment, HOME: workspace.home, ...secret },
    directory,
    withinMs: Math.min(left - kept, most),
    graceMs: Math.min(graceMs, kept / 2),
    sleep: engine.sleep,
  });
  return {
    ...ended,
    lines: cliLines(ended.stderr).map((line) => ({ ...line, message: redact(line.message) })),
  };
}

/** What it says beside its result: warnings as such, the rest for those who look closely. */
async function handOn({ lines }: Output, engine: HasuraCliOptions["engine"]): Promise<void> {
  for (const { level, message } of lines.slice(-mostLines)) {
    const text = message.length <= longestLine ? message : `${message.slice(0, longestLine)} …`;
    await emit(engine, {
      type: "log",
      level: level === "warning" ? "warning" : "debug",
      code: "hasura-cli",
      message: text,
    });
  }
}

function versionIn(output: string): string {
  return (
    /"version":\s*"([^"]{1,50})"/.exec(output)?.[1] ??
    /v\d+\.\d+\.\d+\S{0,20}/.exec(output)?.[0] ??
    "of an unknown version"
  );
}

function doesNotRun(binary: string, ended: Output): Failure {
  const how = ended.stopped
    ? "does not end"
    : `ends with ${ended.signal ?? `exit code ${String(ended.code)}`}`;
  return new Failure(
    "usage",
    "engine-not-available",
    `The official Hasura CLI at ${binary} cannot be used: "hasura version" ${how}.`,
    {
      hints: [
        "check the image's HASURA_CLI_VERSION and its architecture",
        "or set HASURA_MIGRATE_ENGINE=native",
      ],
      cause: new Error(reasonOf(ended.lines).slice(0, longestLine)),
    },
  );
}
