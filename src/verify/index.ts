import { realpath } from "node:fs/promises";
import type { Version } from "../protocol/migration.ts";
import { Failure } from "../protocol/failure.ts";
import type { VerifyEvent, VerifyProblem } from "../protocol/verification.ts";
import { checkExtensions } from "./extensions/check-extensions.ts";
import { requiredExtensions } from "./extensions/required.ts";
import { branchesSince, type Branch } from "./git/branch.ts";
import { checkConsistency, inOrder } from "../metadata/consistency/check-consistency.ts";
import { verifyProblem } from "./metadata/metadata-of.ts";
import { namesOf, readSchema } from "./metadata/read-schema.ts";
import type { ServerChecks } from "./metadata/server-checks.ts";
import { loadAll, loadProject, type LoadedProject } from "./load-project.ts";
import { canBeOutOfOrder, checkOrder } from "./order.ts";
import { checkInHalves, sizeOfFirstHalf } from "./run/check-in-halves.ts";
import { checkMigrations } from "./run/check-migrations.ts";
import type { LoadedMigration } from "./run/round-trip.ts";
import type { LoadedFile } from "./run/run-file.ts";
import { withWorkbench, type Workbench } from "./run/workbench.ts";
import { checkServerWide } from "./server/check-server-wide.ts";
import { useGivenServer } from "./server/given-server.ts";
import { startOwnServer } from "./server/own-server.ts";
import type { ScratchServer } from "./server/scratch.ts";
import { brokenConnection } from "./server/sessions.ts";

export interface VerifyOptions {
  /** A project, or its migrations directory. */
  readonly directory: string;
  /** Only this database. */
  readonly database?: string | undefined;
  /** Check only what the checked-out files add to this revision. */
  readonly since?: string | undefined;
  /** An existing server to use instead of starting one. */
  readonly databaseUrl?: string | undefined;
  /** True if nobody else uses that server. */
  readonly throwaway?: boolean | undefined;
  /** The directory of the programs of the server that is started. */
  readonly postgresBin?: string | undefined;
  /** Migrations run as a superuser. */
  readonly superuser?: boolean | undefined;
  /** Measure what each statement locks. */
  readonly locks?: boolean | undefined;
  /** Processors of this machine. With two or more, the migrations of a database are checked in two halves at the same time. Default: 1. */
  readonly processors?: number | undefined;
  /** Stops the run and removes everything that was created. */
  readonly signal: AbortSignal;
  /** Current time in milliseconds, from any clock. */
  readonly now: () => number;
  readonly emit: (event: VerifyEvent) => void;
}

/** What is checked in one database. */
interface Work {
  readonly database: string;
  readonly migrations: readonly LoadedMigration[];
  /** Undefined without `since`: all. */
  readonly branch: Branch | undefined;
  /** Migrations that only the revision of `since` has. */
  readonly others: readonly LoadedMigration[];
}

/**
 * Applies every migration of a project to a new database, rolls it back, compares the schema, and applies it again. Emits the
 * results; the last event is verify.finished.
 * @throws Failure if verifying is impossible: because of the project, the server, a missing extension or Git; interrupted/interrupted
 */
export async function verify(options: VerifyOptions): Promise<void> {
  const { emit, signal, now } = options;
  const startedAt = now();
  const directory = await realpath(options.directory).catch(() => options.directory);
  const loaded = await withServerChecks(await loadProject(directory, options.database));
  const works = await worksOf(loaded, directory, options.since);
  // The revision's migrations are run too, to compare the orders.
  const files = works.flatMap(({ migrations, others }) => [...migrations, ...others]);
  if (options.databaseUrl !== undefined && options.throwaway !== true)
    checkServerWide(files.flatMap(filesOf));
  const count = tally(emit, startedAt, now);
  emit({ type: "verify.progress", text: "starting a database server …" });
  const server = await serverFor(options, directory);
  try {
    try {
      const ups = works.flatMap(({ migrations, others }) =>
        [...migrations, ...others].flatMap(({ up }) => up ?? []),
      );
      await checkExtensions(requiredExtensions(ups), await server.extensions(), server.description);
      count.emit(startedEvent(server, works, loaded));
      for (const work of works)
        await verifyDatabase(server, work, { ...options, emit: count.emit }, loaded);
    } finally {
      await server.stop();
    }
  } catch (thrown) {
    if (signal.aborted) throw interrupted();
    throw server.lost() === undefined ? thrown : brokenConnection(server.lost());
  }
  count.finish();
}

/** A project, with the checks of its metadata that a Hasura server makes. */
interface ProjectUnderCheck extends LoadedProject {
  readonly serverChecks?: ServerChecks;
}

/** The code of these checks is loaded only for projects with metadata. */
async function withServerChecks(loaded: LoadedProject): Promise<ProjectUnderCheck> {
  if (loaded.metadata === undefined) return loaded;
  const { ServerChecks: Checks } = await import("./metadata/server-checks.ts");
  return { ...loaded, serverChecks: new Checks(loaded.metadata) };
}

async function worksOf(
  { project, databases }: LoadedProject,
  directory: string,
  since: string | undefined,
): Promise<Work[]> {
  const branches = since === undefined ? undefined : await branchesSince(directory, project, since);
  return Promise.all(
    [...databases].map(async ([database, migrations]) => {
      const branch = branches?.(database);
      return { database, migrations, branch, others: await loadAll(branch?.others ?? []) };
    }),
  );
}

function filesOf({ up, down }: LoadedMigration): LoadedFile[] {
  return [up, down].flatMap((file) => file ?? []);
}

async function serverFor(options: VerifyOptions, project: string): Promise<ScratchServer> {
  const { databaseUrl, postgresBin: bin, superuser = false, signal } = options;
  return databaseUrl === undefined
    ? startOwnServer({ superuser, bin, project }, signal)
    : useGivenServer({ url: databaseUrl, throwaway: options.throwaway ?? false }, signal);
}

function startedEvent(
  server: ScratchServer,
  works: readonly Work[],
  { problems }: LoadedProject,
): VerifyEvent {
  return {
    type: "verify.started",
    server: server.description,
    databases: works.map(({ database, migrations, branch }) => ({
      database,
      migrations: migrations.length,
      checked: migrations.filter(({ version }) => isChecked(version, branch)).length,
    })),
    problems: [...problems, ...works.flatMap(({ branch }) => branch?.problems ?? [])],
  };
}

function isChecked(version: Version, branch: Branch | undefined): boolean {
  return branch === undefined || branch.added.has(version) || branch.changed.has(version);
}

/** Checks the migrations of one database, the metadata against it, then the order of the migrations. */
async function verifyDatabase(
  server: ScratchServer,
  work: Work,
  options: VerifyOptions,
  loaded: ProjectUnderCheck,
): Promise<void> {
  const { database, migrations, branch } = work;
  const { emit, signal, now, locks = false } = options;
  const isCheckedHere = (version: Version): boolean => isChecked(version, branch);
  const checks = { database, isChecked: isCheckedHere, locks, signal, now, emit };
  const half = (options.processors ?? 1) > 1 ? sizeOfFirstHalf(migrations, checks) : undefined;
  const isApplied = await withWorkbench(server, async (bench) => {
    const finish = async (applied: Workbench | undefined): Promise<boolean> => {
      if (applied) await verifyMetadata(applied, { database, loaded }, { emit, now });
      return applied !== undefined;
    };
    if (half === undefined)
      return finish((await checkMigrations(bench, migrations, checks)) ? bench : undefined);
    const halves = { first: migrations.slice(0, half), second: migrations.slice(half) };
    return withWorkbench(server, async (other) =>
      finish(await checkInHalves([bench, other], halves, checks)),
    );
  });
  if (branch && isApplied) await verifyOrder(server, { ...work, branch }, { emit, now });
}

/** Compares the metadata of a source with its database after all migrations. */
async function verifyMetadata(
  bench: Workbench,
  { database, loaded }: { readonly database: string; readonly loaded: ProjectUnderCheck },
  { emit, now }: Pick<VerifyOptions, "emit" | "now">,
): Promise<void> {
  const from = now();
  const { metadata } = loaded;
  const skip = (reason: string): void =>
    emit({
      type: "verify.metadata",
      ...{ database, state: "skipped", reason, tookMs: now() - from, problems: [] },
    });
  if (metadata === undefined) {
    skip(loaded.isMetadataUnread ? "it cannot be read" : "the project has none");
    return;
  }
  emit({ type: "verify.progress", text: `${database}: metadata …` });
  const checks = loaded.serverChecks;
  const schema = await readSchema(bench.client, checks?.sourceNamed(database));
  const missing = checkConsistency(metadata, database, namesOf(schema));
  if (missing === undefined) {
    skip("it has no source of this name");
    return;
  }
  const found = inOrder([...missing, ...(checks?.check(database, schema) ?? [])]);
  emit({
    type: "verify.metadata",
    database,
    state: found.length === 0 ? "ok" : "failed",
    ...{ tookMs: now() - from, problems: found.map(verifyProblem) },
  });
}

async function verifyOrder(
  server: ScratchServer,
  { database, migrations, branch, others }: Work & { readonly branch: Branch },
  { emit, now }: Pick<VerifyOptions, "emit" | "now">,
): Promise<void> {
  const isMine = ({ version }: LoadedMigration): boolean => branch.added.has(version);
  const order = {
    mine: migrations.filter(isMine),
    theirs: [...migrations.filter((migration) => !isMine(migration)), ...others],
  };
  if (!canBeOutOfOrder(order)) return;
  const from = now();
  emit({ type: "verify.progress", text: `${database}: out of order …` });
  const problems: readonly VerifyProblem[] = await checkOrder(server, order);
  emit({
    type: "verify.order",
    database,
    state: problems.length === 0 ? "ok" : "failed",
    ...{ migrations: order.mine.length, tookMs: now() - from, problems },
  });
}

/** Counts the events that pass through, for the closing event. */
function tally(
  emit: (event: VerifyEvent) => void,
  startedAt: number,
  now: () => number,
): { readonly emit: (event: VerifyEvent) => void; readonly finish: () => void } {
  let ok = 0;
  let planned = 0;
  let reached = 0;
  const problems: VerifyProblem[] = [];
  return {
    emit: (event) => {
      if ("problems" in event) problems.push(...event.problems);
      if (event.type === "verify.started")
        planned = event.databases.reduce((sum, { checked }) => sum + checked, 0);
      if (event.type === "verify.migration") {
        reached += 1;
        if (event.state === "ok") ok += 1;
      }
      emit(event);
    },
    finish: () => {
      const errors = problems.filter(({ severity }) => severity === "error").length;
      emit({
        type: "verify.finished",
        ...{ ok, errors, warnings: problems.length - errors },
        ...{ notReached: Math.max(0, planned - reached), tookMs: now() - startedAt },
      });
    },
  };
}

function interrupted(): Failure {
  return new Failure(
    "interrupted",
    "interrupted",
    "Interrupted; the databases of this run have been removed.",
  );
}
