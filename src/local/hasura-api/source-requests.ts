import type { JsonMap } from "../../metadata/document/json.ts";
import { changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { normaliseSource } from "./document/read-document.ts";
import { anything, boolean, object, optional, required, text } from "./document/read-value.ts";
import {
  changeSource,
  textAt,
  type MetadataDocument,
  type SourceDocument,
} from "./metadata-document.ts";
import { dependentsOf, refuseDependents, withoutDependents } from "./dependents.ts";
import { nativeQueryRequests } from "./native-query-requests.ts";
import { sourceNamed } from "./named-source.ts";
import { refusal } from "./read-request.ts";
import { sourceObject } from "./schema-cache/metadata-object.ts";
import { tableRequests } from "./table-requests.ts";
import { trackingRequests } from "./tracking-requests.ts";

const success = { message: "success" };

const addSource = object([
  required("name", text),
  optional("configuration", anything, { fallback: {} }),
  optional("replace_configuration", boolean, { fallback: false }),
  optional("customization", anything),
  optional("health_check", anything),
]);

/** Changes a source; what becomes inconsistent is refused, and so is the source itself. */
async function change(
  request: ApiRequest,
  context: ApiContext,
  name: string,
  changed: (metadata: MetadataDocument) => MetadataDocument,
): Promise<unknown> {
  await changeMetadata(request, context, {
    change: ({ metadata }) => changed(metadata),
    accept: refuseNewFor(sourceObject(name).name),
  });
  return success;
}

const renameSource = object([required("name", text), required("new_name", text)]);

const updateSource = object([
  required("name", text),
  optional("configuration", anything),
  optional("customization", anything),
  optional("health_check", anything),
]);

const dropSource = object([
  required("name", text),
  optional("cascade", boolean, { fallback: false }),
]);

/** Handlers for `pg_add_source` and similar types, without the first word, which is the kind of source. */
export const sourceRequests: Readonly<Record<string, Handler>> = {
  ...trackingRequests,
  ...tableRequests,
  ...nativeQueryRequests,
  add_source: async (request, context) => {
    const args = addSource(request.args, `${request.path}.args`);
    return await change(request, context, textAt(args, "name"), (metadata) =>
      withSource(metadata, args, request),
    );
  },
  update_source: async (request, context) => {
    const args = updateSource(request.args, `${request.path}.args`);
    const name = textAt(args, "name");
    return await change(request, context, name, (metadata) => {
      const source = sourceNamed(metadata, name, request);
      return changeSource(metadata, name, () => normaliseSource({ ...source, ...args }));
    });
  },
  rename_source: async (request, context) => {
    const args = renameSource(request.args, `${request.path}.args`);
    const name = textAt(args, "new_name");
    return await change(request, context, name, (metadata) =>
      withNewName(metadata, textAt(args, "name"), name, request),
    );
  },
  drop_source: async (request, context) => {
    const args = dropSource(request.args, `${request.path}.args`);
    await changeMetadata(request, context, {
      change: ({ metadata, cache }) => {
        const { name: dropped } = sourceNamed(metadata, textAt(args, "name"), request);
        const found = dependentsOf(
          cache,
          ({ object: it }) => "source" in it && it.source === dropped,
        );
        const dependents = found.filter(
          ({ object: it }) => !("source" in it && it.source === dropped),
        );
        if (args["cascade"] !== true) refuseDependents(dependents, `${request.path}.args`);
        const kept = withoutDependents(metadata, cache, dependents);
        return { ...kept, sources: kept.sources.filter((source) => source.name !== dropped) };
      },
      accept: refuseNew,
    });
    return success;
  },
};

/** The part of a type after the kind (`pg_`, `citus_` …) when `sourceRequests` has it. */
export function sourceRequestOf(type: string): string | undefined {
  const rest = type.replace(/^(pg|postgres|citus|cockroach|mssql|bigquery)_/, "");
  return Object.hasOwn(sourceRequests, rest) ? rest : undefined;
}

function kindOf(type: string): string {
  const kind = type.slice(0, type.indexOf("_"));
  return kind === "pg" ? "postgres" : kind;
}

function withSource(
  metadata: MetadataDocument,
  args: JsonMap,
  request: ApiRequest,
): MetadataDocument {
  const { replace_configuration: replaces, configuration = {}, ...settings } = args;
  const name = textAt(args, "name");
  const known = metadata.sources.find((source) => source.name === name);
  if (known && replaces !== true)
    throw refusal(request, "already-exists", `source with name "${name}" already exists`);
  if (known)
    return changeSource(metadata, name, (source) =>
      normaliseSource({ ...source, ...settings, name, configuration }),
    );
  const kind = kindOf(request.type);
  const added = normaliseSource({ ...settings, name, kind, tables: [], configuration });
  return { ...metadata, sources: inOrder([...metadata.sources, added]) };
}

function withNewName(
  metadata: MetadataDocument,
  from: string,
  to: string,
  request: ApiRequest,
): MetadataDocument {
  const { sources } = metadata;
  if (!sources.some(({ name }) => name === from))
    throw refusal(request, "not-exists", `Could not find source with name "${from}"`);
  if (sources.some(({ name }) => name === to))
    throw refusal(request, "already-exists", `Source with name "${to}" already exists`);
  const renamed = changeSource(metadata, from, (source) => ({ ...source, name: to }));
  return { ...renamed, sources: inOrder(renamed.sources) };
}

/** Sources are sorted by name, as in an export. */
const inOrder = (sources: readonly SourceDocument[]): readonly SourceDocument[] =>
  sources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
