import type { JsonMap } from "../../metadata/document/json.ts";
import type { ApiRequest, Handler } from "./context.ts";
import {
  actions,
  changeEntry,
  collections,
  remoteSchemas,
  type Listed,
} from "./listed-requests.ts";
import { mapAt, mapsAt, textAt } from "./metadata-document.ts";
import { argsOf, refusal } from "./read-request.ts";

/** A list in the entries of another list, whose items have requests of their own. */
interface Inner {
  readonly of: Listed;
  /** The argument that names the entry. */
  readonly entry: string;
  /** Where the list is, if not in the entry itself. */
  readonly within?: string;
  readonly list: string;
  readonly key: string;
  /** The argument that names the item. */
  readonly argument: string;
  readonly itemOf: (args: JsonMap) => JsonMap;
  /** The server's messages about an item and its entry. */
  readonly exists: (item: string, entry: string) => string;
  readonly missing: (item: string, entry: string) => string;
  readonly code?: string;
}

type Change = (items: readonly JsonMap[], name: string, entry: string) => readonly JsonMap[];

/** A request that changes the list. */
function change(
  inner: Inner,
  changeItems: (args: JsonMap, request: ApiRequest) => Change,
): Handler {
  return (request, context) => {
    const args = argsOf(request);
    const name = textAt(args, inner.entry);
    return changeEntry(request, context, { ...inner.of, name }, (entry) => {
      const { within, list } = inner;
      const holder = within === undefined ? entry : mapAt(entry, within);
      const items = changeItems(args, request)(
        mapsAt(holder, list),
        textAt(args, inner.argument),
        name,
      );
      const changed = { ...holder, [list]: items };
      return within === undefined ? changed : { ...entry, [within]: changed };
    });
  };
}

const add = (inner: Inner): Handler =>
  change(inner, (args, request) => (items, name, entry) => {
    if (items.some((each) => each[inner.key] === name))
      throw refusal(request, "already-exists", inner.exists(name, entry));
    return [...items, inner.itemOf(args)];
  });

const drop = (inner: Inner): Handler =>
  change(inner, (_args, request) => (items, name, entry) => {
    const kept = items.filter((each) => each[inner.key] !== name);
    if (kept.length === items.length)
      throw refusal(request, inner.code ?? "not-exists", inner.missing(name, entry));
    return kept;
  });

const permissions = { list: "permissions", key: "role", argument: "role" };

const ofAction: Inner = {
  ...{ of: actions, entry: "action", ...permissions },
  itemOf: ({ role = null, comment = null }) => ({ role, comment }),
  exists: (role, action) => `permission for role "${role}" is already defined on "${action}"`,
  missing: (role, action) => `permission for role: "${role}" is not defined on "${action}"`,
};

const ofRemoteSchema: Inner = {
  ...{ of: remoteSchemas, entry: "remote_schema", ...permissions },
  itemOf: ({ role = null, definition = null, comment }) => ({
    ...{ role, definition },
    ...(comment !== undefined && { comment }),
  }),
  exists: (role, name) =>
    `permissions for role: "${role}" for remote schema:"${name}" already exists`,
  missing: (role, name) =>
    `permissions for role: "${role}" for remote schema:"${name}" doesn't exist`,
};

const ofCollection: Inner = {
  ...{ of: collections, entry: "collection_name", within: "definition", list: "queries" },
  ...{ key: "name", argument: "query_name", code: "not-found" },
  itemOf: ({ query_name: name = null, query = null }) => ({ name, query }),
  exists: (query, name) => `query with name "${query}" already exists in collection "${name}"`,
  missing: (query, name) => `query with name "${query}" not found in collection "${name}"`,
};

/** The requests that change the permissions of an action or a remote schema, or the queries of a collection. */
export const innerRequests: Readonly<Record<string, Handler>> = {
  create_action_permission: add(ofAction),
  drop_action_permission: drop(ofAction),
  add_remote_schema_permissions: add(ofRemoteSchema),
  drop_remote_schema_permissions: drop(ofRemoteSchema),
  add_query_to_collection: add(ofCollection),
  drop_query_from_collection: drop(ofCollection),
};
