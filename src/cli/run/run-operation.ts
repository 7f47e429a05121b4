import { v7 } from "uuid";
import { Failure } from "../../protocol/failure.ts";
import type { Operation, OptionsOf } from "../../protocol/operations.ts";
import { changesSomething, Request } from "../../protocol/request.ts";
import { contractVersion } from "../../protocol/version.ts";
import { loadConfig } from "../config/load.ts";
import { resolveTarget, type Target } from "../config/resolve-target.ts";
import { selectEnvironment } from "../config/select-environment.ts";
import type { Connection } from "../connection/connection.ts";
import { startLocalTarget } from "../connection/local.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import { commandNames } from "../options/command-line.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { checkTargetOptions } from "../options/target-options.ts";
import { createRenderer } from "../output/create-renderer.ts";
import { actorOf } from "./actor.ts";
import { confirm } from "./confirm.ts";
import { followRun } from "./follow-run.ts";
import { unlessAborted } from "./interrupts.ts";
import { RunPresenter } from "./run-presenter.ts";

/** Describes one operation to run. */
export interface OperationSpec<O extends Operation = Operation> {
  readonly operation: O;
  readonly options: OptionsOf<O>;
  /** Asked with y/N before anything happens; `{env}` stands for the environment. */
  readonly question?: string;
  /** The question is not asked if the database is the embedded one. */
  readonly trustsEmbedded?: boolean;
  /** `status --check`: differences have an exit code of their own. */
  readonly checks?: boolean;
  /** `history --run`: show this run in full. */
  readonly run?: string | undefined;
  /** `local --reset`. */
  readonly reset?: boolean | undefined;
}

/** What is decided before anything is contacted. */
interface PreparedOperation {
  readonly environment: string;
  /** True if the operation may change the database or the record of applied migrations. */
  readonly changes: boolean;
  /** Undefined for the embedded environment. */
  readonly target: Target | undefined;
  /** The environment's name, if the user typed it to confirm. */
  readonly confirmedName: string | undefined;
}

/**
 * Runs one operation on one environment, from its name to the command's result: configuration, confirmation, credentials,
 * run, output. Throws usage failures that are known before a renderer was chosen; later ones are shown and returned.
 */
export async function runOperation<O extends Operation>(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec<O>,
): Promise<CommandResult> {
  const prepared = await prepare(context, options, spec);
  const { environment } = prepared;
  const { operation } = spec;
  const renderer = await createRenderer(context, {
    environment,
    operation,
    run: spec.run,
    quiet: options.quiet ?? false,
    color: options.color,
    debug: options.debug ?? false,
    json: options.json ?? false,
  });
  const presenter = new RunPresenter(context, renderer, { environment, operation });
  try {
    const connecting = connect(context, options, spec, prepared, presenter);
    return await watchRun(context, spec, prepared, connecting, presenter);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    await presenter.failed(thrown);
    return thrown.kind;
  } finally {
    await presenter.close();
  }
}

async function prepare(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
): Promise<PreparedOperation> {
  const changes = changesSomething(spec);
  const loaded = await loadConfig(context, options.config);
  const environment = selectEnvironment(options.environments, loaded, {
    operation: spec.operation,
    commandTyped: context.commandLine.commandTyped,
    commandNames: commandNames(context.commandLine),
  });
  checkTargetOptions(environment, context.commandLine);
  const target =
    environment === "local"
      ? undefined
      : resolveTarget(environment, loaded, options, spec.operation);
  const trusted =
    spec.trustsEmbedded === true && environment === "local" && options.databaseUrl === undefined;
  const confirmedName = await confirm(context, {
    environment,
    protected: changes && (target?.protected ?? false),
    ...(spec.question !== undefined &&
      !trusted && { question: spec.question.replace("{env}", environment) }),
    yes: options.yes,
    json: options.json,
  });
  return { environment, changes, target, confirmedName };
}

/** Connects to the function: through AWS, or to the embedded environment, which is started first. */
async function connect(
  context: CommandContext,
  options: TargetOptions,
  spec: OperationSpec,
  { environment, target }: PreparedOperation,
  presenter: RunPresenter,
): Promise<Connection> {
  const aws = await import("../connection/aws/connect.ts");
  if (target) {
    presenter.waitingAfterSilence(`getting credentials for ${environment} …`);
    return aws.connect(target, context, presenter.notice);
  }
  presenter.waitingAfterSilence("starting the local environment …");
  const local = await startLocalTarget(context, { ...options, reset: spec.reset });
  if (local.server !== undefined) presenter.fact(local.server);
  return aws.connectTo(local, context, presenter.notice);
}

async function watchRun(
  context: CommandContext,
  spec: OperationSpec,
  { environment, changes, confirmedName }: PreparedOperation,
  connecting: Promise<Connection>,
  presenter: RunPresenter,
): Promise<CommandResult> {
  const [actor, connection] = await Promise.all([
    actorOf(context, changes),
    connected(connecting, environment, context.interrupts.first),
  ]);
  try {
    presenter.connected(connection.reached);
    presenter.waitingAfterSilence(`starting the function ${connection.reached.function} …`);
    const request = Request.parse({
      contract: contractVersion,
      runId: v7({ msecs: context.now() }),
      environment,
      actor,
      operation: spec.operation,
      options: {
        ...spec.options,
        ...(confirmedName !== undefined && changes && { confirm: confirmedName }),
      },
    });
    const { now, sleep, interrupts } = context;
    const { closing, run } = await followRun({
      ...{ connection, request, interrupts, now, sleep, changes },
      onEvent: presenter.event,
      notice: presenter.notice,
      waiting: presenter.waiting,
    });
    await presenter.closing(closing);
    if (closing.type === "run.failed") return closing.failure.kind;
    if (closing.cancelled) return "interrupted";
    return spec.checks && run.differs ? "differs" : "done";
  } finally {
    await connection.close();
  }
}

/** The connection, unless the user interrupts first. */
async function connected(
  connecting: Promise<Connection>,
  environment: string,
  interrupted: AbortSignal,
): Promise<Connection> {
  // The embedded environment is waited for even then: what was started on this machine has to be stopped.
  const connection =
    environment === "local" ? await connecting : await unlessAborted(connecting, interrupted);
  if (connection && !interrupted.aborted) return connection;
  await connection?.close();
  throw new Failure("interrupted", "interrupted", "Interrupted; nothing was sent.");
}
