import { isJsonList, isJsonMap, type Json } from "../../metadata/document/json.ts";
import { reportsOf } from "./change-metadata.ts";
import type { ApiRequest, Handler } from "./context.ts";
import { list, text, wrongType } from "./document/read-value.ts";
import { updateEventTriggers } from "./event-triggers/update.ts";
import { HasuraError } from "./hasura-error.ts";
import { mapsAt, textAt } from "./metadata-document.ts";

/**
 * `reload_metadata`: builds the schema again. By default, all sources and all remote schemas are read again. The triggers of
 * event triggers are brought up to date in any case, because their columns may have changed.
 */
export const reloadMetadata: Handler = async (request, { store, cache, sources }) => {
  const stored = await store.read();
  const { metadata } = stored;
  const before = await cache.of(stored);
  const names = metadata.sources.map(({ name }) => name);
  const schemas = mapsAt(metadata, "remote_schemas").map((entry) => textAt(entry, "name"));
  const remoteSchema = selection(request, "reload_remote_schemas", schemas, "Remote schema", true);
  const source = selection(request, "reload_sources", names, "Source", true);
  selection(request, "recreate_event_triggers", names, "Source", false);
  const built = await cache.build(metadata, { source, remoteSchema });
  cache.keep(stored.resourceVersion, built);
  await updateEventTriggers(before, built, sources);
  const { inconsistencies } = built.cache;
  return {
    ...{ message: "success", is_consistent: inconsistencies.length === 0 },
    ...(inconsistencies.length > 0 && { inconsistent_objects: reportsOf(inconsistencies) }),
  };
};

/** An argument that is a boolean, or a list of names that must exist. */
function selection(
  { args, path }: ApiRequest,
  key: string,
  known: readonly string[],
  what: string,
  byDefault: boolean,
): (name: string) => boolean {
  const value: Json = (isJsonMap(args) ? args[key] : undefined) ?? byDefault;
  if (typeof value === "boolean") return () => value;
  if (!isJsonList(value))
    throw wrongType("Boolean or Array", "Array", value, `${path}.args.${key}`);
  for (const name of list(text)(value, `${path}.args.${key}`))
    if (!known.includes(name))
      throw new HasuraError(
        400,
        "not-exists",
        `${what} with name "${name}" not found in metadata`,
        { path: `${path}.args` },
      );
  return (name) => value.includes(name);
}
