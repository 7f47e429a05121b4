import { join } from "node:path";
import type { MigrationStore, Database, Step, StepResult } from "../../engine/store/store.ts";
import type { StoreContext } from "../../engine/context.ts";
import { catalogCapabilities, catalogStore } from "../../engine/store/catalog/catalog-store.ts";
import { catalogVersionStore } from "../../engine/store/catalog/state-client.ts";
import { hasuraFailure } from "../../engine/hasura/errors.ts";
import type { Project } from "../../engine/project/project.ts";
import { warn } from "../../engine/emit.ts";
import { Failure } from "../../protocol/failure.ts";
import { compareVersions, type Direction, type Version } from "../../protocol/migration.ts";
import type { HasuraCli } from "./hasura-cli.ts";
import type { CliOutcome } from "./classify-output.ts";
import type { CopiedProject } from "./workspace.ts";

/** Books that only the official CLI writes. */
export interface CliStoreOptions {
  readonly cli: HasuraCli;
  readonly project: Project;
}

/**
 * Hasura's own record of versions, written by the official CLI: one process for each migration. What it reports is not
 * believed; the record is read back through our own client and decides.
 */
export function cliStore(
  database: Database,
  context: StoreContext,
  { cli, project }: CliStoreOptions,
): MigrationStore {
  const catalog = catalogStore(database, context);
  const files = (version: Version, direction: Direction, execute: boolean): CopiedProject =>
    oneFile(project, { database: database.name, version, direction, execute });
  let recorded: ReadonlySet<Version> = new Set();
  /** What is recorded now; says which other versions have gone since the last look. */
  const lookAgain = async (changed: Version): Promise<ReadonlySet<Version>> => {
    const now = await readBack(database, context);
    const gone = [...recorded]
      .filter((version) => version !== changed && !now.has(version))
      .sort(compareVersions);
    if (gone.length > 0) await warn(context.engine, "record-lost", lost(database, gone));
    recorded = now;
    return now;
  };
  const markOnce = async (version: Version, direction: Direction): Promise<void> => {
    const verdict = await cli.apply({
      project: files(version, direction, false),
      version,
      direction,
      skipExecution: true,
    });
    const now = await lookAgain(version);
    if (now.has(version) !== (direction === "up")) throw notMarked(version, verdict);
  };

  return {
    kind: "catalog",
    ...catalogCapabilities,
    read: async () => {
      const versions = await catalog.read();
      recorded = new Set(versions.keys());
      return versions;
    },
    run: async (step) => {
      const { version, direction, noTransaction } = step;
      let verdict: CliOutcome;
      try {
        verdict = await cli.apply({
          project: files(version, direction, true),
          version,
          direction,
          noTransaction,
        });
      } catch (error) {
        return { outcome: "failed", error }; // it was never started
      }
      try {
        return resultOf(
          verdict,
          (await lookAgain(version)).has(version) === (direction === "up"),
          step,
        );
      } catch (error) {
        return verdict.outcome === "failed" ? verdict : { outcome: "unknown", error };
      }
    },
    mark: async (marks, as) => {
      for (const { version } of marks) {
        // The CLI does not mark what is recorded already, also where its flag says that a run broke off.
        if (as === "applied" && recorded.has(version)) await markOnce(version, "down");
        await markOnce(version, as === "applied" ? "up" : "down");
      }
    },
    settle: () => Promise.resolve(),
  };
}

/** What is recorded, asked anew, so that nothing is remembered from before the CLI wrote. */
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

interface Wanted {
  readonly database: string;
  readonly version: Version;
  readonly direction: Direction;
  /** False where its SQL is not run: then it need not be there. */
  readonly execute: boolean;
}

function oneFile(
  project: Project,
  { database, version, direction, execute }: Wanted,
): CopiedProject {
  const migration = project.databases.get(database)?.find((it) => it.version === version);
  const file = direction === "up" ? migration?.up : migration?.down;
  if (!file && execute) throw new Error(`no ${direction} file of ${version} in ${database}`);
  const from = file && execute ? { from: join(project.root, file.path) } : {};
  return {
    configVersion: project.configVersion,
    database,
    files: [{ version, name: migration?.name ?? "", direction, ...from }],
  };
}

/** Verdict and record together; the record decides wherever the verdict leaves anything open. */
function resultOf(verdict: CliOutcome, asWanted: boolean, step: Step): StepResult {
  switch (verdict.outcome) {
    case "done":
      return asWanted
        ? { outcome: "done", notices: noticesOf(step) }
        : { outcome: "unknown", error: notRecorded() };
    case "skipped":
      return asWanted ? verdict : { outcome: "failed", error: contradiction(step, verdict.reason) };
    case "unknown":
      return asWanted
        ? {
            outcome: "done",
            notices: [...noticesOf(step), `${textOf(verdict.error)}, but it is recorded`],
          }
        : verdict;
    case "failed":
      return asWanted
        ? { outcome: "skipped", reason: "recorded by another tool meanwhile" }
        : verdict;
  }
}

function noticesOf({ settings = {} }: Step): string[] {
  const asked = Object.keys(settings).length > 0;
  return asked
    ? ["the official CLI does not keep what the file asks for in its hasura-migrate lines"]
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

function contradiction({ version, database }: Step, reason: string): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    `The official CLI says that ${version} is ${reason} in ${database.name}, which is no longer so.`,
    {
      hints: ["let other tools end, then run again"],
    },
  );
}

function notMarked(version: Version, verdict: CliOutcome): unknown {
  if ("error" in verdict) return hasuraFailure(verdict.error, `marking ${version}`);
  return new Failure(
    "unreachable",
    "not-recorded",
    `The official CLI reported success, but Hasura's migration state does not show ${version} so.`,
    {
      hints: ["let other tools end, then run again"],
    },
  );
}

function lost({ name }: Database, versions: readonly Version[]): string {
  return `Recorded in ${name} before this step, and no longer: ${versions.join(", ")}. Another tool writes Hasura's migration state at the same time.`;
}
