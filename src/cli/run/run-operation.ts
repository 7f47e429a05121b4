import { v7 } from "uuid";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import type { Operation, OptionsOf } from "../../protocol/operations.ts";
import { changesSomething, Request, type Actor } from "../../protocol/request.ts";
import { contractVersion } from "../../protocol/version.ts";
import { loadConfig } from "../config/load.ts";
import { resolveTarget, type Target } from "../config/resolve-target.ts";
import { selectEnvironment } from "../config/select-environment.ts";
import type { Connection } from "../connection/connection.ts";
import { startLocalTarget } from "../connection/local.ts";
import { within } from "../connection/time-limit.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import { commandNames } from "../options/command-line.ts";
import type { TargetOptions } from "../options/schemas.ts";
import { checkTargetOptions } from "../options/target-options.ts";
import { createRenderer } from "../output/create-renderer.ts";
import { actorOf } from "./actor.ts";
import { askThenRun } from "./ask-then-run.ts";
import { consentOf, type Consent } from "./confirm.ts";
import { followRun, type FollowedRun } from "./follow-run.ts";
import { unlessAborted } from "./interrupts.ts";
import { RunPresenter } from "./run-presenter.ts";

/** Describes one operation to run. */
export interface OperationSpec<O extends Operation = Operation> {
  readonly operation: O;
  readonly options: OptionsOf<O>;
  /** What is done needs a yes, once its plan is shown; this is said where there is nobody to ask. `{env}` stands for the environment. */
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
  /** True if the environment's name has to be typed, not only a yes. */
  readonly protected: boolean;
  readonly consent: Consent;
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
  const presenter = new RunPresenter(context, renderer, {
    environment,
    operation,
    database: "database" in spec.options ? spec.options.database : undefined,
    lastLine: options.json !== true,
  });
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
  const isProtected = changes && (target?.protected ?? false);
  const consent = consentOf(context, {
    environment,
    protected: isProtected,
    ...(spec.question !== undefined &&
      !trusted && { question: spec.question.replace("{env}", environment) }),
    yes: options.yes,
    json: options.json,
  });
  return { environment, changes, target, protected: isProtected, consent };
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
  const local = await within(startLocalTarget(context, { ...options, reset: spec.reset }), {
    ms: longestLocalStartMs,
    every: context.every,
    late: localStartTimeout,
  });
  if (local.server !== undefined) presenter.fact(local.server);
  return aws.connectTo(local, context, presenter.notice);
}

/** Its parts have bounds of their own, such as a minute for the database server. */
const longestLocalStartMs = 180_000;

function localStartTimeout(): Failure {
  return new Failure(
    "unreachable",
    "local-start-timeout",
    `The local environment did not start within ${longestLocalStartMs / 1000} s; nothing was run.`,
    { hints: [retryHint({ with: ["--debug"], reason: "to see what it waits for" })] },
  );
}

async function watchRun(
  context: CommandContext,
  spec: OperationSpec,
  prepared: PreparedOperation,
  connecting: Promise<Connection>,
  presenter: RunPresenter,
): Promise<CommandResult> {
  const { environment, changes } = prepared;
  const [actor, connection] = await Promise.all([
    actorOf(context, changes),
    connected(connecting, environment, context.interrupts.first),
  ]);
  try {
    presenter.connected(connection.reached);
    presenter.waitingAfterSilence(`starting the function ${connection.reached.function} …`);
    const followed = await confirmedRun(context, spec, prepared, { actor, connection, presenter });
    const result = await resultOf(followed, spec, presenter);
    await presenter.closing(followed.closing, result);
    return result;
  } finally {
    await connection.close();
  }
}

async function resultOf(
  { closing, run }: FollowedRun,
  { checks }: OperationSpec,
  presenter: RunPresenter,
): Promise<CommandResult> {
  if (closing.type === "run.failed") return closing.failure.kind;
  if (closing.cancelled) return "interrupted";
  const differs = checks === true && (run.differs || (await presenter.lacksFiles()));
  return differs ? "differs" : "done";
}

interface Wiring {
  readonly actor: Actor;
  readonly connection: Connection;
  readonly presenter: RunPresenter;
}

/** Runs the operation; asks first, with its plan in view, where it is not confirmed yet. */
async function confirmedRun(
  context: CommandContext,
  spec: OperationSpec,
  { environment, protected: isProtected, changes, consent }: PreparedOperation,
  { actor, connection, presenter }: Wiring,
): Promise<FollowedRun> {
  const { operation } = spec;
  const send = (
    more: { readonly dryRun?: true; readonly confirm?: string; readonly expectedPlan?: string },
    onEvent: RunPresenter["event"],
  ): Promise<FollowedRun> => {
    const request = Request.parse({
      contract: contractVersion,
      runId: v7({ msecs: context.now() }),
      ...{ environment, actor, operation },
      options: { ...spec.options, ...more },
    });
    const { now, sleep, every, interrupts } = context;
    return followRun({
      ...{ connection, request, interrupts, now, sleep, every, onEvent },
      drained: () => context.out.drained(),
      changes: changes && more.dryRun !== true,
      notice: presenter.notice,
      waiting: presenter.waiting,
    });
  };
  if (consent.kind === "given") {
    const { name } = consent;
    return send({ ...(name !== undefined && changes && { confirm: name }) }, presenter.event);
  }
  return askThenRun({
    ...{ context, presenter, environment, operation, send },
    protected: isProtected,
    markAs: "as" in spec.options ? spec.options.as : undefined,
  });
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
