import type { Json, JsonMap } from "../../metadata/document/json.ts";
import { acceptAll, changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { dependentsOf, refuseDependents } from "./dependents.ts";
import { readPart } from "./document/read-document.ts";
import type { HasuraError } from "./hasura-error.ts";
import { mapsAt, textAt, withoutKey, type MetadataDocument } from "./metadata-document.ts";
import { argsOf, refusal, refuseEmpty } from "./read-request.ts";
import {
  customTypesObject,
  listedObject,
  type ListedKind,
} from "./schema-cache/metadata-object.ts";

const success = { message: "success" };

/** A list of the document itself whose entries have requests of their own. */
export interface Listed {
  readonly list: ListedKind | "query_collections" | "allowlist";
  readonly key: string;
  /** As the server's messages call an entry. */
  readonly what: string;
}

const isConsistent = (list: Listed["list"]): list is "query_collections" | "allowlist" =>
  list === "query_collections" || list === "allowlist";

function create({ list, key, what }: Listed, formOf = (args: JsonMap): JsonMap => args): Handler {
  return async (request, context) => {
    const args = argsOf(request);
    const entry = formOf(args);
    refuseEmpty(entry, key);
    const name = textAt(entry, key);
    const accept = isConsistent(list) ? refuseNew : refuseNewFor(listedObject(list, entry).name);
    await changeMetadata(request, context, {
      change: ({ metadata }) => {
        const entries = mapsAt(metadata, list).filter(
          (each) => args["replace"] !== true || each[key] !== name,
        );
        if (entries.some((each) => each[key] === name))
          throw refusal(request, "already-exists", `${what} with name "${name}" already exists`);
        return withList(metadata, list, [...entries, entry], request);
      },
      accept,
    });
    return success;
  };
}

const missing = (what: string, name: string, request: ApiRequest): HasuraError =>
  refusal(request, "not-exists", `${what} with name "${name}" does not exist`);

function withList(
  metadata: MetadataDocument,
  list: string,
  entries: Json,
  { path }: ApiRequest,
): MetadataDocument {
  const others = withoutKey(metadata, list);
  const read = readPart({ [list]: entries }, `${path}.args`);
  return { ...others, ...read, version: 3, sources: metadata.sources };
}

function drop({ list, key, what }: Listed, argument = "name"): Handler {
  return async (request, context) => {
    const name = textAt(argsOf(request), argument);
    await changeMetadata(request, context, {
      change: ({ metadata, cache }) => {
        const entries = mapsAt(metadata, list);
        const kept = entries.filter((each) => each[key] !== name);
        if (kept.length === entries.length) throw missing(what, name, request);
        if (list === "remote_schemas")
          refuseDependents(
            dependentsOf(
              cache,
              ({ object }) => object.kind === "remote schema" && object.name === name,
            ),
            `${request.path}.args`,
          );
        const changed = withList(metadata, list, kept, request);
        return list === "query_collections" ? withoutAllowed(changed, name, request) : changed;
      },
      accept: refuseNew,
    });
    return success;
  };
}

/** The metadata without the entry of the allow list for a collection that is dropped. */
function withoutAllowed(
  metadata: MetadataDocument,
  name: string,
  request: ApiRequest,
): MetadataDocument {
  const entries = mapsAt(metadata, "allowlist");
  const kept = entries.filter(({ collection }) => collection !== name);
  if (kept.length < entries.length && argsOf(request)["cascade"] !== true)
    throw refusal(
      request,
      "dependency-error",
      `query collection with name "${name}" is present in the allowlist; cannot proceed to drop. please use cascade to confirm you wish to drop it from the allowlist as well`,
      ".collection",
    );
  return withList(metadata, "allowlist", kept, request);
}

/** Replaces a value of the document by the arguments, or by `{}`. */
function set(key: string, { accept = refuseNew, isRemoval = false } = {}): Handler {
  return async (request, context) => {
    const value = isRemoval ? {} : argsOf(request);
    await changeMetadata(request, context, {
      change: ({ metadata }) => withList(metadata, key, value, request),
      accept,
    });
    return success;
  };
}

/** Changes one entry of a list, which must exist. */
export async function changeEntry(
  request: ApiRequest,
  context: ApiContext,
  { list, key, what, name }: Listed & { readonly name: string },
  change: (entry: JsonMap, entries: readonly JsonMap[]) => JsonMap,
): Promise<unknown> {
  await changeMetadata(request, context, {
    change: ({ metadata }) => {
      const entries = mapsAt(metadata, list);
      const own = entries.find((each) => each[key] === name);
      if (own === undefined) throw missing(what, name, request);
      const changed = change(own, entries);
      const all = entries.map((each) => (each === own ? changed : each));
      return withList(metadata, list, all, request);
    },
    accept: isConsistent(list) ? refuseNew : refuseNewFor(listedObject(list, { [key]: name }).name),
  });
  return success;
}

/** Replaces the definition and the comment of an entry. */
const update =
  (listed: Listed): Handler =>
  (request, context) => {
    const { name, definition = null, comment = null } = argsOf(request);
    const on = { ...listed, name: textAt({ name: name ?? null }, "name") };
    return changeEntry(request, context, on, (entry) => ({ ...entry, definition, comment }));
  };

const renameCollection: Handler = (request, context) => {
  const args = argsOf(request);
  const name = textAt(args, "new_name");
  const on = { ...collections, name: textAt(args, "name") };
  return changeEntry(request, context, on, (entry, entries) => {
    if (entries.some((each) => each["name"] === name))
      throw refusal(
        request,
        "already-exists",
        `query collection with name "${name}" already exists`,
        ".new_name",
      );
    return { ...entry, name };
  });
};

const updateScope: Handler = (request, context) => {
  const { collection, scope = { global: true } } = argsOf(request);
  const on = { ...allowList, name: textAt({ name: collection ?? null }, "name") };
  return changeEntry(request, context, on, (entry) => ({ ...entry, scope }));
};

const reloadRemoteSchema: Handler = async (request, context) => {
  const { name = "" } = argsOf(request);
  await changeMetadata(request, context, {
    change: ({ metadata }) => metadata,
    accept: acceptAll,
    reread: { remoteSchema: (each) => each === name },
  });
  return success;
};

export const remoteSchemas: Listed = { list: "remote_schemas", key: "name", what: "remote schema" };
export const actions: Listed = { list: "actions", key: "name", what: "action" };
const cronTriggers: Listed = { list: "cron_triggers", key: "name", what: "cron trigger" };
export const collections: Listed = {
  list: "query_collections",
  key: "name",
  what: "query collection",
};
const endpoints: Listed = { list: "rest_endpoints", key: "name", what: "endpoint" };
const roles: Listed = { list: "inherited_roles", key: "role_name", what: "inherited role" };
const allowList: Listed = { list: "allowlist", key: "collection", what: "collection" };

/** A cron trigger that a request creates is not part of the metadata unless it says so. */
const cronTriggerOf = (args: JsonMap): JsonMap => ({
  include_in_metadata: false,
  ...withoutKey(args, "replace"),
});

/** The requests that change objects of the document itself. */
export const listedRequests: Readonly<Record<string, Handler>> = {
  add_remote_schema: create(remoteSchemas),
  update_remote_schema: update(remoteSchemas),
  remove_remote_schema: drop(remoteSchemas),
  reload_remote_schema: reloadRemoteSchema,
  create_action: create(actions),
  update_action: update(actions),
  drop_action: drop(actions),
  set_custom_types: set("custom_types", { accept: refuseNewFor(customTypesObject({}).name) }),
  set_api_limits: set("api_limits"),
  remove_api_limits: set("api_limits", { isRemoval: true }),
  set_metrics_config: set("metrics_config"),
  remove_metrics_config: set("metrics_config", { isRemoval: true }),
  set_graphql_schema_introspection_options: set("graphql_schema_introspection"),
  set_opentelemetry_config: set("opentelemetry"),
  create_cron_trigger: create(cronTriggers, cronTriggerOf),
  delete_cron_trigger: drop(cronTriggers),
  create_query_collection: create(collections),
  rename_query_collection: renameCollection,
  drop_query_collection: drop(collections, "collection"),
  add_collection_to_allowlist: create(allowList),
  drop_collection_from_allowlist: drop(allowList, "collection"),
  update_scope_of_collection_in_allowlist: updateScope,
  create_rest_endpoint: create(endpoints),
  drop_rest_endpoint: drop(endpoints),
  add_inherited_role: create(roles),
  drop_inherited_role: drop(roles, "role_name"),
};
