import type { RunEvent } from "../protocol/events.ts";
import { toFailureData } from "../protocol/failure.ts";
import type { Request, RequestOf } from "../protocol/request.ts";
import type { EngineContext } from "./context.ts";
import { emit } from "./emit.ts";
import { hasuraFailure } from "./hasura/errors.ts";
import { waitUntilReady } from "./hasura/wait-until-ready.ts";
import { cancelRuns } from "./operations/cancel.ts";
import { checkEnvironment } from "./operations/doctor.ts";
import { showHistory } from "./operations/history.ts";
import { showLocks } from "./operations/locks.ts";
import { showInventory } from "./operations/inventory.ts";
import { markVersions } from "./operations/mark.ts";
import { query } from "./operations/query.ts";
import { migrate } from "./operations/migrate.ts";
import { rehearse } from "./operations/rehearse.ts";
import { showPlan } from "./operations/show-plan.ts";
import { showStatus } from "./operations/status.ts";
import { emptyProject } from "./project/project.ts";
import { imageProject } from "./project/uploaded-project.ts";
import { failedRun, nothingDone, runEnd, type RunResult } from "./run-result.ts";
import type { MetadataSession } from "./metadata/open-session.ts";
import { openSession, type EngineSession } from "./session.ts";

export type { EngineContext } from "./context.ts";

/**
 * Runs the operation that a request names. Emits everything that follows `run.started`, ending with exactly one closing event.
 * Never throws, whatever Hasura, the database or the request did.
 */
export async function execute(request: Request, engine: EngineContext): Promise<void> {
  const startedAt = engine.now();
  const result = await resultOf(request, () => operationOf(request, engine));
  await emit(engine, closingEvent(result, Math.max(0, engine.now() - startedAt)));
}

function closingEvent({ applied, notReached, stop }: RunResult, tookMs: number): RunEvent {
  const counts = { applied, notReached, tookMs };
  switch (stop?.stop) {
    case "paused":
      return { type: "run.paused", ...counts, reason: stop.reason };
    case "failed":
      return { type: "run.failed", ...counts, failure: toFailureData(stop.failure) };
    case "cancelled":
      return { type: "run.finished", ...counts, cancelled: true };
    case undefined:
      return { type: "run.finished", ...counts };
  }
}

/** Runs an operation; an error becomes the run's failure. */
async function resultOf({ operation }: Request, run: () => Promise<RunResult>): Promise<RunResult> {
  try {
    return await run();
  } catch (thrown) {
    return failedRun(hasuraFailure(thrown, `running ${operation}`));
  }
}

/** Runs an operation in a session, and closes the session, also after an error. */
async function closing(
  session: Pick<EngineSession, "close">,
  request: Request,
  run: () => Promise<RunResult>,
): Promise<RunResult> {
  const result = await resultOf(request, run);
  await session.close(runEnd(result));
  return result;
}

function operationOf(request: Request, engine: EngineContext): Promise<RunResult> {
  switch (request.operation) {
    case "ping":
      return ping(engine);
    case "doctor":
      return checkEnvironment(request, engine);
    case "locks":
      return showLocks(request, engine);
    case "inventory":
      return inventory(request, engine);
    case "sql":
      return query(request, engine);
    case "seed":
      return seeds(request, engine);
    default:
      return metadataOrSession(request, engine);
  }
}

function metadataOrSession(
  request: Exclude<
    Request,
    { operation: "ping" | "doctor" | "locks" | "inventory" | "sql" | "seed" }
  >,
  engine: EngineContext,
): Promise<RunResult> {
  switch (request.operation) {
    case "metadata-diff":
    case "metadata-export":
      return readMetadata(request, engine);
    case "metadata-apply":
      return metadataApply(request, engine);
    case "metadata-restore":
    case "metadata-reload":
    case "metadata-status":
      return aboutMetadata(request, engine);
    case "apply":
    case "plan":
      return (request.options.metadata ?? false) === false
        ? inSession(request, engine)
        : deployment(request, engine);
    default:
      return inSession(request, engine);
  }
}

async function deployment(
  request: RequestOf<"apply" | "plan">,
  engine: EngineContext,
): Promise<RunResult> {
  const [{ deploy }, { deployedProject }] = await Promise.all([
    import("./operations/deploy.ts"),
    import("./metadata/apply-project.ts"),
  ]);
  const project = await deployedProject(request, engine);
  return project === undefined
    ? inSession(withoutMetadata(request), engine)
    : located(await deploy(request, project, engine));
}

/** What is recorded of a run whose project has no metadata: it has not deployed any. */
function withoutMetadata(request: RequestOf<"apply" | "plan">): RequestOf<"apply" | "plan"> {
  return request.operation === "apply"
    ? { ...request, options: { ...request.options, metadata: false } }
    : { ...request, options: { ...request.options, metadata: false } };
}

/** Few runs need it: its code is loaded on first use. */
async function readMetadata(
  { operation }: RequestOf<"metadata-diff" | "metadata-export">,
  engine: EngineContext,
): Promise<RunResult> {
  if (operation === "metadata-diff") {
    const { showMetadataDiff } = await import("./operations/metadata-diff.ts");
    return showMetadataDiff(engine);
  }
  const { exportMetadata } = await import("./operations/metadata-export.ts");
  return exportMetadata(engine);
}

/** The same; a dry run needs no session, because it records nothing. */
async function metadataApply(
  request: RequestOf<"metadata-apply">,
  engine: EngineContext,
): Promise<RunResult> {
  const [{ applyMetadata, previewMetadata }, { openMetadataSession }] = await Promise.all([
    import("./operations/metadata-apply.ts"),
    import("./metadata/open-session.ts"),
  ]);
  if (request.options.dryRun === true) return previewMetadata(engine);
  const session = await openMetadataSession(request, engine);
  return closing(session, request, () => applyMetadata(request, session, engine));
}

/** The other operations about metadata, in a session: each uses what is recorded. */
async function aboutMetadata(
  request: RequestOf<"metadata-restore" | "metadata-reload" | "metadata-status">,
  engine: EngineContext,
): Promise<RunResult> {
  const { openMetadataSession } = await import("./metadata/open-session.ts");
  const session = await openMetadataSession(request, engine);
  return closing(session, request, () => inMetadataSession(request, session, engine));
}

async function inMetadataSession(
  request: RequestOf<"metadata-restore" | "metadata-reload" | "metadata-status">,
  session: MetadataSession,
  engine: EngineContext,
): Promise<RunResult> {
  switch (request.operation) {
    case "metadata-restore": {
      const { restoreMetadata } = await import("./operations/metadata-restore.ts");
      return restoreMetadata(request, session, engine);
    }
    case "metadata-reload": {
      const { reloadAllMetadata } = await import("./operations/metadata-reload.ts");
      return reloadAllMetadata(request, session, engine);
    }
    case "metadata-status": {
      const { showMetadataStatus } = await import("./operations/metadata-status.ts");
      return showMetadataStatus(session, engine);
    }
  }
}

/** Few runs need it: its code is loaded on first use. */
async function seeds(request: RequestOf<"seed">, engine: EngineContext): Promise<RunResult> {
  const { runSelected, selectedSeeds } = await import("./operations/seed.ts");
  const { files, project } = await selectedSeeds(request, engine);
  const session = await openSession(request, { ...engine, project: async () => project });
  return located(
    await closing(session, request, () => runSelected(request, files, session, engine)),
  );
}

async function ping(engine: EngineContext): Promise<RunResult> {
  await waitUntilReady(engine, () => engine.hasura.version());
  return nothingDone;
}

/** Runs in a session without files: problems in the image must not stop a caller who does not use it. */
async function inventory(
  request: RequestOf<"inventory">,
  engine: EngineContext,
): Promise<RunResult> {
  const image = await imageProject(engine.project);
  const configVersion = image?.configVersion ?? 3;
  const withoutFiles = { ...engine, project: async () => emptyProject(configVersion) };
  const session = await openSession(request, withoutFiles);
  return closing(session, request, () => showInventory(request, image, session, engine));
}

type SessionRequest = Exclude<
  Request,
  {
    operation:
      | "ping"
      | "doctor"
      | "locks"
      | "sql"
      | "inventory"
      | "metadata-diff"
      | "metadata-export"
      | "metadata-apply"
      | "metadata-restore"
      | "metadata-reload"
      | "metadata-status"
      | "seed";
  }
>;

async function inSession(request: SessionRequest, engine: EngineContext): Promise<RunResult> {
  const session = await openSession(
    request,
    isAboutRuns(request) ? withAnyProject(engine) : engine,
  );
  return located(await closing(session, request, () => operate(request, session, engine)));
}

/** Runs can be of a project that has metadata and no migrations. */
function isAboutRuns({ operation }: SessionRequest): boolean {
  return operation === "history" || operation === "cancel";
}

function withAnyProject(engine: EngineContext): EngineContext {
  return {
    ...engine,
    project: async () => (await imageProject(engine.project)) ?? emptyProject(3),
  };
}

/** The result with the position of a failing statement, as far as it can be found after the run has been closed. */
async function located(result: RunResult): Promise<RunResult> {
  const { stop } = result;
  if (stop?.stop !== "failed" || stop.locate === undefined) return result;
  return { ...result, stop: { stop: "failed", failure: await stop.locate(stop.failure) } };
}

function operate(
  request: SessionRequest,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  switch (request.operation) {
    case "apply":
    case "down":
    case "redo":
    case "reset-to":
      return migrate(request, session, engine);
    case "plan":
      return showPlan(request, session, engine);
    case "rehearse":
      return rehearse(request, session, engine);
    case "status":
      return showStatus(request, session, engine);
    case "mark":
      return markVersions(request, session, engine);
    case "cancel":
      return cancelRuns(request, session, engine);
    case "history":
      return showHistory(request, session, engine);
  }
}
