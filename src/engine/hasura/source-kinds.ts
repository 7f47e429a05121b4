import { runSqlType, type Source, type SourceKind } from "./client.ts";

/** True for PostgreSQL and Citus, which have its catalogs, functions and locks. */
export function isPostgres(kind: SourceKind): boolean {
  return kind === "postgres" || kind === "citus";
}

/** True for kinds that read quotes, comments and dollar signs as PostgreSQL does. */
export function hasPostgresSyntax(kind: SourceKind): boolean {
  return isPostgres(kind) || kind === "cockroach";
}

/** The kind of a source; undefined for one that cannot be migrated. */
export function kindOf(source: Source): SourceKind | undefined {
  return Object.keys(runSqlType).find((kind): kind is SourceKind => kind === source.kind);
}
