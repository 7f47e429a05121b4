import { cleanText } from "../../clean-text.ts";
import type { EngineContext } from "../../engine/context.ts";
import { emit } from "../../engine/emit.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { withoutCredentials } from "../../metadata/diff/secrets.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { Direction, Version } from "../../protocol/migration.ts";
import type { StoredSecret } from "../secrets/stored-secret.ts";
import { cliLines, reasonOf } from "./output.ts";
import { runBinary, type BinaryResult } from "./run-binary.ts";
import {
  isSecretRefused,
  classifyOutput,
  type CliOutput,
  type CliOutcome,
} from "./classify-output.ts";
import { seedFile, type CopiedProject, type Workspace } from "./workspace.ts";

/** What a call of the official CLI needs besides its arguments. */
export interface HasuraCliOptions {
  readonly binary: string;
  readonly endpoint: URL;
  readonly adminSecret: StoredSecret;
  /** Its environment variables: the path, certificates. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workspace: Workspace;
  /** Removes secrets from a text. */
  readonly redact: (text: string) => string;
  readonly engine: Pick<EngineContext, "sleep" | "remainingMs" | "emit">;
}

/**
 * One version in one direction: the only form of `migrate apply` that never runs more than was
 * planned (docs/internals/hasura-protocol.md, "Which migrations a command selects").
 */
export interface OneMigration {
  readonly project: CopiedProject;
  readonly version: Version;
  readonly direction: Direction;
  /** Changes only the record. */
  readonly skipExecution?: boolean;
  readonly noTransaction?: boolean;
  /** Hides what the file keeps secret: the CLI repeats its SQL. */
  readonly mask?: Mask;
}

type Mask = (text: string) => string;
const unmasked: Mask = (text) => text;

export interface HasuraCli {
  /** As the binary reports it. Throws usage/engine-not-available. */
  version(): Promise<string>;
  apply(migration: OneMigration): Promise<CliOutcome>;
  /** The table that `migrate status` prints. Throws the error that `classifyOutput` finds. */
  status(project: CopiedProject): Promise<string>;
  /** Replaces the whole metadata, without a condition on its version. */
  applyMetadata(
    document: JsonMap,
    options: { readonly allowInconsistent: boolean },
  ): Promise<CliOutcome>;
  reloadMetadata(): Promise<CliOutcome>;
  /** Runs the seed of a project. `mask` hides what it keeps secret. */
  applySeed(project: CopiedProject, mask: Mask): Promise<CliOutcome>;
}

/** Bound on commands that do not run a migration. */
const shortMs = 60_000;
/** Kept of the remaining time: to read the record back and report. */
const keptMs = 20_000;
const graceMs = 5000;
/** Limits on the output of one command that is emitted. */
const [mostLines, longestLine] = [50, 2000];

/** The official CLI, one process for each command. The secret is passed only in its environment, which contains nothing else of ours. */
export function hasuraCli(options: HasuraCliOptions): HasuraCli {
  const { workspace } = options;
  const command = commandRunner(options);
  return {
    version: async () => {
      const ended = await run(
        ["version", "--skip-update-check"],
        workspace.home,
        {},
        shortMs,
        options,
      );
      if (ended.code !== 0) throw notUsable(options.binary, ended);
      return versionIn(options.redact(ended.stderr + ended.stdout));
    },
    apply: async ({
      project,
      version,
      direction,
      skipExecution = false,
      noTransaction = false,
      mask = unmasked,
    }) => {
      const args = ["migrate", "apply", "--version", version, "--type", direction];
      const flags = [
        ...(skipExecution ? ["--skip-execution"] : []),
        ...(noTransaction ? ["--no-transaction"] : []),
      ];
      const { outcome } = await command(
        [...args, ...flags],
        project,
        skipExecution ? shortMs : Infinity,
        mask,
      );
      return outcome;
    },
    status: async (project) => {
      const { stdout, outcome } = await command(["migrate", "status"], project, shortMs);
      if ("error" in outcome) throw outcome.error;
      return stdout;
    },
    applyMetadata: async (metadata, { allowInconsistent }) => {
      const flags = allowInconsistent ? [] : ["--disallow-inconsistent-metadata"];
      const project = { ...withoutFiles, metadata };
      const args = ["metadata", "apply", ...flags];
      return (await command(args, project, Infinity, withoutBody)).outcome;
    },
    reloadMetadata: async () =>
      (await command(["metadata", "reload"], withoutFiles, Infinity, withoutBody)).outcome,
    applySeed: async (project, mask) =>
      (await command(["seed", "apply", "--file", seedFile], project, Infinity, mask)).outcome,
  };
}

/** Hasura's error has the definitions of the objects that it is about, and those may contain secrets. */
const withoutBody: Mask = (text) => withoutCredentials(text.replace(/\{[^]*$/, "{…}"));

/** The project for commands about metadata, which belong to no database. */
const withoutFiles: CopiedProject = { configVersion: 3, database: undefined, files: [] };

type Command = (
  args: readonly string[],
  project: CopiedProject,
  withinMs: number,
  mask?: Mask,
) => Promise<Attempt>;

/** Runs a command on a copy of a project; once more with a renewed secret if Hasura refuses it. */
function commandRunner(options: HasuraCliOptions): Command {
  const { workspace, adminSecret, engine, endpoint } = options;
  return (args, project, withinMs, mask = unmasked) =>
    workspace.withProject(project, async (directory) => {
      const all = [...args, ...common(endpoint, directory, project)];
      const attempt = async (secret: string | undefined): Promise<Attempt> => {
        const variables = { ...(secret !== undefined && { HASURA_GRAPHQL_ADMIN_SECRET: secret }) };
        const ended = await run(all, directory, variables, withinMs, options);
        await emitOutput(ended, mask, engine);
        return { stdout: ended.stdout, outcome: classifyOutput(ended, mask) };
      };
      const secret = await adminSecret.get();
      const first = await attempt(secret);
      if (!isSecretRefused(first.outcome)) return first;
      // As in our own client: it may have been rotated, and nothing has run.
      const renewed = await adminSecret.renew();
      return renewed === secret ? first : attempt(renewed);
    });
}

interface Attempt {
  readonly stdout: string;
  readonly outcome: CliOutcome;
}

type Output = BinaryResult & CliOutput;

function common(
  endpoint: URL,
  directory: string,
  { configVersion, database }: CopiedProject,
): string[] {
  return [
    ...(configVersion === 3 && database !== undefined ? ["--database-name", database] : []),
    ...["--endpoint", endpoint.href.replace(/\/+$/, ""), "--project", directory],
    "--skip-update-check",
    // Only the commands about one database can ask a question.
    ...(database === undefined ? [] : ["--disable-interactive"]),
    "--no-color",
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

/** Emits the CLI's log: warnings as warnings, the rest for debugging. */
async function emitOutput(
  { lines }: Output,
  mask: Mask,
  engine: HasuraCliOptions["engine"],
): Promise<void> {
  for (const { level, message } of lines.slice(-mostLines)) {
    const shown = mask(message);
    const text = shown.length <= longestLine ? shown : `${cleanText(shown, longestLine)} …`;
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

function notUsable(binary: string, ended: Output): Failure {
  const how = ended.stopped
    ? "does not finish"
    : `exits with ${ended.signal ?? `code ${String(ended.code)}`}`;
  return new Failure(
    "usage",
    "engine-not-available",
    `The official Hasura CLI at ${binary} cannot be used: "hasura version" ${how}.`,
    {
      hints: [
        textHint("Check the image's HASURA_CLI_VERSION and its architecture."),
        textHint("Or set HASURA_MIGRATE_ENGINE=native."),
      ],
      cause: new Error(cleanText(reasonOf(ended.lines), longestLine)),
    },
  );
}
