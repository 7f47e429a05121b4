import type { Writable } from "node:stream";
import type { EngineContext } from "../engine/context.ts";
import type { CatalogState } from "../engine/hasura/client.ts";
import type { Project } from "../engine/project/project.ts";
import type { LedgerMemory } from "../engine/store/ledger/ledger-memory.ts";
import { uploadedProject } from "../engine/project/uploaded-project.ts";
import { uploadedMetadata } from "../metadata/document/metadata-document.ts";
import { inspectLedger } from "../engine/store/ledger/inspect.ts";
import { problemText } from "../metadata/problem.ts";
import { Failure, toFailureData } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import { changesSomething, type Request } from "../protocol/request.ts";
import type { MetadataUpload } from "../protocol/metadata-upload.ts";
import type { SeedUpload } from "../protocol/seed-upload.ts";
import type { UploadDocument } from "../protocol/upload.ts";
import { statementHash } from "../engine/query/statement-hash.ts";
import { acceptRequest, formsAcceptedBy, runIdOf, takesQueries } from "./accept-request.ts";
import type { StoredSecret } from "./secrets/stored-secret.ts";
import { assess } from "./assess.ts";
import { openStore, storeKind } from "./open-store.ts";
import { eventStream, type EventStream, type Every, type Soon } from "./event-stream.ts";
import { hasuraCliEngine, type HasuraCliContext } from "./hasura-cli/engine.ts";
import { hasuraOverHttp, type HasuraOverHttp } from "./hasura/hasura-http.ts";
import type { LastContent } from "./hasura/last-content.ts";
import { deadlineOf, type Deadline, type LambdaContext } from "./invocation.ts";
import { jsonLog, type Log } from "./log.ts";
import { qualifierOf } from "./permission.ts";
import { isTooShort, shortestSecret, type Redactor } from "./secrets/redact.ts";
import type { Channels } from "./run-end/announce.ts";
import { observedFrom, pausedAfter, reportEnd, type ObservedRun } from "./run-end/end-of-run.ts";
import { factsAfter, type RunFacts } from "./run-end/run-facts.ts";
import { runStarted } from "./run-started.ts";
import type { Settings } from "./settings.ts";
import { acceptMetadata, acceptSeeds, acceptUpload, takesUploads } from "./upload/accept-upload.ts";

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

interface Uploads {
  readonly upload?: UploadDocument;
  readonly metadata?: MetadataUpload;
  readonly seeds?: SeedUpload;
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

/**
 * The metadata that came with the request, whose warnings the client has shown, or that of the image. Its reader is loaded on first use.
 */
function metadataOf(
  image: () => Promise<Project>,
  uploaded: MetadataUpload | undefined,
  stream: EventStream,
): NonNullable<EngineContext["projectMetadata"]> {
  if (uploaded !== undefined) return async () => uploadedMetadata(uploaded);
  return async () => {
    const { projectMetadata } = await import("../engine/project/project-metadata.ts");
    const { document, warnings } = await projectMetadata(await image());
    for (const problem of warnings)
      await stream.emit({
        ...{ type: "log", level: "warning", code: problem.code },
        message: problemText(problem),
      });
    return document;
  };
}

/** The seeds that came with the request, or those of the image. Their reader is loaded on first use. */
function seedsOf(
  image: () => Promise<Project>,
  uploaded: SeedUpload | undefined,
): NonNullable<EngineContext["projectSeeds"]> {
  if (uploaded !== undefined)
    return async () => {
      const { uploadedSeeds } = await import("../engine/project/uploaded-seeds.ts");
      return uploadedSeeds(uploaded);
    };
  return async () => {
    const { imageSeeds } = await import("../engine/project/image-seeds.ts");
    return imageSeeds(image);
  };
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

/** Hasura's version for `run.started`; of a client's question before its run nothing is shown. */
async function shownVersion(
  { operation }: Request,
  read: () => Promise<string | undefined>,
): Promise<string | undefined> {
  return operation === "inventory" ? undefined : read();
}

/** How long `run.started` may wait for Hasura's version. */
const versionWithinMs = 1000;

/** Hasura's version if it responds soon. A problem with Hasura is reported by what needs it later. */
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

/** Rejects just before the process is killed: whatever hangs, the caller gets an answer. */
async function lastMoment(
  deadline: Deadline,
  over: AbortSignal,
  sleep: EngineContext["sleep"],
): Promise<never> {
  await sleep(deadline.lastMs(), over).catch(() => undefined);
  if (over.aborted) return new Promise<never>(() => undefined);
  throw new Failure(
    "unreachable",
    "deadline",
    "The function ran out of time before the run had ended; the migration in progress may have taken effect.",
    {
      hints: [
        textHint(
          "Run status to see what was applied; running the same command again continues from there.",
        ),
        textHint(
          "Check that Hasura responds, and that the function's timeout is long enough (at most 15 minutes).",
        ),
      ],
    },
  );
}

/** Resolves when the run must stop (little time is left, or its task was asked to end), or when it has finished. */
async function timeIsShort(
  { ending }: LambdaContext,
  deadline: Deadline,
  over: AbortSignal,
  sleep: EngineContext["sleep"],
): Promise<void> {
  if (ending === undefined) await sleep(deadline.stopInMs, over).catch(() => undefined);
  else await aborted(AbortSignal.any([ending, over]));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function logRequest(
  { operation, environment, actor, options }: Request,
  { upload, metadata, seeds }: Uploads,
  { invokedFunctionArn }: LambdaContext,
  log: Log,
): void {
  log.info("request", {
    operation,
    environment,
    actor,
    options: loggedOptions(options),
    ...(upload && { upload: { ...upload.from, migrations: upload.migrations.length } }),
    ...(metadata && { metadata: metadata.from }),
    ...(seeds && { seeds: { ...seeds.from, files: seeds.seeds.length } }),
    qualifier: qualifierOf(invokedFunctionArn) ?? null,
  });
}

/** Like the history, the log contains a statement's hash, never its text. */
function loggedOptions(options: Request["options"]): object {
  if (!("sql" in options)) return options;
  const { sql, ...others } = options;
  return { ...others, statement: statementHash(sql) };
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
