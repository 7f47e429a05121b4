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

/** Relationships of tables that stay, whose other end is among the dropped ones; in Hasura's words. */
export function dependentsOf(source: SourceDocument, gone: readonly TrackedObject[]): string[] {
  const dropped = new Set(
    gone.filter((object) => object.type === "table").map((object) => nameText(object.name)),
  );
  if (dropped.size === 0) return [];
  return source.tables.flatMap((entry) => {
    const table = Relationships.safeParse(entry).data;
    const own = table && qualified(table.table);
    if (!table || !own || dropped.has(nameText(own))) return [];
    return [...(table.object_relationships ?? []), ...(table.array_relationships ?? [])]
      .filter((relationship) => dropped.has(otherEnd(relationship) ?? ""))
      .map(
        (relationship) =>
          `relationship ${nameText(own)}.${relationship.name} in source "${source.name}"`,
      );
  });
}

function otherEnd({ using }: z.infer<typeof Relationship>): string | undefined {
  const named =
    using.manual_configuration?.remote_table ??
    OnOtherTable.safeParse(using.foreign_key_constraint_on).data?.table;
  const name = qualified(named);
  return name && nameText(name);
}

/** The metadata without those objects, and without the relationships that led to them. */
export function untrack(
  metadata: MetadataDocument,
  sourceName: string,
  gone: readonly TrackedObject[],
): MetadataDocument {
  if (gone.length === 0) return metadata;
  const entries = new Set(gone.map((object) => JSON.stringify(object.entry)));
  const dropped = new Set(
    gone.filter((object) => object.type === "table").map((object) => nameText(object.name)),
  );
  const stays = (entry: unknown): boolean => !entries.has(JSON.stringify(entry));
  return changeSource(metadata, sourceName, (source) => ({
    ...source,
    tables: source.tables.filter(stays).map((entry) => withoutRelationships(entry, dropped)),
    ...(source.functions && { functions: source.functions.filter(stays) }),
  }));
}

function withoutRelationships(
  entry: SourceDocument["tables"][number],
  dropped: ReadonlySet<string>,
): SourceDocument["tables"][number] {
  const kept = { ...entry };
  for (const key of ["object_relationships", "array_relationships"]) {
    const list = z.array(z.unknown()).safeParse(entry[key]).data;
    if (list) {
      kept[key] = list.filter((item) => {
        const relationship = Relationship.safeParse(item).data;
        return !relationship || !dropped.has(otherEnd(relationship) ?? "");
      });
    }
  }
  return kept;
}
