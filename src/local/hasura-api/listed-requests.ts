import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { acceptAll, changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiRequest, Handler } from "./context.ts";
import { dependentsOf, refuseDependents } from "./dependents.ts";
import { readPart } from "./document/read-document.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import { mapsAt, textAt, withoutKey, type MetadataDocument } from "./metadata-document.ts";
import { refuseEmpty } from "./read-request.ts";
import {
  customTypesObject,
  listedObject,
  type ListedKind,
} from "./schema-cache/metadata-object.ts";

const success = { message: "success" };

/** A list of the document itself whose entries have requests of their own. */
interface Listed {
  readonly list: ListedKind | "query_collections" | "allowlist";
  readonly key: string;
  /** As the server's messages call an entry. */
  readonly what: string;
}

function argsOf({ args, path }: ApiRequest): JsonMap {
  if (!isJsonMap(args)) throw parseFailed("parsing Object failed, expected Object", `${path}.args`);
  return args;
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
          throw exists(`${what} with name "${name}" already exists`, request);
        return withList(metadata, list, [...entries, entry], request);
      },
      accept,
    });
    return success;
  };
}

const exists = (message: string, { path }: ApiRequest): HasuraError =>
  new HasuraError(400, "already-exists", message, { path: `${path}.args` });

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
        if (kept.length === entries.length)
          throw new HasuraError(400, "not-exists", `${what} with name "${name}" does not exist`, {
            path: `${request.path}.args`,
          });
        if (list === "remote_schemas")
          refuseDependents(
            dependentsOf(
              cache,
              ({ object }) => object.kind === "remote schema" && object.name === name,
            ),
            `${request.path}.args`,
          );
        return withList(metadata, list, kept, request);
      },
      accept: refuseNew,
    });
    return success;
  };
}

const setCustomTypes: Handler = async (request, context) => {
  const types = argsOf(request);
  await changeMetadata(request, context, {
    change: ({ metadata }) => withList(metadata, "custom_types", types, request),
    accept: refuseNewFor(customTypesObject({}).name),
  });
  return success;
};

const updateAction: Handler = async (request, context) => {
  const args = argsOf(request);
  const name = textAt(args, "name");
  const { definition = null, comment } = args;
  await changeMetadata(request, context, {
    change: ({ metadata }) => {
      const actions = mapsAt(metadata, "actions");
      if (!actions.some((each) => each["name"] === name))
        throw new HasuraError(400, "not-exists", `action with name "${name}" does not exist`, {
          path: `${request.path}.args`,
        });
      const changed = actions.map((each) =>
        each["name"] === name
          ? { ...each, definition, ...(comment !== undefined && { comment }) }
          : each,
      );
      return withList(metadata, "actions", changed, request);
    },
    accept: refuseNewFor(listedObject("actions", { name }).name),
  });
  return success;
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

const remoteSchemas: Listed = { list: "remote_schemas", key: "name", what: "remote schema" };
const actions: Listed = { list: "actions", key: "name", what: "action" };
const cronTriggers: Listed = { list: "cron_triggers", key: "name", what: "cron trigger" };
const collections: Listed = { list: "query_collections", key: "name", what: "query collection" };
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
  remove_remote_schema: drop(remoteSchemas),
  reload_remote_schema: reloadRemoteSchema,
  create_action: create(actions),
  update_action: updateAction,
  drop_action: drop(actions),
  set_custom_types: setCustomTypes,
  create_cron_trigger: create(cronTriggers, cronTriggerOf),
  delete_cron_trigger: drop(cronTriggers),
  create_query_collection: create(collections),
  drop_query_collection: drop(collections, "collection"),
  add_collection_to_allowlist: create(allowList),
  drop_collection_from_allowlist: drop(allowList, "collection"),
  create_rest_endpoint: create(endpoints),
  drop_rest_endpoint: drop(endpoints),
  add_inherited_role: create(roles),
  drop_inherited_role: drop(roles, "role_name"),
};
