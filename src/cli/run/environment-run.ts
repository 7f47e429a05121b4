import { Failure } from "../../protocol/failure.ts";
import type { RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import {
  operations,
  takesMetadata,
  takesSeeds,
  type Operation,
  type OptionsOf,
} from "../../protocol/operations.ts";
import { rehearsalRefused } from "../../protocol/rehearsal-refused.ts";
import { changesSomething } from "../../protocol/request.ts";
import type { LoadedConfig } from "../config/load.ts";
import { resolveTarget, type Target } from "../config/resolve-target.ts";
import type { ConnectOptions } from "../connection/aws/connect.ts";
import type { SharedCredentials } from "../connection/aws/shared-credentials.ts";
import type { Connection } from "../connection/connection.ts";
import { startLocalTarget } from "../connection/local.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { checkTargetOptions } from "../options/target-options.ts";
import type { Renderer, RenderOptions } from "../output/renderer.ts";
import { EnvironmentMetadata } from "../upload/environment-metadata.ts";
import { EnvironmentUpload, sourceFor } from "../upload/environment-upload.ts";
import { localDirectories, type LocalDirectories } from "../upload/local-directories.ts";
import { uploadDirectory } from "../upload/upload-directory.ts";
import type { ReadLocal } from "./compare-image.ts";
import { unlessAborted } from "./until-aborted.ts";
import { RunPresenter } from "./run-presenter.ts";

/** Describes one operation to run. */
export interface OperationSpec<O extends Operation = Operation> {
  readonly operation: O;
  readonly options: OptionsOf<O>;
  /** Asked before anything is changed, and printed where there is no terminal. `{env}` is replaced by the environment's name. */
  readonly question?: string;
  /** The question is not asked if the database is the embedded one. */
  readonly trustsEmbedded?: boolean;
  /** `--metadata` or `--no-metadata` of apply and plan; undefined if the configuration decides. */
  readonly deploysMetadata?: boolean | undefined;
  /** `status --check`: differences have their own exit code. */
  readonly checks?: boolean;
  /** `status` and `plan` on several environments: the report on all answers. */
  readonly report?: ReportOptions;
  /** `--run` of history and cancel: the only run that is asked about. */
  readonly run?: string | undefined;
  /** `history` without `--queries`: runs of `sql` are counted instead of listed. */
  readonly countsQueries?: boolean | undefined;
  /** `--full` of `metadata diff` and `metadata apply`. */
  readonly full?: boolean | undefined;
  /** `metadata export`: the answer is not shown, because the command itself uses it. */
  readonly answer?: AnswerUse;
  /** `sql --csv`. */
  readonly csv?: boolean | undefined;
  /** `local --reset`. */
  readonly reset?: boolean | undefined;
}

/** What a command does itself with the answer of a run. */
export interface AnswerUse {
  /** Receives every event. */
  readonly event: (event: RunEvent | UnknownEvent) => void;
  /** Called once the run has succeeded; resolves to how the command ends. Nothing else is written meanwhile. */
  readonly finish: (place: AnswerPlace) => Promise<CommandResult>;
}

export interface AnswerPlace {
  readonly environment: string;
  readonly notice: (line: string) => void;
}

/** A report on the answers of several environments. */
export type ReportOptions = {
  /** Print it as Markdown, and nothing else on stdout. */
  readonly markdown: boolean;
} & (
  | {
      /** The answers to `status` as one matrix of migrations by environments. */
      readonly kind: "matrix";
      /** Include rows that are the same everywhere. */
      readonly full: boolean;
      /** Write it as a web page, too: to a file, or with `-` to stdout, and nothing else there. */
      readonly html?: string | undefined;
      readonly database: string | undefined;
    }
  | {
      /** The answers to `plan`, side by side. */
      readonly kind: "plans";
      readonly selection: OptionsOf<"plan">;
    }
  | {
      /** The answers to `metadata diff`. */
      readonly kind: "diffs";
      /** `--full`. */
      readonly full: boolean;
    }
);

/** The output options, as renderers take them. */
export function outputOptions(
  { quiet = false, color, debug = false, json = false }: TargetOptions,
  { operation, run, csv, full, answer }: OperationSpec,
): Omit<RenderOptions, "environment"> & { readonly json: boolean } {
  // What is on stdout is the answer alone.
  return { operation, run, csv, full, quiet, color, debug, json: json && answer === undefined };
}

/** The presenter of one environment's run. `readLocal` reads the project in the working directory. */
export function presenterOf(
  context: CommandContext,
  renderer: Renderer,
  of: {
    readonly environment: string;
    readonly spec: OperationSpec;
    readonly options: TargetOptions;
    readonly readLocal: ReadLocal;
  },
): RunPresenter {
  const { environment, spec, options, readLocal } = of;
  return new RunPresenter(context, renderer, {
    environment,
    operation: spec.operation,
    database: "database" in spec.options ? spec.options.database : undefined,
    lastLine: options.json !== true,
    readLocal,
  });
}

/** Whether the project's metadata is deployed, too. `if-present`: only the configuration enables it, and the project may have none. */
export type DeploysMetadata = boolean | "if-present";

/** Everything decided about an environment before anything is contacted. */
export interface PreparedRun {
  readonly environment: string;
  /** True if the operation may change the database or the record of applied migrations. */
  readonly changes: boolean;
  /** Undefined for the embedded environment. */
  readonly target: Target | undefined;
  /** True if the environment's name has to be typed, not only a yes. */
  readonly protected: boolean;
  /** Asked before anything is changed, and printed where there is no terminal. */
  readonly question?: string;
  /** The database is the embedded one. */
  readonly trusted: boolean;
  /** Migrations or seeds in a local directory, which are used instead of those in the image. */
  readonly upload?: EnvironmentUpload;
  readonly deploysMetadata: DeploysMetadata;
  /** The metadata of a local directory, which is used instead of that in the image. */
  readonly metadata?: EnvironmentMetadata;
}

/**
 * Decides everything about one environment that needs no network: where its function is, what has to be confirmed, and where the
 * migrations come from. Throws usage failures.
 */
export function prepareRun(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  {
    environment,
    loaded,
    directories = localDirectories(context),
  }: {
    readonly environment: string;
    readonly loaded: LoadedConfig;
    /** Directories that several environments share. */
    readonly directories?: LocalDirectories;
  },
): PreparedRun {
  checkTargetOptions(environment, context.commandLine);
  const changes = changesSomething(spec);
  const target =
    environment === "local"
      ? undefined
      : resolveTarget(environment, loaded, options, spec.operation);
  const trusted = isEmbedded(environment, options);
  const question = questionOf(spec, environment, trusted);
  const uploaded = uploadDirectory(context, {
    ...{ operation: spec.operation, environment, from: options.from, image: options.image },
    configured: target?.source,
    changed: isForChangedFiles(spec),
    inTask: taskOf(spec, target) !== undefined,
  });
  const isDeployed = deploysMetadata(spec, target);
  return {
    environment,
    changes,
    target,
    deploysMetadata: isDeployed,
    protected: changes && (target?.protected ?? false),
    trusted,
    ...(question !== undefined && { question }),
    ...(uploaded !== undefined && uploadOf(spec, uploaded, { directories, isDeployed })),
  };
}

/** The ECS task in which the operation runs migrations; undefined if it runs none, or in the function. */
export function taskOf(
  request: Pick<OperationSpec, "operation"> & { readonly options: object },
  target: Target | undefined,
): Target["task"] {
  const { operation } = request;
  const runsMigrations = operations[operation].takesUploads && operation !== "mark";
  return changesSomething(request) && runsMigrations ? target?.task : undefined;
}

/** True for `--changed`, except in `reset-to`, where it concerns applied versions and also works with the image's files. */
function isForChangedFiles({ operation, options }: OperationSpec): boolean {
  return operation !== "reset-to" && "changed" in options && options.changed === true;
}

function isEmbedded(environment: string, { databaseUrl }: TargetOptions): boolean {
  return environment === "local" && databaseUrl === undefined;
}

/** What is sent of a local directory: its seeds, its metadata, its migrations, or the last two. */
function uploadOf(
  { operation, options }: OperationSpec,
  root: string,
  of: { readonly directories: LocalDirectories; readonly isDeployed: DeploysMetadata },
): Pick<PreparedRun, "upload" | "metadata"> {
  const read = of.directories;
  const database = "database" in options ? options.database : undefined;
  if (takesSeeds(operation)) {
    const files = "files" in options ? options.files : undefined;
    const again = "again" in options ? options.again : undefined;
    const purpose = { database, files, again };
    return {
      upload: new EnvironmentUpload("seeds", () => sourceFor(read.seeds(root), purpose)),
    };
  }
  const isOptional = of.isDeployed === "if-present";
  const metadata = new EnvironmentMetadata(() => read.metadata(root), { isOptional });
  if (takesMetadata(operation)) return { metadata };
  const versions = "versions" in options ? options.versions : undefined;
  const purpose = { operation, database, versions };
  return {
    upload: new EnvironmentUpload("upload", () => sourceFor(read.migrations(root), purpose)),
    ...(of.isDeployed !== false && { metadata }),
  };
}

function deploysMetadata(
  { operation, deploysMetadata: typed }: OperationSpec,
  target: Target | undefined,
): DeploysMetadata {
  if (operation !== "apply" && operation !== "plan") return false;
  return typed ?? (target?.metadata === true && "if-present");
}

function questionOf(
  { question, trustsEmbedded }: OperationSpec,
  environment: string,
  trusted: boolean,
): string | undefined {
  return trusted && trustsEmbedded === true ? undefined : question?.replace("{env}", environment);
}

/**
 * Connects to the function: through AWS, or to the embedded environment, which is started first. Throws
 * `interrupted/interrupted` if the user interrupts before, and `usage/rehearsal-refused` where the configuration protects the
 * environment.
 */
export async function connectRun(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  connecting: ConnectingRun,
): Promise<Connection> {
  const { prepared, presenter } = connecting;
  const { environment, target } = prepared;
  if (spec.operation === "rehearse" && target?.protected === true)
    throw rehearsalRefused(environment);
  const connection = await unlessInterrupted(
    startConnecting(context, options, spec, connecting),
    prepared,
    context.interrupts.first,
  );
  presenter.connected(connection.reached);
  if (spec.operation === "seed" && prepared.changes && target?.task !== undefined)
    presenter.notice(
      "! Seeds run in the function, not in an ECS task: each file has to finish within 15 minutes.",
    );
  return connection;
}

/** Receives the progress of connecting. */
export type ConnectionPresenter = Pick<
  RunPresenter,
  "notice" | "stopping" | "fact" | "waiting" | "waitingAfterSilence" | "pause" | "connected"
>;

/** A run that is being connected. */
export interface ConnectingRun {
  readonly prepared: PreparedRun;
  readonly presenter: ConnectionPresenter;
  /** Called after each step that succeeded, with what it found. */
  readonly onStep?: ConnectOptions["onStep"];
  /** Credentials that several environments share. */
  readonly credentials?: SharedCredentials | undefined;
}

async function startConnecting(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  { prepared: { environment, target }, presenter, credentials, onStep }: ConnectingRun,
): Promise<Connection> {
  // Before loading modules, which takes a while.
  presenter.waitingAfterSilence(
    target ? `getting credentials for ${environment} …` : "starting the local environment …",
  );
  const aws = await import("../connection/aws/connect.ts");
  if (target)
    return aws.connect(target, undisturbed(context, presenter), {
      notice: presenter.notice,
      shared: credentials,
      ...(onStep && { onStep }),
    });
  const local = await startLocalTarget(context, { ...options, reset: spec.reset });
  if (local.server !== undefined) presenter.fact(local.server);
  return aws.connectTo(local, context, presenter.notice);
}

/** The same context, but nothing else is written during a prompt or while another program has the terminal. */
function undisturbed(
  { keyboard, runProgram, ...context }: CommandContext,
  presenter: ConnectionPresenter,
): CommandContext {
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    const goOn = presenter.pause();
    try {
      return await work();
    } finally {
      goOn();
    }
  };
  return {
    ...context,
    keyboard: {
      ...keyboard,
      ask: (question) => alone(() => keyboard.ask(question)),
    },
    runProgram: (command, args) => alone(() => runProgram(command, args)),
  };
}

/** The connection, unless the user interrupts first. */
async function unlessInterrupted(
  connecting: Promise<Connection>,
  { environment }: PreparedRun,
  interrupted: AbortSignal,
): Promise<Connection> {
  // The embedded environment is awaited even then: what was started on this machine has to be stopped.
  const connection =
    environment === "local" ? await connecting : await unlessAborted(connecting, interrupted);
  if (connection && !interrupted.aborted) return connection;
  await connection?.close();
  throw new Failure("interrupted", "interrupted", "Interrupted; nothing was sent.");
}
