import { noMetadata } from "../../engine/project/no-metadata.ts";
import type { Actor } from "../../protocol/request.ts";
import { refusesRisks } from "../../protocol/operations.ts";
import type { UploadEnvelope } from "../../protocol/upload.ts";
import type { Connection } from "../connection/connection.ts";
import type { CommandResult } from "../command-result.ts";
import type { CommandContext } from "../context.ts";
import { refuseTooLargeTogether } from "../../protocol/upload-failures.ts";
import { askInventory } from "../upload/ask-inventory.ts";
import type { EnvironmentMetadata } from "../upload/environment-metadata.ts";
import { sendUpload } from "../upload/send-upload.ts";
import { actorIn } from "./actor.ts";
import { askThenRun } from "./ask-then-run.ts";
import type { Consent } from "./confirm.ts";
import { followRun, type FollowedRun } from "./follow-run.ts";
import { newRequest } from "./new-request.ts";
import { checkRunFound } from "./run-failures.ts";
import type { RunPresenter } from "./run-presenter.ts";
import {
  taskOf,
  type ConnectionPresenter,
  type OperationSpec,
  type PreparedRun,
} from "./environment-run.ts";

/** A run that is ready to be sent. */
export interface ReadyRun {
  readonly prepared: PreparedRun;
  readonly presenter: RunPresenter;
  readonly connection: Connection;
  readonly actor: Actor;
}

/** Runs the operation on one environment, shows its end, and resolves to how the command ends for it. */
export async function performRun(
  context: CommandContext,
  spec: OperationSpec,
  ready: ReadyRun,
  consent: Consent,
): Promise<CommandResult> {
  const { presenter, connection } = ready;
  presenter.waitingAfterSilence(`starting the function ${connection.reached.function} …`);
  const followed = await confirmedRun(context, spec, ready, consent);
  const ended = await resultOf(followed, spec, presenter);
  const result = ended === "done" && spec.answer ? await used(spec.answer, ready) : ended;
  await presenter.closing(followed.closing, result);
  return result;
}

/** What the command does with the answer, while nothing else is written. */
async function used(
  answer: NonNullable<OperationSpec["answer"]>,
  { prepared: { environment }, presenter }: ReadyRun,
): Promise<CommandResult> {
  const notices: string[] = [];
  const goOn = presenter.pause();
  try {
    return await answer.finish({ environment, notice: (line) => void notices.push(line) });
  } finally {
    goOn();
    for (const line of notices) presenter.notice(line);
  }
}

/** How the command ends for a run that has ended. Throws if `--run` names a run that does not exist. */
export async function resultOf(
  { closing, run }: FollowedRun,
  { checks }: OperationSpec,
  presenter: RunPresenter,
): Promise<CommandResult> {
  if (closing.type === "run.failed") return closing.failure.kind;
  checkRunFound(run);
  if (closing.cancelled) return "interrupted";
  if (checks !== true) return "done";
  const { missing, failed } = await presenter.compared();
  // Without this answer, `--check` would pass although the image may lack files.
  if (failed !== undefined) return failed;
  return run.differs || missing !== undefined ? "differs" : "done";
}

/** Options of one request, in addition to the operation's own. */
export interface SentOptions {
  readonly dryRun?: true;
  readonly confirm?: string;
  readonly expectedPlan?: string;
}

/** The parts of a run needed to send a request. */
export interface SendableRun extends Omit<ReadyRun, "presenter"> {
  readonly presenter: ConnectionPresenter;
}

/** Sends one request, with what is uploaded from a directory, and follows it to its end. */
export async function sendRun(
  context: CommandContext,
  spec: OperationSpec,
  run: SendableRun,
  more: SentOptions,
  show: RunPresenter["event"],
): Promise<FollowedRun> {
  const { prepared, presenter, connection, actor } = run;
  const onEvent: RunPresenter["event"] = (event) => {
    spec.answer?.event(event);
    show(event);
  };
  const { environment, upload, metadata } = prepared;
  if (metadata && !upload) return sendMetadata(context, spec, run, { more, onEvent, metadata });
  if (!upload) return sendRequest(context, spec, run, { more, onEvent });
  const { operation } = spec;
  const database = "database" in spec.options ? spec.options.database : undefined;
  const { part } = upload;
  const asked = {
    environment,
    actor,
    operation,
    database,
    ...(part === "seeds" && { seeds: true }),
  };
  const notice = (sentence: string): void => presenter.notice(`! ${sentence}`);
  const local = await metadata?.make(notice);
  const deployed = {
    ...run,
    prepared: { ...prepared, deploysMetadata: local ? prepared.deploysMetadata : false },
  };
  const placed = local?.withPlaces ?? ((event) => event);
  const followed = await sendUpload({
    make: (again) =>
      upload.make({
        again,
        ask: () => askInventory(connection, asked, context),
        notice,
      }),
    send: ({ envelope, from }, onShown) => {
      if (local) refuseTooLargeTogether(envelope, local.envelope);
      return sendRequest(
        context,
        spec,
        // The recorded working copy is that of the uploaded directory.
        { ...deployed, actor: actorIn(from, actor) },
        { more, onEvent: onShown, [part]: envelope, ...(local && { metadata: local.envelope }) },
      );
    },
    onEvent: (event) => onEvent(placed(event)),
  });
  return { ...followed, closing: placed(followed.closing) };
}

/** Sends one request with the metadata of a directory, and adds the places in its files to the answer. */
async function sendMetadata(
  context: CommandContext,
  spec: OperationSpec,
  run: SendableRun,
  {
    more,
    onEvent,
    metadata,
  }: {
    readonly more: SentOptions;
    readonly onEvent: RunPresenter["event"];
    readonly metadata: EnvironmentMetadata;
  },
): Promise<FollowedRun> {
  const local = await metadata.make((sentence) => run.presenter.notice(`! ${sentence}`));
  if (local === undefined) throw noMetadata();
  const { envelope, from, withPlaces } = local;
  const followed = await sendRequest(
    context,
    spec,
    { ...run, actor: actorIn(from, run.actor) },
    { more, onEvent: (event) => onEvent(withPlaces(event)), metadata: envelope },
  );
  return { ...followed, closing: withPlaces(followed.closing) };
}

async function sendRequest(
  context: CommandContext,
  spec: OperationSpec,
  {
    prepared: { environment, changes, target, deploysMetadata },
    presenter,
    connection,
    actor,
  }: SendableRun,
  {
    more,
    onEvent,
    ...uploads
  }: {
    readonly more: SentOptions;
    readonly onEvent: RunPresenter["event"];
    readonly upload?: UploadEnvelope;
    readonly metadata?: UploadEnvelope;
    readonly seeds?: UploadEnvelope;
  },
): Promise<FollowedRun> {
  const { operation, countsQueries } = spec;
  // The function checks its own setting; it does not know the client's configuration.
  const isGuarded = target?.protected === true && refusesRisks(operation);
  const options = {
    ...spec.options,
    ...more,
    ...(isGuarded && { refuseRisks: true }),
    ...(deploysMetadata !== false && { metadata: deploysMetadata }),
  };
  const request = newRequest(
    { environment, actor, operation, options, ...uploads, countsQueries },
    context.now(),
  );
  const { now, sleep, every, interrupts } = context;
  const { notice, stopping, waiting } = presenter;
  const task = taskOf({ operation, options }, target);
  const inTask = task && (await import("./task/run-in-task.ts")).runInTask;
  return followRun({
    ...{ connection, request, interrupts, now, sleep, every, onEvent, notice, stopping, waiting },
    ...(task && {
      startRun: inTask?.(task, { connection, notice, waiting, now, sleep, every }),
    }),
    drained: () => context.out.drained(),
    changes: changes && more.dryRun !== true,
  });
}

/** Runs the operation; if it is not confirmed yet, shows its plan and asks first. */
async function confirmedRun(
  context: CommandContext,
  spec: OperationSpec,
  ready: ReadyRun,
  consent: Consent,
): Promise<FollowedRun> {
  const { prepared, presenter } = ready;
  if (consent.kind === "given") {
    const followed = await sendConfirmed(context, spec, ready, consent);
    if (consent.asksAboutLoss !== true || !isUnconfirmedLoss(followed)) return followed;
  }
  return askThenRun({
    ...{ context, presenter, operation: spec.operation },
    environment: prepared.environment,
    protected: prepared.protected,
    markAs: "as" in spec.options ? spec.options.as : undefined,
    send: (more, onEvent) => sendRun(context, spec, ready, more, onEvent),
  });
}

function sendConfirmed(
  context: CommandContext,
  spec: OperationSpec,
  ready: ReadyRun,
  { name, yes, expectedPlan }: Extract<Consent, { kind: "given" }>,
): Promise<FollowedRun> {
  const confirmed = {
    ...(name !== undefined && ready.prepared.changes && { confirm: name }),
    ...(yes && spec.operation === "apply" && { yes }),
    ...(expectedPlan !== undefined && { expectedPlan }),
  };
  return sendRun(context, spec, ready, confirmed, ready.presenter.event);
}

/** True for a run that was refused because nobody has confirmed that it loses data. */
export function isUnconfirmedLoss({ closing }: FollowedRun): boolean {
  return (
    closing.type === "run.failed" && closing.failure.code === "data-loss" && closing.applied === 0
  );
}
