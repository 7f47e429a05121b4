import { HasuraError } from "./hasura-error.ts";
import {
  nameText,
  qualified,
  type MetadataDocument,
  type QualifiedName,
  type SourceDocument,
} from "./metadata-document.ts";
import type { PgSession } from "./session.ts";
import { isPostgresFamily, type Sources } from "./sources.ts";
import { runText } from "./transaction.ts";

/**
 * As `get_inconsistent_metadata` shows it (docs/internals/hasura-metadata.md, "Inconsistent
 * objects").
 */
export interface InconsistentObject {
  readonly type: string;
  readonly name: string;
  readonly definition: unknown;
  readonly reason: string;
}

/** Tracked tables and functions, and sources, that do not exist. Sources without a driver here count as consistent. */
export async function findInconsistencies(
  metadata: MetadataDocument,
  sources: Sources,
): Promise<InconsistentObject[]> {
  const checked = await Promise.all(
    metadata.sources
      .filter(({ kind }) => isPostgresFamily(kind))
      .map((source) => checkSource(source, sources)),
  );
  return checked.flat();
}

async function checkSource(
  source: SourceDocument,
  sources: Sources,
): Promise<InconsistentObject[]> {
  try {
    const missing = await sources.pool(source).use((session) => missingObjects(source, session));
    return missing.map(({ type, name, entry }) => ({
      type,
      name: `${type} ${nameText(name)} in source ${source.name}`,
      definition: type === "table" ? { name: name.name, schema: name.schema } : entry,
      reason: `Inconsistent object: ${type === "table" ? "no such table/view exists in source: " : "no such function exists: "}"${nameText(name)}"`,
    }));
  } catch (thrown) {
    if (!(thrown instanceof HasuraError)) throw thrown;
    const reason =
      thrown.code === "unexpected" && typeof thrown.internal === "string"
        ? thrown.internal
        : thrown.message;
    return [
      {
        type: "source",
        name: `source ${source.name}`,
        definition: source.name,
        reason: `Inconsistent object: ${reason}`,
      },
    ];
  }
}

/** A table or function in the metadata, with its whole entry there. */
export interface TrackedObject {
  readonly type: "table" | "function";
  readonly name: QualifiedName;
  readonly entry: unknown;
}

/** The tables and functions that a source tracks. */
export function trackedObjects(source: SourceDocument): TrackedObject[] {
  const found: TrackedObject[] = [];
  const add = (type: TrackedObject["type"], name: unknown, entry: unknown): void => {
    const read = qualified(name);
    if (read) found.push({ type, name: read, entry });
  };
  for (const entry of source.tables) add("table", entry.table, entry);
  for (const entry of source.functions ?? []) add("function", entry.function, entry);
  return found;
}

/** The tracked objects that the session's database does not contain, as seen inside its current transaction. */
export async function missingObjects(
  source: SourceDocument,
  session: PgSession,
): Promise<TrackedObject[]> {
  const tracked = trackedObjects(source);
  if (tracked.length === 0) return [];
  const answer = await runText(
    session,
    `select 'table', n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'v', 'm', 'f', 'p')
     union all select 'function', n.nspname, p.proname from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  const existing = new Set((answer.result ?? []).map((row) => JSON.stringify(row)));
  return tracked.filter(
    ({ type, name }) => !existing.has(JSON.stringify([type, name.schema, name.name])),
  );
}
