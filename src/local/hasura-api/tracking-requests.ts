import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { dependentsOf, refuseDependents, withoutDependents } from "./dependents.ts";
import { postgresName } from "./document/object-name.ts";
import { normaliseSource } from "./document/read-document.ts";
import {
  boolean,
  list,
  object,
  optional,
  required,
  text,
  type Reader,
} from "./document/read-value.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import {
  changeSource,
  fullName,
  mapsAt,
  nameText,
  qualified,
  textAt,
  type QualifiedName,
} from "./metadata-document.ts";
import type { SchemaCache } from "./schema-cache/build-cache.ts";
import { functionObject, tableObject, withoutObject } from "./schema-cache/metadata-object.ts";
import { sourceNamed } from "./named-source.ts";
import { refusal } from "./read-request.ts";

const success = { message: "success" };

type Kind = "table" | "function";

/** A table or function to track or untrack. */
interface Tracking {
  readonly kind: Kind;
  readonly source: string;
  readonly name: QualifiedName;
  /** The entry in the metadata. */
  readonly entry: JsonMap;
  readonly cascade: boolean;
}

/** The requests that track tables and functions, and the reverse. */
export const trackingRequests: Readonly<Record<string, Handler>> = {
  track_table: (request, context) => track(readTracking("table", request), request, context),
  // The name in the oldest versions.
  add_existing_table_or_view: (request, context) =>
    track(readTracking("table", request), request, context),
  track_function: (request, context) => track(readTracking("function", request), request, context),
  untrack_table: (request, context) => untrack(readTracking("table", request), request, context),
  untrack_function: (request, context) =>
    untrack(readTracking("function", request), request, context),
  set_function_customization: changeFunction((entry, { configuration = null }) => ({
    ...entry,
    configuration,
  })),
  create_function_permission: changeFunction((entry, { role = null }, refuse) => {
    const permissions = mapsAt(entry, "permissions");
    if (permissions.some((each) => each["role"] === role)) throw refuse("already-exists");
    return { ...entry, permissions: [...permissions, { role }] };
  }),
  drop_function_permission: changeFunction((entry, { role = null }, refuse) => {
    const permissions = mapsAt(entry, "permissions");
    const kept = permissions.filter((each) => each["role"] !== role);
    if (kept.length === permissions.length) throw refuse("not-exists");
    return { ...entry, permissions: kept };
  }),
  track_tables: (request, context) => eachTable(request, context, track),
  untrack_tables: (request, context) => eachTable(request, context, untrack),
};

/** The arguments: a plain name, a name with its schema, or an object with more. */
function readTracking(kind: Kind, { args, path }: ApiRequest): Tracking {
  const at = `${path}.args`;
  const given = isJsonMap(args) ? args : {};
  const { source = "default", cascade = false, ...settings } = given;
  const isObject = given[kind] !== undefined;
  const name = qualified(postgresName(isObject ? (given[kind] ?? null) : args, at));
  if (name === undefined) throw parseFailed("expecting a string/object for QualifiedObject", at);
  return {
    ...{ kind, name, source: text(source, `${at}.source`) },
    entry: { ...(isObject && settings), [kind]: { ...name } },
    cascade: boolean(cascade, `${at}.cascade`),
  };
}

type Work = (tracking: Tracking, request: ApiRequest, context: ApiContext) => Promise<unknown>;

const tablesArgument: Reader<JsonMap> = object([
  required(
    "tables",
    list((value) => value),
  ),
  optional("allow_warnings", boolean, { fallback: true }),
]);

/** Tables that cannot be tracked are warnings, unless none can. */
async function eachTable(request: ApiRequest, context: ApiContext, work: Work): Promise<unknown> {
  const { tables } = tablesArgument(request.args, `${request.path}.args`);
  const entries = list((value): Json => value)(tables ?? [], `${request.path}.args.tables`);
  const warnings: object[] = [];
  for (const [i, args] of entries.entries()) {
    const one = { ...request, args, path: `${request.path}.args.tables[${String(i)}]` };
    const tracking = readTracking("table", one);
    try {
      await work(tracking, one, context);
    } catch (thrown) {
      if (!(thrown instanceof HasuraError) || thrown.status !== 400) throw thrown;
      const { type, name } = tableObject(tracking.source, tracking.name);
      warnings.push({
        code: `${request.type.includes("untrack") ? "un" : ""}track-table-failed`,
        message: thrown.message,
        name,
        type,
      });
    }
  }
  if (entries.length > 0 && warnings.length === entries.length)
    throw new HasuraError(
      400,
      "invalid-configuration",
      `all tables failed to ${request.type.includes("untrack") ? "un" : ""}track`,
      {
        path: `${request.path}.args`,
        internal: warnings,
      },
    );
  return { ...success, ...(warnings.length > 0 && { warnings }) };
}

const objectOf = ({ kind, source, name }: Tracking) =>
  kind === "table" ? tableObject(source, name) : functionObject(source, name);

async function track(
  tracking: Tracking,
  request: ApiRequest,
  context: ApiContext,
): Promise<unknown> {
  const { kind, source: sourceName, name, entry } = tracking;
  await changeMetadata(request, context, {
    change: ({ metadata }) => {
      const source = sourceNamed(metadata, sourceName, request);
      if (isTracked(source, tracking))
        throw refusal(
          request,
          "already-tracked",
          `${kind === "table" ? "view/table" : "function"} already tracked: "${nameText(name)}"`,
        );
      const other = kind === "table" ? "function" : "table";
      if (isTracked(source, { kind: other, name }))
        throw refusal(
          request,
          "not-supported",
          `${other} with name "${nameText(name)}" already exists`,
        );
      const key = `${kind}s`;
      return changeSource(metadata, sourceName, () =>
        normaliseSource({ ...source, [key]: [...mapsAt(source, key), entry] }),
      );
    },
    accept: refuseNewFor(objectOf(tracking).name),
  });
  return success;
}

function isTracked(source: JsonMap, { kind, name }: Pick<Tracking, "kind" | "name">): boolean {
  return mapsAt(source, `${kind}s`).some((entry) => {
    const other = qualified(entry[kind]);
    return other !== undefined && fullName(other) === fullName(name);
  });
}

async function untrack(
  tracking: Tracking,
  request: ApiRequest,
  context: ApiContext,
): Promise<unknown> {
  const { kind, source, name, cascade } = tracking;
  const path = `${request.path}.args`;
  await changeMetadata(request, context, {
    change: ({ metadata, cache }) => {
      if (!isTracked(sourceNamed(metadata, source, request), tracking))
        throw refusal(
          request,
          "already-untracked",
          `${kind === "table" ? "view/table" : "function"} already untracked: "${nameText(name)}"`,
        );
      const dependents = kind === "table" ? dependentsOfTable(cache, tracking) : [];
      if (!cascade) refuseDependents(dependents, path);
      return withoutObject(withoutDependents(metadata, cache, dependents), objectOf(tracking));
    },
    accept: refuseNew,
  });
  return success;
}

/**
 * A request that changes the entry of a tracked function.
 * @param change is given the entry, the arguments, and the errors about a permission
 */
function changeFunction(
  change: (
    entry: JsonMap,
    args: JsonMap,
    refuse: (code: "already-exists" | "not-exists") => HasuraError,
  ) => JsonMap,
): Handler {
  return async (request, context) => {
    const tracking = readTracking("function", request);
    const { source: sourceName, name, entry: args } = tracking;
    const label = `"${nameText(name)}" in source: "${sourceName}"`;
    const refuse = (code: "already-exists" | "not-exists"): HasuraError =>
      refusal(
        request,
        code,
        `permission of role "${textAt(args, "role")}" ${code === "not-exists" ? "does not exist" : "already exists"} for function ${label}`,
      );
    await changeMetadata(request, context, {
      change: ({ metadata }) => {
        const source = sourceNamed(metadata, sourceName, request);
        if (!isTracked(source, tracking))
          throw refusal(
            request,
            "not-exists",
            `function "${nameText(name)}" does not exist in source: ${sourceName}`,
          );
        const functions = mapsAt(source, "functions").map((entry) =>
          isTracked({ functions: [entry] }, tracking) ? change(entry, args, refuse) : entry,
        );
        return changeSource(metadata, sourceName, () => normaliseSource({ ...source, functions }));
      },
      accept: refuseNewFor(objectOf(tracking).name),
    });
    return success;
  };
}

/** What depends on a table but is not part of it. */
function dependentsOfTable(cache: SchemaCache, { source, name }: Tracking) {
  const isOf = (object: object): boolean =>
    "table" in object &&
    "source" in object &&
    object.source === source &&
    JSON.stringify(object.table) === JSON.stringify(name);
  return dependentsOf(cache, ({ object }) => object.kind === "table" && isOf(object)).filter(
    ({ object }) => !isOf(object),
  );
}
