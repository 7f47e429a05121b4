import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { Request, RequestOf } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { differencesNow } from "../metadata/apply-project.ts";
import {
  differencesFrom,
  differencesTo,
  diffEvent,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import { refuseOtherDifferences } from "../metadata/kept-differences.ts";
import { missingSources, withMissingSources } from "../metadata/intermediate.ts";
import { refuseUnseen } from "../metadata/others-changes.ts";
import { registeredDatabases } from "../metadata/open-session.ts";
import { nothingApplied, putBackRemoved, removedBy } from "../metadata/put-back-removed.ts";
import {
  applyMetadataAnyway,
  leftByReplacing,
  replaceMetadata,
} from "../metadata/replace-metadata.ts";
import { replacementNumber } from "../metadata/replacement-numbers.ts";
import { sourcesAfterwards, unconnectedStates } from "../metadata/unconnected.ts";
import { isLater, keptIn } from "../plan/kept-plan.ts";
import { resolveDatabases } from "../plan/resolve-databases.ts";
import { failedRun, nothingDone, runEnd, type RunResult } from "../run-result.ts";
import { isUnreachable } from "../run/confirm-commits.ts";
import { stoppedBeforeMetadata } from "../run/stop-before.ts";
import { metadataRecords, openSession, type EngineSession } from "../session.ts";
import type { Database, MetadataRecord, RunEnd } from "../store/store.ts";
import { MetadataAround } from "./around-migrations.ts";
import { migrate, refuseToMigrate, type AroundMigrations } from "./migrate.ts";
import { isBoundToPlan } from "./migrate-options.ts";
import { showPlan } from "./show-plan.ts";

type DeployRequest = RequestOf<"apply" | "plan">;

/**
 * `apply` and `plan` with metadata: connects new databases, removes from the metadata what the migrations would break, runs the
 * migrations, and applies the project's metadata.
 */
export async function deploy(
  request: DeployRequest,
  project: MetadataDocument,
  engine: EngineContext,
): Promise<RunResult> {
  const first = await differencesNow(project, engine);
  const missing = missingSources(first.server.document, first.wanted);
  const deployment = { project, first, missing };
  if (request.operation === "plan" || request.options.dryRun === true)
    return preview(request, deployment, engine);
  const opened =
    missing.length === 0
      ? { session: await openSession(request, engine, await registered(request, first, engine)) }
      : await openConnected(request, deployment, engine);
  if (opened === undefined) return { ...nothingDone, stop: stoppedBeforeMetadata(engine) };
  const result = await inSession(request, deployment, opened, engine).catch((thrown: unknown) =>
    failedRun(hasuraFailure(thrown, "running apply")),
  );
  await opened.session.close(runEnd(result));
  return result;
}

/** The other databases in which a deployment of one database is registered: any two deployments replace the same metadata. */
async function registered(
  { options }: RequestOf<"apply">,
  { server }: Differences,
  engine: EngineContext,
): Promise<readonly Database[]> {
  return options.database === undefined ? [] : registeredDatabases(server, engine);
}

interface Deployment {
  readonly project: MetadataDocument;
  /** The differences before the run is registered. */
  readonly first: Differences;
  /** Sources that Hasura does not have yet. */
  readonly missing: readonly string[];
}

/** The session of the migrations, and the differences that remain if new sources were connected. */
interface Opened {
  readonly session: EngineSession;
  readonly remaining?: Differences;
}

/**
 * The session of the migrations, after new sources were connected; undefined if the run was stopped before that. All checks that do not
 * need the new connections are made first.
 */
async function openConnected(
  request: RequestOf<"apply">,
  deployment: Deployment,
  engine: EngineContext,
): Promise<Opened | undefined> {
  const { first } = deployment;
  const others = await registered(request, first, engine);
  const early = await openUnconnected(request, deployment, engine, others);
  const { session } = early;
  try {
    await refuseToMigrate(request, early.planned, engine, {
      fingerprint: fingerprintOfChanges(first),
    });
    await emit(engine, diffEvent(first));
    const records = metadataRecords(session);
    // Before anything is connected that was not confirmed.
    if (isBoundToPlan(request) && isLater(request))
      await refuseOtherDifferences(deployment.project, first, {
        ...{ runId: request.runId, kept: keptIn(session.databases), records },
      });
    const remaining = await connectSources(request, deployment, records[0], engine);
    if (remaining) {
      const again = await openAgain(request, deployment, engine, others);
      return { session: closingBoth(again, session), remaining };
    }
  } catch (error) {
    // Killed runs, or earlier invocations of this one, may have removed objects.
    if (!isUnreachable(error))
      await putBackRemoved(removedBy(request, session, engine), nothingApplied, engine);
    await session.close(runEnd(failedRun(error)));
    throw error;
  }
  // There is no time left for it at the deadline; the next run does it.
  if (engine.stop.reason !== "deadline")
    await putBackRemoved(removedBy(request, session, engine), nothingApplied, engine);
  await session.close(runEnd({ ...nothingDone, stop: stoppedBeforeMetadata(engine) }));
  return undefined;
}

/** The session with the new databases. */
async function openAgain(
  request: RequestOf<"apply">,
  { missing }: Deployment,
  engine: EngineContext,
  others: readonly Database[],
): Promise<EngineSession> {
  return stayingConnected(missing, engine, () =>
    openSession(request, withoutNotices(engine), others),
  );
}

/** The session, which also closes the run in databases of an earlier session of the same run that it does not have itself. */
function closingBoth(session: EngineSession, earlier: EngineSession): EngineSession {
  const names = new Set(session.databases.map(({ database }) => database.name));
  const others = earlier.databases.filter(({ database }) => !names.has(database.name));
  const close = async (end: RunEnd): Promise<void> => {
    await Promise.all([session.close(end), ...others.map(({ store }) => store.runs?.end(end))]);
  };
  return { ...session, close };
}

/** Shows the differences of the metadata, then the plan, whose fingerprint covers both. */
async function preview(
  request: DeployRequest,
  deployment: Deployment,
  engine: EngineContext,
): Promise<RunResult> {
  const { first } = deployment;
  const { session, planned } = await openUnconnected(request, deployment, engine);
  try {
    await emit(engine, { ...diffEvent(first), dryRun: true });
    await reportUnconnected(planned, engine);
    const around = { fingerprint: fingerprintOfChanges(first) };
    return request.operation === "plan"
      ? await showPlan(request, planned, engine, around)
      : await migrate(request, planned, engine, { ...around, ...neverRun });
  } finally {
    await session.close({ outcome: "finished" });
  }
}

async function reportUnconnected(
  { databases }: EngineSession,
  engine: EngineContext,
): Promise<void> {
  const unconnected = databases.filter(({ isUnconnected }) => isUnconnected === true);
  if (unconnected.length === 0) return;
  const names = shortenList(unconnected.map(({ database }) => database.name));
  const [be, their] = unconnected.length === 1 ? ["is", "its"] : ["are", "their"];
  await emit(engine, {
    type: "log",
    level: "info",
    code: "not-connected",
    message: `${names} ${be} not connected to Hasura yet, so ${their} migrations are shown as pending unless Hasura's own record has them as applied; more of them may already be applied.`,
  });
}

/** For a preview, which ends before it calls any of these. */
const neverRun: Omit<AroundMigrations, "fingerprint"> = {
  inconsistent: [],
  toKeep: () => [],
  refuseUnkept: () => Promise.resolve(),
  before: () => Promise.resolve({ stop: "cancelled" }),
  after: (result) => Promise.resolve({ result, isReplaced: false }),
  warnMissing: () => Promise.resolve(),
  putBack: () => Promise.resolve(),
};

/**
 * A session with the connected databases, and, for planning, the same session with what is known about the others. Refuses the same
 * databases as a session in which all of them are connected.
 */
async function openUnconnected(
  request: DeployRequest,
  { first, missing }: Deployment,
  engine: EngineContext,
  others: readonly Database[] = [],
): Promise<{ readonly session: EngineSession; readonly planned: EngineSession }> {
  const whole = await engine.project();
  const { database } = request.options;
  const afterwards = sourcesAfterwards(first.server.document, first.wanted, missing);
  const unconnected = resolveDatabases(whole, afterwards, database).filter((each) =>
    missing.includes(each.database.name),
  );
  const connected = new Map([...whole.databases].filter(([name]) => !missing.includes(name)));
  const withoutMissing = {
    ...engine,
    project: () => Promise.resolve({ ...whole, databases: connected }),
  };
  const session = await openSession(withConnected(request, missing), withoutMissing, others);
  const known = session.databases.filter(
    (each) => database === undefined || each.database.name === database,
  );
  const databases = [...known, ...(await unconnectedStates(unconnected, engine))];
  return { session, planned: { ...session, databases } };
}

/** The request for the connected databases: for all of them, if the requested database is not connected. */
function withConnected(request: DeployRequest, missing: readonly string[]): Request {
  const { database, ...others } = request.options;
  if (database === undefined || !missing.includes(database)) return request;
  return request.operation === "apply"
    ? { ...request, options: others }
    : { ...request, options: others };
}

/** The notices about the project were already reported. */
function withoutNotices(engine: EngineContext): EngineContext {
  return { ...engine, project: async () => ({ ...(await engine.project()), notices: [] }) };
}

/**
 * Connects the sources that Hasura does not have yet, so that their migrations can run. The differences that remain; undefined if the run
 * was stopped before. Throws busy/metadata-changed if somebody else has made other changes that the rest of the run would overwrite.
 */
async function connectSources(
  { environment, part }: RequestOf<"apply">,
  { project, first, missing }: Deployment,
  record: MetadataRecord | undefined,
  engine: EngineContext,
): Promise<Differences | undefined> {
  const again = (server: Differences["server"]): Differences =>
    differencesTo(
      withMissingSources(server.document, differencesFrom(server, project).wanted),
      server,
      first.positionOf,
    );
  const shown = again(first.server);
  const anyway = applyMetadataAnyway(environment);
  const replaced = await replaceMetadata(
    {
      number: replacementNumber("sources", part),
      ...{ shown, again, environment, record, anyway },
      allowInconsistent: false,
    },
    engine,
  );
  if (replaced === undefined) return undefined;
  await emit(engine, {
    type: "log",
    level: "info",
    code: "sources-added",
    message: `Connected ${shortenList(missing)} to Hasura.`,
  });
  const { before } = replaced;
  await stayingConnected(missing, engine, () =>
    refuseUnseen(differencesFrom(before, project), first),
  );
  return differencesFrom(leftByReplacing(replaced, again(before).wanted), project);
}

async function inSession(
  request: RequestOf<"apply">,
  { project, first, missing }: Deployment,
  { session, remaining }: Opened,
  engine: EngineContext,
): Promise<RunResult> {
  // Another run, for which this one has waited, may have changed the metadata.
  const shown = remaining ? first : await differencesNow(project, engine);
  if (remaining === undefined) await emit(engine, diffEvent(shown));
  const around = new MetadataAround(
    {
      ...removedBy(request, session, engine),
      ...{ request, project, shown, remaining: remaining ?? shown, connected: missing },
    },
    engine,
  );
  return stayingConnected(missing, engine, () =>
    migrate(request, session, engine, around).catch(async (error: unknown) => {
      if (!isUnreachable(error)) await around.putBack(nothingApplied);
      throw error;
    }),
  );
}

/** Does something; if it fails, reports what stays connected. */
async function stayingConnected<T>(
  connected: readonly string[],
  engine: EngineContext,
  act: () => T | Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await reportStayConnected(connected, engine);
    throw error;
  }
}

/** A refusal says that nothing was run; what was connected before it stays connected. */
async function reportStayConnected(
  connected: readonly string[],
  engine: EngineContext,
): Promise<void> {
  if (connected.length === 0) return;
  const stay = connected.length === 1 ? "stays" : "stay";
  await emit(engine, {
    type: "log",
    level: "info",
    code: "sources-added",
    message: `${shortenList(connected)} ${stay} connected to Hasura.`,
  });
}
