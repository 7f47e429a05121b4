import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { Failure } from "../../protocol/failure.ts";
import type { RequestOf } from "../../protocol/request.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import { hasuraFailure } from "../hasura/errors.ts";
import { differencesNow, projectToApply } from "../metadata/apply-project.ts";
import {
  compareServers,
  differencesFrom,
  differencesTo,
  diffEvent,
  fingerprintOfChanges,
  type Differences,
} from "../metadata/differences.ts";
import {
  missingSources,
  withMissingSources,
  withoutUsesOf,
  type RemovedFrom,
} from "../metadata/intermediate.ts";
import { openMetadataSession } from "../metadata/open-session.ts";
import { readServerMetadata } from "../metadata/read-server.ts";
import { metadataChanged } from "../metadata/refusals.ts";
import { replaceMetadata, type ReplacedMetadata } from "../metadata/replace-metadata.ts";
import { reportApplied } from "../metadata/report-applied.ts";
import { unconnectedStates } from "../metadata/unconnected.ts";
import { unseenChanges } from "../metadata/unseen-changes.ts";
import { failedRun, nothingDone, runEnd, type RunResult } from "../run-result.ts";
import { openSession, type EngineSession } from "../session.ts";
import type { MetadataRecord } from "../store/store.ts";
import { migrate, type AroundMigrations } from "./migrate.ts";
import { showPlan } from "./show-plan.ts";

type DeployRequest = RequestOf<"apply" | "plan">;

/** The numbers of a deployment's replacements in the record of its run. */
const numbers = { sources: 1, takenOut: 2, project: 3, putBack: 4 } as const;

/**
 * `apply` and `plan` with metadata: connects new databases, removes from the metadata what the migrations would break, runs the
 * migrations, and applies the project's metadata.
 */
export async function deploy(request: DeployRequest, engine: EngineContext): Promise<RunResult> {
  const project = await projectToApply(engine);
  const first = await differencesNow(project, engine);
  const isPreview = request.operation === "plan" || request.options.dryRun === true;
  const missing = missingSources(first.server.document, first.wanted);
  if (isPreview) return preview(request, { first, missing }, engine);
  const deployment = { project, first, missing };
  const session = await openConnected(request, deployment, engine);
  if (session === undefined) return { ...nothingDone, stop: { stop: "cancelled" } };
  const result = await inSession(request, deployment, session, engine).catch((thrown: unknown) =>
    failedRun(hasuraFailure(thrown, "running apply")),
  );
  await session.close(runEnd(result));
  return result;
}

/** The session of the migrations, after new sources were connected; undefined if the run was stopped before that. */
async function openConnected(
  request: DeployRequest,
  deployment: Deployment,
  engine: EngineContext,
): Promise<EngineSession | undefined> {
  if (deployment.missing.length === 0) return openSession(request, engine);
  const early = await openMetadataSession(request, engine);
  try {
    // Closed with the session of the migrations, which is of the same run.
    if (await connectSources(request, deployment, early.record, engine))
      return await openSession(request, engine);
  } catch (error) {
    await early.close(runEnd(failedRun(error)));
    throw error;
  }
  await early.close({ outcome: "cancelled" });
  return undefined;
}

/** What is known before the run is registered. */
interface Beginning {
  readonly first: Differences;
  /** Sources that Hasura does not have yet. */
  readonly missing: readonly string[];
}

interface Deployment extends Beginning {
  readonly project: MetadataDocument;
}

/** Shows the differences of the metadata, then the plan, whose fingerprint covers both. */
async function preview(
  request: DeployRequest,
  { first, missing }: Beginning,
  engine: EngineContext,
): Promise<RunResult> {
  const { session, states } = await sessionWithout(missing, first, request, engine);
  try {
    await emit(engine, { ...diffEvent(first), dryRun: true });
    const all: EngineSession = { ...session, databases: [...session.databases, ...states] };
    const around = { fingerprint: fingerprintOfChanges(first) };
    return request.operation === "plan"
      ? await showPlan(request, all, engine, around)
      : await migrate(request, all, engine, { ...around, ...neverRun });
  } finally {
    await session.close({ outcome: "finished" });
  }
}

/** A preview ends before any of these. */
const neverRun: Omit<AroundMigrations, "fingerprint"> = {
  before: () => Promise.resolve(false),
  after: (result) => Promise.resolve({ result, isReplaced: false }),
  putBack: () => Promise.resolve(),
};

/** A session with the connected databases, and with what is known about the others. */
async function sessionWithout(
  missing: readonly string[],
  { wanted }: Differences,
  request: DeployRequest,
  engine: EngineContext,
): Promise<{
  readonly session: EngineSession;
  readonly states: ReturnType<typeof unconnectedStates>;
}> {
  const whole = await engine.project();
  const connected = new Map([...whole.databases].filter(([name]) => !missing.includes(name)));
  const session = await openSession(request, {
    ...engine,
    project: () => Promise.resolve({ ...whole, databases: connected }),
  });
  const requested = request.options.database;
  const names = missing.filter((name) => requested === undefined || name === requested);
  return { session, states: unconnectedStates(names, wanted, whole) };
}

/** Connects the sources that Hasura does not have yet, so that their migrations can run. False if the run was stopped before. */
async function connectSources(
  { environment }: DeployRequest,
  { project, first, missing }: Deployment,
  record: MetadataRecord | undefined,
  engine: EngineContext,
): Promise<boolean> {
  const again = (server: Differences["server"]): Differences =>
    differencesTo(
      withMissingSources(server.document, differencesFrom(server, project).wanted),
      server,
      first.positionOf,
    );
  const shown = again(first.server);
  const replaced = await replaceMetadata(
    {
      number: numbers.sources,
      ...{ shown, again, environment, record },
      allowInconsistent: false,
    },
    engine,
  );
  if (replaced === undefined) return false;
  await emit(engine, {
    type: "log",
    level: "info",
    code: "sources-added",
    message: `Connected ${shortenList(missing)} to Hasura.`,
  });
  return true;
}

async function inSession(
  request: DeployRequest,
  { project, first, missing }: Deployment,
  session: EngineSession,
  engine: EngineContext,
): Promise<RunResult> {
  if (request.operation !== "apply") return nothingDone;
  // Another run, for which this one has waited, may have changed the metadata.
  const isCurrent = missing.length === 0;
  const shown = isCurrent ? await differencesNow(project, engine) : first;
  await emit(engine, diffEvent(shown));
  const record = session.databases
    .map(({ store }) => store.metadata)
    .find((each) => each !== undefined);
  const around = new MetadataAround({ request, project, shown, isCurrent, record }, engine);
  return migrate(request, session, engine, around);
}

interface AroundContext {
  readonly request: RequestOf<"apply">;
  readonly project: MetadataDocument;
  /** The differences that were shown. */
  readonly shown: Differences;
  /** They were read in the session of the run. */
  readonly isCurrent: boolean;
  readonly record: MetadataRecord | undefined;
}

/** What happens to the metadata before and after the migrations of a deployment. */
class MetadataAround implements AroundMigrations {
  readonly fingerprint: string;
  readonly #context: AroundContext;
  readonly #engine: EngineContext;
  /** The server's metadata before and after objects were removed from it; after is undefined if it could not be read. */
  #removal:
    | { readonly before: Differences["server"]; readonly after: Differences["server"] | undefined }
    | undefined;
  /** What is left to change: what was shown, or after objects were removed, the differences from that metadata. */
  #expected: Differences;

  constructor(context: AroundContext, engine: EngineContext) {
    this.fingerprint = fingerprintOfChanges(context.shown);
    this.#context = context;
    this.#engine = engine;
    this.#expected = context.shown;
  }

  async before(removals: readonly RemovedFrom[]): Promise<boolean> {
    if (removals.length === 0) return !this.#engine.stop.aborted;
    const { project } = this.#context;
    const again = (server: Differences["server"]): Differences => {
      const { wanted } = differencesFrom(server, project);
      return differencesTo(withoutUsesOf(removals, server.document, wanted), server);
    };
    const server = await readServerMetadata(this.#engine);
    const out = again(server);
    if (out.changes.length === 0) return true;
    this.#refuseUnseen(differencesFrom(server, project));
    try {
      const replaced = await this.#replace(numbers.takenOut, out, again);
      if (replaced === undefined) return false;
      this.#removal = { before: server, after: replaced.left?.server };
      this.#expected = differencesFrom({ ...server, document: out.wanted }, project);
      await this.#reportTakenOut(out);
    } catch (error) {
      if (!(error instanceof Failure && error.kind === "metadata")) throw error;
      await warn(
        this.#engine,
        "metadata-not-taken-out",
        `The migrations remove something that the metadata uses, and the metadata could not be adapted first: ${error.message}`,
      );
    }
    return true;
  }

  async after(result: RunResult, hasMigrated: boolean): ReturnType<AroundMigrations["after"]> {
    try {
      return await this.#applyProject(result, hasMigrated);
    } catch (error) {
      const failure = hasuraFailure(error, "applying the metadata");
      return { result: { ...result, stop: { stop: "failed", failure } }, isReplaced: false };
    }
  }

  async #applyProject(
    result: RunResult,
    hasMigrated: boolean,
  ): ReturnType<AroundMigrations["after"]> {
    const { project, shown, isCurrent } = this.#context;
    const now = isCurrent && !hasMigrated ? shown : await differencesNow(project, this.#engine);
    if (now.changes.length === 0) return { result, isReplaced: false };
    this.#refuseUnseen(now);
    const startedAt = this.#engine.now();
    const replaced = await this.#replace(numbers.project, now, (server) =>
      differencesFrom(server, project),
    );
    if (replaced === undefined)
      return { result: { ...result, stop: { stop: "cancelled" } }, isReplaced: false };
    const tookMs = Math.max(0, this.#engine.now() - startedAt);
    await reportApplied(replaced, shown, tookMs, this.#engine);
    return { result, isReplaced: true };
  }

  /** Throws busy/metadata-changed if the differences include any that are not expected, because others have changed the metadata. */
  #refuseUnseen(now: Differences): void {
    const between = compareServers(this.#expected.server, now.server);
    const unseen = unseenChanges(now.changes, this.#expected.changes, between);
    if (unseen.length > 0) throw metadataChanged(between);
  }

  /** After migrations that failed: puts back the removed objects, if all of them would be consistent, and nobody has changed the metadata since. */
  async putBack(): Promise<void> {
    if (this.#removal === undefined) return;
    const { before, after } = this.#removal;
    const again = (server: Differences["server"]): Differences =>
      differencesTo(before.document, server);
    try {
      const server = await readServerMetadata(this.#engine);
      const between = after && compareServers(after, server);
      if (between?.length !== 0) throw metadataChanged(between ?? []);
      const now = again(server);
      const replaced = await this.#replace(numbers.putBack, now, again);
      if (replaced === undefined) return;
      await emit(this.#engine, {
        type: "log",
        level: "info",
        code: "metadata-put-back",
        message:
          "The migrations failed: the objects that had been removed from the metadata were put back.",
      });
    } catch {
      await warn(
        this.#engine,
        "metadata-not-put-back",
        "The migrations failed, and the objects that had been removed from the metadata could not be put back, because the database or the metadata has changed. The next successful apply replaces the metadata.",
      );
    }
  }

  #reportTakenOut({ changes }: Differences): Promise<void> {
    const objects = changes.filter(({ isInside }) => !isInside);
    const names = objects.map(
      ({ path }) => `${path.at(-1)?.kind ?? ""} ${path.map(({ name }) => name).join(" › ")}`,
    );
    return emit(this.#engine, {
      type: "log",
      level: "info",
      code: "metadata-taken-out",
      message: `Removed from the metadata, because the migrations remove what it uses: ${shortenList(names)}.`,
    });
  }

  #replace(
    number: number,
    shown: Differences,
    again: (server: Differences["server"]) => Differences,
  ): Promise<ReplacedMetadata | undefined> {
    const { request, record } = this.#context;
    const { environment } = request;
    const allowInconsistent = false;
    return replaceMetadata(
      { number, shown, again, allowInconsistent, environment, record },
      this.#engine,
    );
  }
}
