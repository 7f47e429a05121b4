import type { JsonMap } from "../../metadata/document/json.ts";
import { changeMetadata, refuseNew, refuseNewFor } from "./change-metadata.ts";
import type { ApiRequest, Handler } from "./context.ts";
import { normaliseSource } from "./document/read-document.ts";
import { anything, boolean, object, optional, required, text } from "./document/read-value.ts";
import { HasuraError } from "./hasura-error.ts";
import {
  changeSource,
  textAt,
  type MetadataDocument,
  type SourceDocument,
} from "./metadata-document.ts";
import { dependentsOf, refuseDependents, withoutDependents } from "./dependents.ts";
import { sourceNamed } from "./named-source.ts";
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

const dropSource = object([
  required("name", text),
  optional("cascade", boolean, { fallback: false }),
]);

/** Handlers for `pg_add_source` and similar types, without the first word, which is the kind of source. */
export const sourceRequests: Readonly<Record<string, Handler>> = {
  ...trackingRequests,
  ...tableRequests,
  add_source: async (request, context) => {
    const args = addSource(request.args, `${request.path}.args`);
    const name = textAt(args, "name");
    await changeMetadata(request, context, {
      change: ({ metadata }) => withSource(metadata, args, request),
      accept: refuseNewFor(sourceObject(name).name),
    });
    return success;
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
    throw new HasuraError(400, "already-exists", `source with name "${name}" already exists`, {
      path: `${request.path}.args`,
    });
  if (known)
    return changeSource(metadata, name, (source) =>
      normaliseSource({ ...source, ...settings, name, configuration }),
    );
  const kind = kindOf(request.type);
  const added = normaliseSource({ ...settings, name, kind, tables: [], configuration });
  return { ...metadata, sources: inOrder([...metadata.sources, added]) };
}

/** Sources are sorted by name, as in an export. */
const inOrder = (sources: readonly SourceDocument[]): readonly SourceDocument[] =>
  sources.toSorted((a, b) => (a.name < b.name ? -1 : 1));
