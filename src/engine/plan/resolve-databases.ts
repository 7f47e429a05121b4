import { Failure } from "../../protocol/failure.ts";
import type { Database } from "../store/store.ts";
import { runSqlType, type Metadata, type Source, type SourceKind } from "../hasura/client.ts";
import type { Migration } from "../project/scan.ts";
import { onlyDatabase, type Project } from "../project/project.ts";

/** A database that takes part in a run, in the order of Hasura's metadata. */
export interface ResolvedDatabase {
  readonly database: Database;
  readonly migrations: readonly Migration[];
}

/**
 * Which databases a run is about: those of Hasura's sources that have migrations here, or the one asked for. A source without
 * migrations is left out; migrations of a database that Hasura does not know are an error before anything runs.
 * Throws `usage` failures: `unknown-database`, `unsupported-kind`, `config-too-new`, `config-too-old`, `no-source`.
 */
export function resolveDatabases(
  project: Project,
  metadata: Metadata,
  asked: string | undefined,
): ResolvedDatabase[] {
  const sources = sourcesFor(project, metadata);
  const known = new Set(sources.map((source) => source.name));
  if (asked !== undefined && !known.has(asked)) throw unknownDatabase(asked, sources, false);
  const strange =
    asked === undefined
      ? [...project.databases.keys()].find((name) => !known.has(name))
      : undefined;
  if (strange !== undefined) throw unknownDatabase(strange, sources, true);
  return sources
    .filter((source) => asked === undefined || source.name === asked)
    .flatMap((source) => {
      const migrations = project.databases.get(source.name) ?? [];
      const kind = kindOf(source);
      if (kind === undefined && (migrations.length > 0 || asked !== undefined))
        throw unsupported(source);
      return kind === undefined ? [] : [{ database: { name: source.name, kind }, migrations }];
    });
}

/**
 * The sources a project of this config version may have (docs/internals/hasura-protocol.md,
 * "Directories and config versions" and "The table store of config versions 1 and 2").
 */
function sourcesFor({ configVersion }: Project, { version, sources }: Metadata): readonly Source[] {
  if (version < 3) {
    if (configVersion < 3) return [{ name: onlyDatabase, kind: "postgres" }];
    throw new Failure(
      "usage",
      "config-too-new",
      "A project of config version 3 needs a Hasura with metadata version 3 (Hasura 2).",
      {
        hints: ["upgrade Hasura, or keep config version 2"],
      },
    );
  }
  if (configVersion === 3) return sources;
  if (configVersion === 1) {
    throw new Failure(
      "usage",
      "config-too-old",
      "A project of config version 1 cannot be used with this Hasura.",
      {
        hints: ["upgrade the project: hasura scripts update-project-v3"],
      },
    );
  }
  if (sources.length === 0)
    throw new Failure("usage", "no-source", "Hasura has no database connected.");
  if (sources.length === 1 && sources[0]?.name === onlyDatabase) return sources;
  throw new Failure(
    "usage",
    "config-too-old",
    "A project of config version 2 works only where Hasura has one database, named default.",
    {
      hints: ["upgrade the project: hasura scripts update-project-v3"],
    },
  );
}

function kindOf(source: Source): SourceKind | undefined {
  return Object.keys(runSqlType).find((kind): kind is SourceKind => kind === source.kind);
}

function unknownDatabase(
  name: string,
  sources: readonly Source[],
  hasMigrations: boolean,
): Failure {
  const names = sources.map((source) => source.name).join(", ") || "none";
  const message = hasMigrations
    ? `There are migrations for the database ${name}, which Hasura does not know.`
    : `Hasura does not know a database ${name}.`;
  return new Failure("usage", "unknown-database", message, {
    hints: [
      `Hasura knows: ${names}`,
      ...(hasMigrations
        ? ["connect it in Hasura's metadata first, or name one with --database"]
        : []),
    ],
  });
}

function unsupported({ name, kind }: Source): Failure {
  return new Failure(
    "usage",
    "unsupported-kind",
    `The database ${name} is of the kind ${kind}, which cannot be migrated.`,
    {
      hints: [`kinds that can be: ${Object.keys(runSqlType).join(", ")}`],
    },
  );
}
