import { join } from "node:path";
import type { MigrationStore, Database, Step, StepResult } from "../../engine/store/store.ts";
import type { StoreContext } from "../../engine/context.ts";
import { maskedError } from "../../engine/hasura/masked-error.ts";
import {
  catalogCapabilities,
  catalogQuery,
  catalogStore,
  waitsReported,
  unrecordedSeeds,
} from "../../engine/store/catalog/catalog-store.ts";
import { catalogVersionStore } from "../../engine/store/catalog/state-client.ts";
import { hasuraFailure } from "../../engine/hasura/errors.ts";
import type { Project } from "../../engine/project/project.ts";
import { passwordMask } from "../../engine/sql/mask-passwords.ts";
import { warn } from "../../engine/emit.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { HasuraCli } from "./hasura-cli.ts";
import type { CliOutcome } from "./classify-output.ts";
import type { CopiedProject } from "./workspace.ts";

export interface CliStoreOptions {
  readonly cli: HasuraCli;
  readonly project: Project;
}

/**
 * Hasura's own record of versions, written by the official CLI, with one process for each migration. The CLI's report is not
 * relied on: the record, read back with our own client, decides.
 */
export function cliStore(
  database: Database,
  context: StoreContext,
  { cli, project }: CliStoreOptions,
): MigrationStore {
  const record = new CatalogRecord(database, context);
  const files = (version: Version, direction: Direction, execute: boolean): CopiedProject =>
    oneFile(project, { database: database.name, version, direction, execute });
  const markOnce = async (version: Version, direction: Direction): Promise<void> => {
    const reported = await cli.apply({
      project: files(version, direction, false),
      version,
      direction,
      skipExecution: true,
    });
    const now = await record.readBack(version);
    if (now.has(version) !== (direction === "up")) throw notMarked(version, reported);
  };

  return {
    kind: "catalog",
    ...catalogCapabilities,
    read: () => record.read(),
    run: async (step) => {
      const { version, direction, noTransaction } = step;
      const project = files(version, direction, true);
      let reported: CliOutcome;
      try {
        const mask = passwordMask(step.sql);
        const outcome = await waitsReported(step, context, () =>
          cli.apply({ project, version, direction, noTransaction, mask }),
        );
        reported =
          "error" in outcome
            ? { ...outcome, error: maskedError(outcome.error, step.sql) }
            : outcome;
      } catch (error) {
        return { outcome: "failed", error }; // it was never started
      }
      try {
        const recordedNow = await record.readBack(version);
        return resultOf(reported, recordedNow.has(version) === (direction === "up"), step);
      } catch (error) {
        return reported.outcome === "failed" ? reported : { outcome: "unknown", error };
      }
    },
    mark: async (marks, as) => {
      for (const { version } of marks) {
        // The CLI does not mark a version that is recorded already, not even a dirty one.
        if (as === "applied" && record.has(version)) await markOnce(version, "down");
        await markOnce(version, as === "applied" ? "up" : "down");
      }
    },
    seeds: unrecordedSeeds(context, ({ sql }) => {
      const { configVersion } = project;
      return sendSeed({ configVersion, database: database.name, files: [], seed: sql }, sql, cli);
    }),
    settle: () => Promise.resolve(),
    // The CLI has no queries: ours help a person to decide about versions in doubt.
    query: (sql) => catalogQuery(database, context, sql),
  };
}

/** Resolves to what went wrong. */
async function sendSeed(
  project: CopiedProject,
  sql: string,
  cli: HasuraCli,
): Promise<StepResult | undefined> {
  const reported = await cli.applySeed(project, passwordMask(sql));
  return "error" in reported ? { ...reported, error: maskedError(reported.error, sql) } : undefined;
}

/** The versions that were recorded when they were last read. */
class CatalogRecord {
  readonly #database: Database;
  readonly #context: StoreContext;
  #versions: ReadonlySet<Version> = new Set();

  constructor(database: Database, context: StoreContext) {
    this.#database = database;
    this.#context = context;
  }

  has(version: Version): boolean {
    return this.#versions.has(version);
  }

  async read(): ReturnType<MigrationStore["read"]> {
    const versions = await catalogStore(this.#database, this.#context).read();
    this.#versions = new Set(versions.keys());
    return versions;
  }

  /** Reads what is recorded after the CLI has written; warns about versions other than `changed` that have disappeared. */
  async readBack(changed: Version): Promise<ReadonlySet<Version>> {
    const now = await readBack(this.#database, this.#context);
    await warnAboutLost(
      this.#database,
      this.#context,
      [...this.#versions].filter((version) => version !== changed && !now.has(version)),
    );
    this.#versions = now;
    return now;
  }
}

/** Reads what is recorded, without anything cached from before the CLI wrote. */
async function readBack(
  database: Database,
  { hasura, versionStore }: StoreContext,
): Promise<ReadonlySet<Version>> {
  const isCatalog = versionStore.refresh !== undefined;
  const fresh = isCatalog
    ? catalogVersionStore(hasura, {
        state: await hasura.catalogState(),
        copy: { databases: [database.name], complete: false },
      })
    : versionStore;
  return new Set((await fresh.read(database.name)).keys());
}

interface FileSelection {
  readonly database: string;
  readonly version: Version;
  readonly direction: Direction;
  /** False if its SQL is not run: then the file need not exist. */
  readonly execute: boolean;
}

function oneFile(
  project: Project,
  { database, version, direction, execute }: FileSelection,
): CopiedProject {
  const migration = project.databases
    .get(database)
    ?.find((candidate) => candidate.version === version);
  const file = direction === "up" ? migration?.up : migration?.down;
  if (!file && execute) throw new Error(`no ${direction} file of ${version} in ${database}`);
  const from = file && execute ? { from: join(project.root, file.path) } : {};
  return {
    configVersion: project.configVersion,
    database,
    files: [{ version, name: migration?.name ?? "", direction, ...from }],
  };
}

/** Combines the CLI's report and the record: the record decides wherever the report leaves anything open. */
function resultOf(reported: CliOutcome, isRecorded: boolean, step: Step): StepResult {
  switch (reported.outcome) {
    case "done":
      return isRecorded
        ? { outcome: "done", notices: noticesOf(step) }
        : { outcome: "unknown", error: notRecorded() };
    case "skipped":
      return isRecorded
        ? reported
        : { outcome: "failed", error: contradiction(step, reported.reason) };
    case "unknown":
      return isRecorded
        ? {
            outcome: "done",
            notices: [...noticesOf(step), `${textOf(reported.error)}, but it is recorded`],
          }
        : reported;
    case "failed":
      return isRecorded
        ? { outcome: "skipped", reason: "recorded by another tool in the meantime" }
        : reported;
  }
}

function noticesOf({ settings = {} }: Step): string[] {
  return Object.keys(settings).length > 0
    ? ["the official CLI ignores the file's hasura-migrate directives"]
    : [];
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function notRecorded(): Failure {
  return new Failure(
    "unreachable",
    "not-recorded",
    "the official CLI reported success, but Hasura's migration state does not show it",
  );
}

const afterOtherTools = retryHint({ reason: "once other tools have finished" });

function contradiction({ version, database }: Step, reason: string): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `The official CLI reports that ${version} is ${reason} in ${database.name}, which is no longer true.`,
    { hints: [afterOtherTools] },
  );
}

function notMarked(version: Version, reported: CliOutcome): unknown {
  if ("error" in reported) return hasuraFailure(reported.error, `marking ${version}`);
  return new Failure(
    "unreachable",
    "not-recorded",
    `The official CLI reported success, but Hasura's migration state does not show it for ${version}.`,
    { hints: [afterOtherTools] },
  );
}

async function warnAboutLost(
  { name }: Database,
  { engine }: StoreContext,
  lost: readonly Version[],
): Promise<void> {
  if (lost.length === 0) return;
  const versions = lost.toSorted(compareVersions).join(", ");
  await warn(
    engine,
    "record-lost",
    `No longer recorded in ${name}: ${versions}. Another tool is writing Hasura's migration state at the same time.`,
  );
}
