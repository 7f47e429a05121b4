import * as z from "zod";
import type { TrackedObject } from "./consistency.ts";
import {
  changeSource,
  nameText,
  qualified,
  type MetadataDocument,
  type SourceDocument,
} from "./metadata-document.ts";

const Relationship = z.looseObject({
  name: z.string(),
  using: z.looseObject({
    manual_configuration: z.looseObject({ remote_table: z.unknown() }).optional(),
    foreign_key_constraint_on: z.unknown().optional(),
  }),
});
const Relationships = z.looseObject({
  table: z.unknown(),
  object_relationships: z.array(Relationship).optional(),
  array_relationships: z.array(Relationship).optional(),
});
const OnOtherTable = z.looseObject({ table: z.unknown() });

/** Relationships of the remaining tables that refer to a dropped one, as Hasura's error message lists them. */
export function dependentsOf(source: SourceDocument, dropped: readonly TrackedObject[]): string[] {
  const tables = tableNames(dropped);
  if (tables.size === 0) return [];
  return source.tables.flatMap((entry) => {
    const table = Relationships.safeParse(entry).data;
    const own = table && qualified(table.table);
    if (!table || !own || tables.has(nameText(own))) return [];
    return [...(table.object_relationships ?? []), ...(table.array_relationships ?? [])]
      .filter((relationship) => tables.has(remoteTable(relationship) ?? ""))
      .map(
        (relationship) =>
          `relationship ${nameText(own)}.${relationship.name} in source "${source.name}"`,
      );
  });
}

function remoteTable({ using }: z.infer<typeof Relationship>): string | undefined {
  const reference =
    using.manual_configuration?.remote_table ??
    OnOtherTable.safeParse(using.foreign_key_constraint_on).data?.table;
  const name = qualified(reference);
  return name && nameText(name);
}

/** The metadata without the given objects and without the relationships that refer to them. */
export function untrack(
  metadata: MetadataDocument,
  sourceName: string,
  dropped: readonly TrackedObject[],
): MetadataDocument {
  if (dropped.length === 0) return metadata;
  const entries = new Set(dropped.map((object) => JSON.stringify(object.entry)));
  const tables = tableNames(dropped);
  const stays = (entry: unknown): boolean => !entries.has(JSON.stringify(entry));
  return changeSource(metadata, sourceName, (source) => ({
    ...source,
    tables: source.tables.filter(stays).map((entry) => withoutRelationships(entry, tables)),
    ...(source.functions && { functions: source.functions.filter(stays) }),
  }));
}

function withoutRelationships(
  entry: SourceDocument["tables"][number],
  droppedTables: ReadonlySet<string>,
): SourceDocument["tables"][number] {
  const kept = { ...entry };
  for (const key of ["object_relationships", "array_relationships"]) {
    const list = z.array(z.unknown()).safeParse(entry[key]).data;
    if (list) {
      kept[key] = list.filter((item) => {
        const relationship = Relationship.safeParse(item).data;
        return !relationship || !droppedTables.has(remoteTable(relationship) ?? "");
      });
    }
  }
  return kept;
}

function tableNames(objects: readonly TrackedObject[]): Set<string> {
  return new Set(objects.filter(({ type }) => type === "table").map(({ name }) => nameText(name)));
}
