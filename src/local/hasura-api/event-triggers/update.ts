import type { JsonMap } from "../../../metadata/document/json.ts";
import { sourceCatalogSql } from "../catalog-schema.ts";
import type { BuiltCache } from "../current-cache.ts";
import { mapsAt, textAt, type SourceDocument } from "../metadata-document.ts";
import type { SchemaCache } from "../schema-cache/build-cache.ts";
import type { TrackedTable } from "../schema-cache/tracked-table.ts";
import type { Sources } from "../sources.ts";
import { runText } from "../transaction.ts";
import {
  createTriggerSql,
  dropTriggerSql,
  operationOf,
  triggerOperations,
  type TriggerOperation,
} from "./trigger-sql.ts";

/** A trigger of a table for one operation, as it has to be in the database. */
interface DatabaseTrigger {
  readonly table: TrackedTable;
  readonly trigger: JsonMap;
  readonly operation: TriggerOperation;
  readonly spec: JsonMap;
}

/**
 * Creates and replaces the triggers of the event triggers in the databases, and drops those of event triggers that are gone.
 * @throws HasuraError if a database refuses it
 */
export async function updateEventTriggers(
  before: Pick<BuiltCache, "cache">,
  after: Pick<BuiltCache, "cache">,
  sources: Sources,
): Promise<void> {
  const names = new Set([...before.cache.sources.keys(), ...after.cache.sources.keys()]);
  for (const name of names) {
    const [old, current] = [triggersOf(before.cache, name), triggersOf(after.cache, name)];
    const source = (after.cache.sources.get(name) ?? before.cache.sources.get(name))?.document;
    const sql = updateSql(old, current);
    if (sql !== "" && source !== undefined) await runSql(source, sql, sources);
  }
}

function updateSql(
  old: ReadonlyMap<string, DatabaseTrigger>,
  current: ReadonlyMap<string, DatabaseTrigger>,
): string {
  const dropped = [...old]
    .filter(([key, { table }]) => current.get(key)?.table.target.label !== table.target.label)
    .map(([, { trigger, operation }]) => dropTriggerSql(textAt(trigger, "name"), operation));
  const created = [...current.values()].map(({ table, trigger, operation, spec }) =>
    createTriggerSql(table, trigger, operation, spec),
  );
  return [...dropped, ...(created.length > 0 ? [sourceCatalogSql] : []), ...created].join("\n");
}

/** The consistent triggers of a source, by name and operation. */
function triggersOf(cache: SchemaCache, source: string): ReadonlyMap<string, DatabaseTrigger> {
  const built = cache.sources.get(source);
  const found = built === undefined ? [] : [...built.tables.values()].flatMap(triggersOn(cache));
  return new Map(
    found.map((each) => [`${textAt(each.trigger, "name")} ${each.operation}`, each] as const),
  );
}

const triggersOn =
  (cache: SchemaCache) =>
  (table: TrackedTable): DatabaseTrigger[] =>
    mapsAt(table.entry, "event_triggers")
      .filter((trigger) =>
        cache.existing.has(table.part("event-trigger", textAt(trigger, "name")).label),
      )
      .flatMap((trigger) =>
        triggerOperations.flatMap((operation): DatabaseTrigger[] => {
          const spec = operationOf(trigger, operation);
          return spec === undefined ? [] : [{ table, trigger, operation, spec }];
        }),
      );

async function runSql(source: SourceDocument, sql: string, sources: Sources): Promise<void> {
  await sources.pool(source).use((session) => runText(session, sql));
}
