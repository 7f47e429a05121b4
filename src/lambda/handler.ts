import type { Writable } from "node:stream";
import type { EngineContext } from "../engine/context.ts";
import type { Project } from "../engine/project/project.ts";
import { Failure, toFailureData } from "../protocol/failure.ts";
import type { Request } from "../protocol/request.ts";
import { acceptRequest, runIdOf } from "./accept-request.ts";
import type { AdminSecret } from "./secrets/admin-secret.ts";
import { openStore } from "./open-store.ts";
import { eventStream, type EventStream, type Every, type Soon } from "./event-stream.ts";
import { hasuraCliEngine, type HasuraCliContext } from "./hasura-cli/engine.ts";
import { hasuraOverHttp, type HasuraOverHttp } from "./hasura/hasura-http.ts";
import { deadlineOf, type LambdaContext } from "./invocation.ts";
import { jsonLog, type Log } from "./log.ts";
import { qualifierOf } from "./permission.ts";
import type { Redactor } from "./secrets/redact.ts";
import { runStarted } from "./run-started.ts";
import type { Settings } from "./settings.ts";

/** Everything the handler has from outside, made once for a process. */
export interface HandlerContext {
  /** The settings, or the `Failure` that says what is wrong with them: told to each caller, never a crash at start. */
  readonly settings: Settings | Failure;
  readonly adminSecret: AdminSecret;
  readonly redact: Redactor;
  readonly readProject: (settings: Settings) => Promise<Project>;
  readonly execute: (request: Request, deps: EngineContext) => Promise<void>;
  /** For the engine `hasura-cli`. */
  readonly hasuraCli: HasuraCliContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: EngineContext["sleep"];
  readonly every: Every;
  readonly soon: Soon;
  readonly random: () => number;
  readonly writeLog: (line: string) => void;
}

export interface Invocation {
  readonly event: unknown;
  readonly out: Writable;
  readonly context: LambdaContext;
}

/**
 * Serves one invocation: request in, events out, always with a closing event and always with an end. Never rejects: what goes
 * wrong is a `run.failed` (a bug of ours: kind `bug`), since a function error would tell the caller nothing it can use.
 */
export async function handle(
  { event, out, context }: Invocation,
  world: HandlerContext,
): Promise<void> {
  const { settings, redact, now } = world;
  const runId = runIdOf(event);
  const about = { requestId: context.awsRequestId, ...(runId !== undefined && { runId }) };
  const level = settings instanceof Failure ? "info" : settings.logLevel;
  const log = jsonLog({ write: world.writeLog, now, level, redact, about });
  const stream = eventStream({
    out,
    requestId: context.awsRequestId,
    redact,
    log,
    now,
    every: world.every,
    soon: world.soon,
  });
  try {
    if (settings instanceof Failure) throw settings;
    const request = acceptRequest(event, settings, context.invokedFunctionArn);
    logRequest(request, context, log);
    await serve(request, settings, context, stream, world);
    if (!stream.closed) throw new Error("the engine ended without a closing event");
  } catch (thrown) {
    if (!(thrown instanceof Failure))
      log.warning("a bug in hasura-migrate", {
        stack: thrown instanceof Error ? thrown.stack : String(thrown),
      });
    await stream.emit({
      type: "run.failed",
      applied: 0,
      notReached: 0,
      tookMs: 0,
      failure: toFailureData(thrown),
    });
  } finally {
    await stream.end();
  }
}

/** One run: says at once that it started, then everything is the engine's. */
async function serve(
  request: Request,
  settings: Settings,
  context: LambdaContext,
  stream: EventStream,
  world: HandlerContext,
): Promise<void> {
  const { adminSecret, now, sleep, random } = world;
  const execute = engineOf(settings, world);
  const deadline = deadlineOf(context);
  const stop = new AbortController();
  const over = new AbortController();
  const hasura = hasuraOverHttp({
    endpoint: settings.endpoint,
    adminSecret: adminSecret.get,
    renewAdminSecret: adminSecret.renew,
  });
  try {
    stopAt(deadline.stopInMs, stop, over.signal, sleep);
    const version = await quickVersion(hasura, sleep, over.signal);
    await stream.emit(
      runStarted({
        request,
        settings,
        context,
        at: now(),
        ...(version !== undefined && { hasuraVersion: version }),
      }),
    );
    await execute(request, {
      hasura,
      project: () => world.readProject(settings),
      openStore: openStore(settings, context.awsRequestId),
      now,
      sleep,
      random,
      emit: (event) => stream.emit(event),
      stop: stop.signal,
      remainingMs: deadline.remainingMs,
      protected: settings.protected,
    });
  } finally {
    over.abort();
    hasura.close();
  }
}

/** How long `run.started` may wait for Hasura's version, which the first line of a run shows. */
const versionWithinMs = 1000;

/** Hasura's version if it answers soon; whoever needs Hasura afterwards finds out what is wrong with it. */
async function quickVersion(
  hasura: HasuraOverHttp,
  sleep: EngineContext["sleep"],
  over: AbortSignal,
): Promise<string | undefined> {
  const version = hasura.version().catch(() => undefined);
  return Promise.race([
    version,
    sleep(versionWithinMs, over).then(
      () => undefined,
      () => undefined,
    ),
  ]);
}

/** Asks the run to stop when its time is nearly over; the timer ends with the run. */
function stopAt(
  ms: number,
  stop: AbortController,
  over: AbortSignal,
  sleep: EngineContext["sleep"],
): void {
  sleep(ms, over).then(
    () => {
      if (!over.aborted) stop.abort("deadline");
    },
    () => undefined,
  );
}

function logRequest(
  { operation, environment, actor, options }: Request,
  { invokedFunctionArn }: LambdaContext,
  log: Log,
): void {
  log.info("request", {
    operation,
    environment,
    actor,
    options,
    qualifier: qualifierOf(invokedFunctionArn) ?? null,
  });
}

/** Throws usage/engine-not-available where the image does not hold what the settings name. */
function engineOf(
  { engine, endpoint }: Settings,
  { execute, hasuraCli, adminSecret, redact }: HandlerContext,
): HandlerContext["execute"] {
  return engine === "native"
    ? execute
    : hasuraCliEngine({
        world: hasuraCli,
        endpoint,
        adminSecret,
        redact: (text) => redact.text(text),
        execute,
      });
}
