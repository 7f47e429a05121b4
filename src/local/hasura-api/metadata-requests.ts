import { isJsonMap } from "../../metadata/document/json.ts";
import { metadataBulk } from "./bulk.ts";
import { acceptAll, changeMetadata, reportsOf } from "./change-metadata.ts";
import type { ApiContext, Handler } from "./context.ts";
import { dropInconsistent } from "./drop-inconsistent.ts";
import { parseFailed } from "./hasura-error.ts";
import { innerRequests } from "./inner-requests.ts";
import { listedRequests } from "./listed-requests.ts";
import { emptyMetadata, mapsAt, withoutKey } from "./metadata-document.ts";
import { reloadMetadata } from "./reload-metadata.ts";
import { replaceMetadata } from "./replace-metadata.ts";
import type { SchemaCache } from "./schema-cache/build-cache.ts";
import { sourceRequestOf, sourceRequests } from "./source-requests.ts";

const success = { message: "success" };

const handlers: Readonly<Record<string, Handler>> = {
  ...listedRequests,
  ...innerRequests,
  get_catalog_state: async (_request, { state }) => await state.state(),
  set_catalog_state: async ({ args, path }, { state }) => {
    const { type, state: value = null } = isJsonMap(args) ? args : {};
    if (typeof type !== "string") throw parseFailed('key "type" not found', `${path}.args`);
    if (type !== "cli" && type !== "console") {
      throw parseFailed(
        `parsing CatalogStateType failed, expected one of the tags ["cli","console"], but found tag "${type}"`,
        `${path}.args.type`,
      );
    }
    await state.setState(type, value);
    return success;
  },
  export_metadata: async (request, { store }) => {
    const { metadata: stored, resourceVersion } = await store.read();
    const metadata = exported(stored);
    return request.version === 2 ? { resource_version: resourceVersion, metadata } : metadata;
  },
  replace_metadata: replaceMetadata,
  reload_metadata: reloadMetadata,
  get_inconsistent_metadata: async (_request, context) => consistency(await cacheOf(context)),
  drop_inconsistent_metadata: async (request, context) => {
    await dropInconsistent(request, context);
    return success;
  },
  clear_metadata: async (request, context) => {
    await changeMetadata(request, context, {
      change: ({ metadata }) => ({
        ...emptyMetadata(),
        sources: metadata.sources
          .filter(({ name }) => name === "default")
          .map(({ name, kind, configuration = {} }) => ({
            ...{ name, kind, tables: [], configuration },
          })),
      }),
      accept: acceptAll,
    });
    return success;
  },
  get_source_tables: () => Promise.resolve([]),
};

/** Cron triggers of the API are left out, unless they were created to be part of the metadata. */
function exported(metadata: ReturnType<typeof emptyMetadata>): object {
  const triggers = mapsAt(metadata, "cron_triggers").filter(
    (trigger) => trigger["include_in_metadata"] !== false,
  );
  const others = withoutKey(metadata, "cron_triggers");
  return { ...others, ...(triggers.length > 0 && { cron_triggers: triggers }) };
}

async function cacheOf({ store, cache }: ApiContext): Promise<SchemaCache> {
  return (await cache.of(await store.read())).cache;
}

/** The answer that lists what is inconsistent. */
export const consistency = ({ inconsistencies }: SchemaCache): object => ({
  is_consistent: inconsistencies.length === 0,
  inconsistent_objects: reportsOf(inconsistencies),
});

/** One request to `/v1/metadata`. */
export const metadataRequest: Handler = async (request, context) => {
  if (/^bulk(_keep_going|_atomic)?$/.test(request.type))
    return await metadataBulk(request, context, metadataRequest);
  const rest = sourceRequestOf(request.type);
  const handler = handlers[request.type] ?? (rest === undefined ? undefined : sourceRequests[rest]);
  if (handler) return await handler(request, context);
  // The message is the server's; a real Hasura supports more types.
  throw parseFailed(`unrecognised RQLMetadataV1 query type: ${request.type}`, request.path);
};
