import { qualified, mapsAt, textAt, type MetadataDocument } from "./metadata-document.ts";
import { partObject } from "./schema-cache/metadata-object.ts";

/** What the server warns about: new event triggers whose names may not work. */
export function metadataWarnings(
  replaced: MetadataDocument,
  current: MetadataDocument,
): readonly object[] {
  return replaced.sources.flatMap((source) => {
    const old = current.sources.find(({ name }) => name === source.name);
    const known = new Set(triggersOf(old?.tables ?? []).map(({ name }) => name));
    return triggersOf(source.tables)
      .filter(({ name }) => !known.has(name) && /[^A-Za-z0-9_-]/.test(name))
      .map(({ name, table, entry }) => {
        const { type, name: label } = partObject(source.name, table, "event_triggers", entry);
        return {
          code: "illegal-event-trigger-name",
          message: `The event trigger with name "${name}" may not work as expected, hasura suggests to use only alphanumeric, underscore and hyphens in an event trigger name`,
          ...{ name: label, type },
        };
      });
  });
}

const triggersOf = (tables: MetadataDocument["sources"][number]["tables"]) =>
  tables.flatMap((table) =>
    mapsAt(table, "event_triggers").map((entry) => ({
      name: textAt(entry, "name"),
      table: qualified(table["table"]) ?? { schema: "", name: "" },
      entry,
    })),
  );
