import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Database } from "../store/store.ts";
import { runSqlType, type Metadata, type Source } from "../hasura/client.ts";
import { isPostgres, kindOf } from "../hasura/source-kinds.ts";
import type { Migration } from "../project/scan.ts";
import { notInLocal } from "../project/local-databases.ts";
import { onlyDatabase, type Project } from "../project/project.ts";
import {
  unconnectedDatabase,
  unknownDatabase,
  type KnownDatabases,
} from "../project/unknown-database.ts";

/** A database that takes part in a run, in the order of Hasura's metadata. */
export interface ResolvedDatabase {
  readonly database: Database;
  readonly migrations: readonly Migration[];
}

/**
 * The databases of a run: those of Hasura's sources that can be migrated, or the requested one. Migrations for a database that is
 * not one of Hasura's sources, or cannot be migrated, are an error before anything runs.
 * Throws `usage` failures: `unknown-database`, `unsupported-kind`, `config-too-new`, `config-too-old`, `no-source`.
 */
export function resolveDatabases(
  project: Project,
  metadata: Metadata,
  requested: string | undefined,
): ResolvedDatabase[] {
  const sources = sourcesFor(project, metadata);
  refuseUnconnected(project, sources, requested);
  return sources
    .filter((source) => requested === undefined || source.name === requested)
    .flatMap((source) => {
      const migrations = project.databases.get(source.name) ?? [];
      const kind = kindOf(source);
      if (kind !== undefined) return [{ database: { name: source.name, kind }, migrations }];
      if (migrations.length > 0 || requested !== undefined) throw unsupported(source);
      return [];
    });
}

/**
 * The PostgreSQL databases that are connected to Hasura, whether they have migrations or not: all, or the requested one. Throws
 * `usage` failures: `unknown-database`, `needs-postgres`.
 */
export function postgresDatabases(
  { version, sources }: Metadata,
  requested: string | undefined,
  purpose: string,
): Database[] {
  const all: readonly Source[] = version < 3 ? [{ name: onlyDatabase, kind: "postgres" }] : sources;
  const chosen = all.filter(({ name }) => requested === undefined || name === requested);
  if (requested !== undefined && chosen.length === 0)
    throw unknownDatabase(requested, inHasura(all));
  const databases = chosen.flatMap((source) => {
    const kind = kindOf(source);
    return kind !== undefined && isPostgres(kind) ? [{ name: source.name, kind }] : [];
  });
  if (databases.length === 0) throw needsPostgres(chosen, purpose);
  return databases;
}

function needsPostgres([source]: readonly Source[], purpose: string): Failure {
  const message =
    source === undefined
      ? "No database is connected to Hasura."
      : `${purpose} needs a PostgreSQL database, but ${source.name} is of kind ${source.kind}.`;
  return new Failure("usage", source === undefined ? "no-source" : "needs-postgres", message);
}

/** Refuses the requested database, or else any that has migrations, if it is not one of the sources. */
function refuseUnconnected(
  { databases, leftOut }: Project,
  sources: readonly Source[],
  requested: string | undefined,
): void {
  const names = new Set(sources.map((source) => source.name));
  if (requested === undefined) {
    const unknown = [...databases.keys()].find((name) => !names.has(name));
    if (unknown !== undefined)
      throw unconnectedDatabase(
        unknown,
        sources.map(({ name }) => name),
      );
    return;
  }
  const otherKind = leftOut?.get(requested);
  if (otherKind !== undefined) throw notInLocal(requested, otherKind);
  if (!names.has(requested)) throw unknownDatabase(requested, inHasura(sources));
}

/** For a command that concerns one database, where there are several. */
export function databaseNeeded(names: readonly string[]): Failure {
  return new Failure(
    "usage",
    "database-needed",
    `There are several databases (${names.join(", ")}): choose one.`,
    { hints: names.map((name) => retryHint({ with: ["--database", name] })) },
  );
}

const upgradeProject: Hint = commandHint(
  ["hasura", "scripts", "update-project-v3"],
  "upgrade the project",
);

/**
 * The sources that a project of this config version may have (docs/internals/hasura-protocol.md,
 * "Directories and config versions" and "The table store of config versions 1 and 2").
 */
function sourcesFor({ configVersion }: Project, { version, sources }: Metadata): readonly Source[] {
  if (version < 3) {
    if (configVersion < 3) return [{ name: onlyDatabase, kind: "postgres" }];
    throw new Failure(
      "usage",
      "config-too-new",
      "A project with config version 3 requires Hasura 2 (metadata version 3).",
      {
        hints: [textHint("Upgrade Hasura, or keep config version 2.")],
      },
    );
  }
  if (configVersion === 3) return sources;
  if (configVersion === 1) {
    throw new Failure(
      "usage",
      "config-too-old",
      "A project with config version 1 cannot be used with this Hasura server.",
      { hints: [upgradeProject] },
    );
  }
  if (sources.length === 0)
    throw new Failure("usage", "no-source", "No database is connected to Hasura.");
  if (sources.length === 1 && sources[0]?.name === onlyDatabase) return sources;
  throw new Failure(
    "usage",
    "config-too-old",
    "A project with config version 2 works only if Hasura has one database, named default.",
    { hints: [upgradeProject] },
  );
}

function inHasura(sources: readonly Source[]): KnownDatabases {
  return { in: "Hasura", names: sources.map(({ name }) => name) };
}

function unsupported({ name, kind }: Source): Failure {
  return new Failure(
    "usage",
    "unsupported-kind",
    `The database ${name} is of kind ${kind}, which cannot be migrated.`,
    { hints: [textHint(`Supported kinds: ${Object.keys(runSqlType).join(", ")}.`)] },
  );
}
