import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { dependentsOf, refuseDependents, withoutDependents } from "./dependents.ts";
import { postgresName } from "./document/object-name.ts";
import { normaliseSource } from "./document/read-document.ts";
import { operations, type Operation } from "./document/read-permission.ts";
import { boolean, text } from "./document/read-value.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import {
  changeSource,
  fullName,
  mapsAt,
  nameText,
  qualified,
  textAt,
  type MetadataDocument,
  type QualifiedName,
} from "./metadata-document.ts";
import { sourceNamed, tableNamed } from "./named-source.ts";
import {
  partObject,
  permissionObject,
  tableObject,
  withoutObject,
  type MetadataObject,
  type PartList,
} from "./schema-cache/metadata-object.ts";
import { argsOf, refuseEmpty } from "./read-request.ts";
import { renameColumn } from "./run-sql/rename.ts";
import type { TablePart } from "./schema-cache/schema-object.ts";

const success = { message: "success" };

/** The table of a request, and its other arguments. */
interface OnTable {
  readonly source: string;
  readonly table: QualifiedName;
  readonly args: JsonMap;
  readonly path: string;
}

function readOnTable(request: ApiRequest): OnTable {
  const at = `${request.path}.args`;
  const { source = "default", table = null, ...others } = argsOf(request);
  const name = qualified(postgresName(table, `${at}.table`));
  if (name === undefined) throw parseFailed("the key 'table' was not present", at);
  return { source: text(source, `${at}.source`), table: name, args: others, path: at };
}

/** Changes the entry of a table. */
async function changeTable(
  request: ApiRequest,
  context: ApiContext,
  { source, table }: OnTable,
  object: MetadataObject,
  change: (entry: JsonMap) => JsonMap,
): Promise<unknown> {
  await changeMetadata(request, context, {
    change: ({ metadata }) =>
      withTable(metadata, { source, table, request, at: placesOf(request, object).table }, change),
    accept: refuseNewFor(object.name),
  });
  return success;
}

/** What the server's errors point to: for computed fields, the argument itself. */
function placesOf({ path }: ApiRequest, { type }: MetadataObject): { table: string; name: string } {
  const args = `${path}.args`;
  return type === "computed_field"
    ? { table: `${args}.table`, name: `${args}.name` }
    : { table: args, name: args };
}

function withTable(
  metadata: MetadataDocument,
  on: {
    readonly source: string;
    readonly table: QualifiedName;
    readonly request: ApiRequest;
    readonly at: string;
  },
  change: (entry: JsonMap) => JsonMap,
): MetadataDocument {
  const source = sourceNamed(metadata, on.source, on.request);
  const entry = tableNamed(source, on.table, on.at);
  return changeSource(metadata, source.name, () =>
    normaliseSource({
      ...source,
      tables: source.tables.map((each) => (each === entry ? change(entry) : each)),
    }),
  );
}

/** Adds an entry to a list of a table. */
function add(list: string, key: string, exists: (on: OnTable, name: string) => HasuraError) {
  return (on: OnTable, added: JsonMap) =>
    (entry: JsonMap): JsonMap => {
      const entries = mapsAt(entry, list);
      const name = textAt(added, key);
      if (entries.some((each) => each[key] === name)) throw exists(on, name);
      return { ...entry, [list]: [...entries, added] };
    };
}

const fieldExists = ({ table, path }: OnTable, name: string): HasuraError =>
  new HasuraError(
    400,
    "already-exists",
    `field with name "${name}" already exists in table "${nameText(table)}"`,
    { path },
  );

function createPart(list: PartList): Handler {
  return async (request, context) => {
    const on = readOnTable(request);
    refuseEmpty(on.args, "name");
    const object = partObject(on.source, on.table, list, on.args);
    return await changeTable(
      request,
      context,
      on,
      object,
      add(list, "name", fieldExists)(on, on.args),
    );
  };
}

const permissionExists =
  (operation: Operation) =>
  ({ table, path }: OnTable, role: string): HasuraError =>
    new HasuraError(
      400,
      "already-exists",
      `${operation} permission already defined on table "${nameText(table)}" with role "${role}"`,
      { path },
    );

function createPermission(operation: Operation): Handler {
  const list = `${operation}_permissions`;
  return async (request, context) => {
    const on = readOnTable(request);
    refuseEmpty(on.args, "role");
    if (on.args["role"] === "admin") throw permissionExists(operation)(on, "admin");
    const object = permissionObject(on.source, on.table, operation, on.args);
    const change = add(list, "role", permissionExists(operation))(on, on.args);
    return await changeTable(request, context, on, object, change);
  };
}

function dropPermission(operation: Operation): Handler {
  return async (request, context) => {
    const on = readOnTable(request);
    const role = textAt(on.args, "role");
    const missing = `${operation} permission on "${nameText(on.table)}" for role "${role}" does not exist`;
    return await dropPart(request, context, on, {
      ...{ list: `${operation}_permissions`, key: "role", name: role, missing },
      code: "permission-denied",
      object: permissionObject(on.source, on.table, operation, on.args),
    });
  };
}

/** A part of a table to drop. */
interface Dropped {
  readonly list: string;
  readonly key: string;
  readonly name: string;
  readonly object: MetadataObject;
  /** Something that others can depend on. */
  readonly kind?: TablePart["kind"];
  /** The server's message and code if it does not exist. */
  readonly missing: string;
  readonly code?: string;
}

async function dropPart(
  request: ApiRequest,
  context: ApiContext,
  { source, table, args, path }: OnTable,
  { list, key, name, object, kind, missing, code = "not-exists" }: Dropped,
): Promise<unknown> {
  const cascade = boolean(args["cascade"] ?? false, `${path}.cascade`);
  const at = placesOf(request, object);
  await changeMetadata(request, context, {
    change: ({ metadata, cache }) => {
      const entry = tableNamed(sourceNamed(metadata, source, request), table, at.table);
      if (!mapsAt(entry, list).some((each) => each[key] === name))
        throw new HasuraError(400, code, missing, { path: at.name });
      const dependents =
        kind === undefined
          ? []
          : dependentsOf(cache, ({ object: it }) =>
              isPart(it, { kind, source, table: fullName(table), name }),
            );
      if (!cascade) refuseDependents(dependents, path);
      return withoutObject(withoutDependents(metadata, cache, dependents), object);
    },
    accept: refuseNew,
  });
  return success;
}

function isPart(
  object: object,
  part: { kind: string; source: string; table: string; name: string },
): boolean {
  return (
    "kind" in object &&
    "table" in object &&
    "name" in object &&
    "source" in object &&
    object.kind === part.kind &&
    object.source === part.source &&
    object.name === part.name &&
    tableText(object.table) === part.table
  );
}

function tableText(table: unknown): string {
  return typeof table === "object" && table !== null && "schema" in table && "name" in table
    ? `${String(table.schema)}.${String(table.name)}`
    : "";
}

const dropField =
  (list: PartList, argument: string, kind: TablePart["kind"], what: string): Handler =>
  async (request, context) => {
    const on = readOnTable(request);
    const name = textAt(on.args, argument);
    return await dropPart(request, context, on, {
      ...{ list, key: "name", name, kind, missing: `${what} "${name}" does not exist` },
      object: partObject(on.source, on.table, list, { name }),
    });
  };

/** An entry of a table to change. */
type Changed = Pick<Dropped, "key" | "name" | "object" | "missing" | "code"> & {
  /** It is in one of these lists. */
  readonly lists: readonly string[];
};

function changePart(
  partOf: (on: OnTable) => Changed,
  change: (part: JsonMap, args: JsonMap) => JsonMap,
): Handler {
  return async (request, context) => {
    const on = readOnTable(request);
    const { lists, key, name, object, missing, code = "not-exists" } = partOf(on);
    const isIt = (part: JsonMap): boolean => part[key] === name;
    return await changeTable(request, context, on, object, (entry) => {
      const list = lists.find((each) => mapsAt(entry, each).some(isIt));
      if (list === undefined) throw new HasuraError(400, code, missing, { path: on.path });
      const parts = mapsAt(entry, list);
      return { ...entry, [list]: parts.map((part) => (isIt(part) ? change(part, on.args) : part)) };
    });
  };
}

const relationshipLists: readonly PartList[] = ["object_relationships", "array_relationships"];

const relationshipNamed =
  (lists: readonly PartList[], argument: string) =>
  ({ source, table, args }: OnTable): Changed => {
    const name = textAt(args, argument);
    const object = partObject(source, table, lists[0] ?? "remote_relationships", { name });
    return { lists, key: "name", name, object, missing: `"${name}" does not exist` };
  };

const permissionNamed = ({ source, table, args }: OnTable): Changed => {
  const [operation, role] = [textAt(args, "permission"), textAt(args, "role")];
  return {
    ...{ lists: [`${operation}_permissions`], key: "role", name: role },
    object: tableObject(source, table),
    missing: `'${operation}' permission on "${nameText(table)}" for role "${role}" does not exist`,
    code: "permission-denied",
  };
};

const withComment = (part: JsonMap, { comment = null }: JsonMap): JsonMap => ({ ...part, comment });

const renameRelationship: Handler = async (request, context) => {
  const on = readOnTable(request);
  const [from, to] = [textAt(on.args, "name"), textAt(on.args, "new_name")];
  await changeMetadata(request, context, {
    change: ({ metadata, cache }) => {
      tableNamed(sourceNamed(metadata, on.source, request), on.table, on.path);
      const table = cache.sources.get(on.source)?.tables.get(fullName(on.table));
      if (table?.fields.get(from)?.kind !== "relationship")
        throw new HasuraError(400, "not-exists", `relationship "${from}" does not exist`, {
          path: on.path,
        });
      if (table.fields.has(to))
        throw new HasuraError(
          400,
          "already-exists",
          `cannot rename relationship "${from}" to "${to}" in table ${table.label} as a column/relationship with the name already exists`,
          { path: on.path },
        );
      const renamed = renameColumn(metadata, { table, cache, from, to });
      return withTable(renamed, { ...on, request, at: on.path }, (entry) => ({
        ...entry,
        ...Object.fromEntries(
          relationshipLists.map((list) => [
            list,
            mapsAt(entry, list).map((part) =>
              part["name"] === from ? { ...part, name: to } : part,
            ),
          ]),
        ),
      }));
    },
    accept: refuseNew,
  });
  return success;
};

/** A relationship of any kind. */
const dropRelationship: Handler = async (request, context) => {
  const on = readOnTable(request);
  const { metadata } = await context.store.read();
  const entry = tableNamed(sourceNamed(metadata, on.source, request), on.table, on.path);
  const name = textAt(on.args, "relationship");
  const isObject = mapsAt(entry, "object_relationships").some((each) => each["name"] === name);
  const list = isObject ? "object_relationships" : "array_relationships";
  return await dropField(list, "relationship", "relationship", "relationship")(request, context);
};

const createEventTrigger: Handler = async (request, context) => {
  const on = readOnTable(request);
  const { replace = false, ...args } = on.args;
  refuseEmpty(args, "name");
  const name = textAt(args, "name");
  const trigger = eventTriggerOf(name, args);
  const object = partObject(on.source, on.table, "event_triggers", trigger);
  return await changeTable(request, context, on, object, (entry) => {
    const triggers = mapsAt(entry, "event_triggers");
    const others = triggers.filter((each) => each["name"] !== name);
    if (replace !== true && others.length < triggers.length)
      throw new HasuraError(
        400,
        "already-exists",
        `Event trigger with name ${name} already exists`,
        { path: on.path },
      );
    return { ...entry, event_triggers: [...others, trigger] };
  });
};

/** The form in the metadata of what a request creates. */
function eventTriggerOf(name: string, args: JsonMap): JsonMap {
  const {
    insert,
    update,
    delete: deleted,
    enable_manual: manual,
    retry_conf: retry,
    ...others
  } = args;
  const definition = {
    ...(insert !== undefined && { insert }),
    ...(update !== undefined && { update }),
    ...(deleted !== undefined && { delete: deleted }),
    enable_manual: manual ?? false,
  };
  const retryConf: Json = retry ?? { num_retries: 0, interval_sec: 10, timeout_sec: 60 };
  return { ...others, name, definition, retry_conf: retryConf };
}

/** Only the name of the trigger is given. */
const deleteEventTrigger: Handler = async (request, context) => {
  const args = isJsonMap(request.args) ? request.args : {};
  const name = textAt(args, "name");
  const sourceName = text(args["source"] ?? "default", `${request.path}.args.source`);
  await changeMetadata(request, context, {
    change: ({ metadata }) => {
      const source = sourceNamed(metadata, sourceName, request);
      const has = (entry: JsonMap): boolean =>
        mapsAt(entry, "event_triggers").some((each) => each["name"] === name);
      const table = qualified(source.tables.find(has)?.["table"]);
      if (table === undefined)
        throw new HasuraError(400, "not-exists", `event trigger "${name}" does not exist`, {
          path: `${request.path}.args`,
        });
      return withoutObject(metadata, partObject(source.name, table, "event_triggers", { name }));
    },
    accept: refuseNew,
  });
  return success;
};

/** Sets one key of a table's entry. */
const setOnTable =
  (key: string, valueOf = (args: JsonMap): Json => args[key] ?? null): Handler =>
  async (request, context) => {
    const on = readOnTable(request);
    const value = valueOf(on.args);
    const object = tableObject(on.source, on.table);
    return await changeTable(request, context, on, object, (entry) => ({ ...entry, [key]: value }));
  };

/** The older form of a customization. */
const customFields = ({ custom_root_fields = {}, custom_column_names = {} }: JsonMap): Json => ({
  ...{ custom_root_fields, custom_column_names },
});

const permissions = operations.flatMap((operation): [string, Handler][] => [
  [`create_${operation}_permission`, createPermission(operation)],
  [`drop_${operation}_permission`, dropPermission(operation)],
]);

/** The requests that change one part of a tracked table. */
export const tableRequests: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(permissions),
  create_object_relationship: createPart("object_relationships"),
  create_array_relationship: createPart("array_relationships"),
  drop_relationship: dropRelationship,
  rename_relationship: renameRelationship,
  set_relationship_comment: changePart(
    relationshipNamed(relationshipLists, "relationship"),
    withComment,
  ),
  set_permission_comment: changePart(permissionNamed, withComment),
  add_computed_field: createPart("computed_fields"),
  drop_computed_field: dropField("computed_fields", "name", "computed field", "computed field"),
  create_remote_relationship: createPart("remote_relationships"),
  update_remote_relationship: changePart(
    relationshipNamed(["remote_relationships"], "name"),
    (part, { definition = null }) => ({ ...part, definition }),
  ),
  delete_remote_relationship: dropField(
    "remote_relationships",
    "name",
    "remote relationship",
    "remote relationship",
  ),
  create_event_trigger: createEventTrigger,
  delete_event_trigger: deleteEventTrigger,
  set_table_customization: setOnTable("configuration"),
  set_table_custom_fields: setOnTable("configuration", customFields),
  set_apollo_federation_config: setOnTable("apollo_federation_config"),
  set_table_is_enum: setOnTable("is_enum"),
};
