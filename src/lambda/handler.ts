import type { Writable } from "node:stream";
import type { EngineContext } from "../engine/context.ts";
import type { CatalogState } from "../engine/hasura/client.ts";
import type { Project } from "../engine/project/project.ts";
import type { LedgerMemory } from "../engine/store/ledger/ledger-memory.ts";
import { uploadedProject } from "../engine/project/uploaded-project.ts";
import { inspectLedger } from "../engine/store/ledger/inspect.ts";
import { Failure, toFailureData } from "../protocol/failure.ts";
import { changesSomething, type Request } from "../protocol/request.ts";
import { acceptRequest, formsAcceptedBy, runIdOf, takesQueries } from "./accept-request.ts";
import type { StoredSecret } from "./secrets/stored-secret.ts";
import { assess } from "./assess.ts";
import { openStore, storeKind } from "./open-store.ts";
import { eventStream, type EventStream, type Every, type Soon } from "./event-stream.ts";
import { hasuraCliEngine, type HasuraCliContext } from "./hasura-cli/engine.ts";
import { hasuraOverHttp } from "./hasura/hasura-http.ts";
import type { LastContent } from "./hasura/last-content.ts";
import type { LambdaContext } from "./lambda-context.ts";
import { jsonLog, type Log } from "./log.ts";
import { isTooShort, shortestSecret, type Redactor } from "./secrets/redact.ts";
import type { Channels } from "./run-end/announce.ts";
import { observedFrom, pausedAfter, reportEnd, type ObservedRun } from "./run-end/end-of-run.ts";
import { factsAfter, type RunFacts } from "./run-end/run-facts.ts";
import { runStarted } from "./run-started.ts";
import type { Settings } from "./settings.ts";
import { acceptMetadata, acceptSeeds, acceptUpload, takesUploads } from "./upload/accept-upload.ts";
import { deadlineOf, lastMoment, timeIsShort } from "./deadline.ts";
import { logRequest } from "./request-log.ts";
import { quickVersion, shownVersion } from "./hasura-version.ts";
import { metadataOf, seedsOf, type Uploads } from "./project-sources.ts";

/** Everything the handler is given from outside, created once per process. */
export interface HandlerContext {
  /** The settings, or why they are invalid: reported to every caller instead of a crash at startup. */
  readonly settings: Settings | Failure;
  readonly adminSecret: StoredSecret;
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
  /** Where the ends of runs are announced. */
  readonly channels: Channels;
  /** The run that this process paused last, for the invocation that continues it. */
  readonly pausedRun: { current: ObservedRun | undefined };
  /** What this process has read before; absent if nothing is kept. */
  readonly kept?: {
    readonly ledgers: LedgerMemory;
    readonly catalogState: LastContent<CatalogState>;
  };
}

export interface Invocation {
  readonly event: unknown;
  readonly out: Writable;
  readonly context: LambdaContext;
}

/**
 * Serves one invocation: writes events, the last one a closing event, ends the stream, and then reports the end of a run. Resolves
 * to what the events of the run add up to, and never rejects: an error becomes `run.failed` (a bug: kind `bug`), because a function error would not contain anything useful to the caller.
 */
export async function handle(
  { event, out, context }: Invocation,
  handlerContext: HandlerContext,
): Promise<RunFacts> {
  const { settings, redact, now } = handlerContext;
  const runId = runIdOf(event);
  const about = { requestId: context.awsRequestId, ...(runId !== undefined && { runId }) };
  const observed = {
    run: observedFrom(handlerContext.pausedRun.current, runId ?? "", now()),
    accepted: undefined as Accepted | undefined,
  };
  const level = settings instanceof Failure ? "info" : settings.logLevel;
  const log = jsonLog({ write: handlerContext.writeLog, now, level, redact, about });
  const stream = eventStream({
    out,
    requestId: context.awsRequestId,
    accept: formsAcceptedBy(event),
    redact,
    log,
    now,
    every: handlerContext.every,
    soon: handlerContext.soon,
    remainingMs: deadlineOf(context).remainingMs,
    observe: (seen) => {
      observed.run = { ...observed.run, facts: factsAfter(observed.run.facts, seen) };
    },
  });
  try {
    if (settings instanceof Failure) throw settings;
    const request = acceptRequest(event, settings, context.invokedFunctionArn);
    const uploads = acceptedUploads(request, settings);
    if (changesSomething(request)) observed.accepted = { request, settings };
    logRequest(request, uploads, context, log);
    await serve({ request, settings, ...uploads }, context, stream, handlerContext);
    if (!stream.closed) throw new Error("the engine ended without a closing event");
  } catch (thrown) {
    if (!(thrown instanceof Failure))
      log.warning("a bug in hasura-migrate", {
        stack: thrown instanceof Error ? thrown.stack : String(thrown),
      });
    await stream.emit({
      type: "run.failed",
      applied: stream.applied,
      notReached: 0,
      tookMs: 0,
      failure: toFailureData(thrown),
    });
  } finally {
    await stream.end();
  }
  if (observed.accepted !== undefined)
    await afterRun(observed.accepted, observed.run, { context, log, handlerContext });
  return observed.run.facts;
}

interface Accepted extends Uploads {
  readonly request: Request;
  readonly settings: Settings;
}

function acceptedUploads(request: Request, settings: Settings): Uploads {
  const upload = acceptUpload(request, settings);
  const metadata = acceptMetadata(request, settings);
  const seeds = acceptSeeds(request, settings);
  return { ...(upload && { upload }), ...(metadata && { metadata }), ...(seeds && { seeds }) };
}

/** What is done when the caller has its answer; it can fail without consequence. */
async function afterRun(
  { request, settings }: Accepted,
  run: ObservedRun,
  {
    context,
    log,
    handlerContext,
  }: {
    readonly context: LambdaContext;
    readonly log: Log;
    readonly handlerContext: HandlerContext;
  },
): Promise<void> {
  const { channels, redact, now, writeLog, pausedRun } = handlerContext;
  pausedRun.current = pausedAfter(run, pausedRun.current);
  try {
    await reportEnd(request, run, {
      settings,
      context,
      channels,
      redact: redact.text,
      now,
      log,
      writeLog,
    });
  } catch (thrown) {
    log.warning("the end of the run could not be reported", { error: String(thrown) });
  }
}

/** Runs a request: emits `run.started`, then executes. */
async function serve(
  { request, settings, upload, metadata, seeds }: Accepted,
  context: LambdaContext,
  stream: EventStream,
  handlerContext: HandlerContext,
): Promise<void> {
  const { adminSecret, redact, now, sleep, random, kept } = handlerContext;
  const execute = executeWith(settings, handlerContext);
  const uploaded = upload ?? metadata ?? seeds;
  const deadline = deadlineOf(context);
  const stop = new AbortController();
  const over = new AbortController();
  const hasura = hasuraOverHttp({
    endpoint: settings.endpoint,
    adminSecret: warningOfShort(adminSecret.get, stream),
    renewAdminSecret: adminSecret.renew,
    redact: redact.text,
    remainingMs: deadline.remainingMs,
    ...(kept && { lastState: kept.catalogState }),
  });
  try {
    const late = timeIsShort(context, deadline, over.signal, sleep);
    void late.then(() => {
      if (!over.signal.aborted) stop.abort("deadline");
    });
    const version = await shownVersion(request, () => quickVersion(hasura, sleep, over.signal));
    await stream.emit(
      runStarted({
        request,
        settings,
        context,
        at: now(),
        ...(version !== undefined && { hasuraVersion: version }),
        ...(uploaded && { upload: uploaded }),
      }),
    );
    const image = (): Promise<Project> => handlerContext.readProject(settings);
    const running = execute(request, {
      hasura,
      project: upload ? () => uploadedProject(image, upload) : image,
      projectMetadata: metadataOf(image, metadata, stream),
      projectSeeds: seedsOf(image, seeds),
      ...{ takesUploads: takesUploads(settings), assess },
      openStore: openStore(settings, {
        ...{ requestId: context.awsRequestId, redact: redact.text, from: uploaded?.from },
        memory: kept?.ledgers,
      }),
      ...{ now, sleep, random },
      emit: (event) => stream.emit(event),
      stop: stop.signal,
      remainingMs: deadline.remainingMs,
      ...settingParts(settings, context.awsRequestId),
    });
    const outOfTime = context.ending === undefined ? Promise.resolve() : late;
    await Promise.race([running, outOfTime.then(() => lastMoment(deadline, over.signal, sleep))]);
  } finally {
    over.abort();
    hasura.close();
  }
}

/** What the settings allow, and the parts that need a ledger, if there is one. */
function settingParts(
  settings: Settings,
  requestId: string,
): Pick<
  EngineContext,
  "protected" | "secondTry" | "takesQueries" | "inspectLedger" | "queryRecord"
> {
  const { protected: isProtected, secondTry } = settings;
  const allowed = { protected: isProtected, secondTry, takesQueries: takesQueries(settings) };
  if (storeKind(settings) !== "ledger") return allowed;
  const { commit } = settings.image;
  const queryRecord = { requestId, ...(commit !== undefined && { imageCommit: commit }) };
  return { ...allowed, inspectLedger, queryRecord };
}

/** Warns once in a run of a secret that cannot be redacted. */
function warningOfShort(get: StoredSecret["get"], stream: EventStream): StoredSecret["get"] {
  const state = { warned: false };
  return async () => {
    const secret = await get();
    if (secret === undefined || state.warned || !isTooShort(secret)) return secret;
    state.warned = true;
    await stream.emit({
      type: "log",
      level: "warning",
      code: "admin-secret-too-short",
      message: `Hasura's admin secret has fewer than ${String(shortestSecret)} characters, so it cannot be redacted from messages and logs: use a long random one.`,
    });
    return secret;
  };
}

/** The engine from the settings. Throws usage/engine-not-available if the image does not contain it. */
function executeWith(
  { engine, endpoint }: Settings,
  { execute, hasuraCli, adminSecret, redact }: HandlerContext,
): HandlerContext["execute"] {
  return engine === "native"
    ? execute
    : hasuraCliEngine({
        machine: hasuraCli,
        endpoint,
        adminSecret,
        redact: (text) => redact.text(text),
        execute,
      });
}
