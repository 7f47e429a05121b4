import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { acceptAll, changeMetadata, refuseAny, reportsOf } from "./change-metadata.ts";
import type { ApiContext, ApiRequest } from "./context.ts";
import { readVersion3, readWithoutSources } from "./document/read-document.ts";
import { boolean, wrongType } from "./document/read-value.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import {
  mapsAt,
  textAt,
  withoutKey,
  type MetadataDocument,
  type SourceDocument,
} from "./metadata-document.ts";
import { metadataWarnings } from "./metadata-warnings.ts";

/**
 * `replace_metadata`: arguments with a `metadata` key are of version 2; others are the document itself
 * (docs/internals/hasura-metadata.md, "Applying metadata" and "Files of config version 2").
 */
export async function replaceMetadata(request: ApiRequest, context: ApiContext): Promise<unknown> {
  const { args, path } = request;
  if (!isJsonMap(args)) throw wrongType("ReplaceMetadata", "Object", args, `${path}.args`);
  const isVersion2 = Object.hasOwn(args, "metadata");
  const allowsInconsistent = isVersion2 && flag(args, "allow_inconsistent_metadata", false, path);
  const allowsWarnings = !isVersion2 || flag(args, "allow_warnings", true, path);
  const read = isVersion2
    ? readDocument(args["metadata"] ?? null, `${path}.args.metadata`)
    : readDocument(args, `${path}.args`);
  let warnings: readonly object[] = [];
  const { cache } = await changeMetadata(request, context, {
    change: ({ metadata: current }) => {
      const replaced = keepOtherCronTriggers(read(current), current, `${path}.args`);
      refuseRepeatedTriggers(replaced, current, `${path}.args`);
      warnings = metadataWarnings(replaced, current);
      return replaced;
    },
    accept: (before, after, at) => {
      (allowsInconsistent ? acceptAll : refuseAny)(before, after, at);
      if (!allowsWarnings && warnings.length > 0)
        throw new HasuraError(400, "metadata-warnings", "failed due to metadata warnings", {
          path: at,
          internal: warnings,
        });
    },
  });
  const withWarnings = { ...(warnings.length > 0 && { warnings }) };
  return isVersion2
    ? {
        is_consistent: cache.inconsistencies.length === 0,
        inconsistent_objects: reportsOf(cache.inconsistencies),
        ...withWarnings,
      }
    : { message: "success", ...withWarnings };
}

function flag(args: JsonMap, key: string, byDefault: boolean, path: string): boolean {
  const value = args[key] ?? null;
  return value === null ? byDefault : boolean(value, `${path}.args.${key}`);
}

/** Reads the document; what it replaces may depend on the current metadata. */
function readDocument(
  document: Json,
  path: string,
): (current: MetadataDocument) => MetadataDocument {
  if (!isJsonMap(document)) throw wrongType("ReplaceMetadataV1", "Object", document, path);
  const version = document["version"] ?? 1;
  if (version === 3) {
    const read = readVersion3(document, path);
    return () => read;
  }
  if (version !== 1 && version !== 2)
    throw parseFailed(
      `expected 1, 2 or 3, encountered ${JSON.stringify(version)}`,
      `${path}.version`,
    );
  if (document["tables"] === undefined) throw parseFailed('key "tables" not found', path);
  const { tables, functions, settings } = readWithoutSources(document, path);
  return (current) => intoDefault({ tables, functions }, settings, current, path);
}

/**
 * A document without sources: its tables and functions replace those of `default`, and other sources are removed. REST endpoints
 * stay as they are, and everything else that such a document cannot contain is reset.
 */
function intoDefault(
  parts: { readonly tables: readonly JsonMap[]; readonly functions: readonly JsonMap[] },
  settings: JsonMap,
  current: MetadataDocument,
  path: string,
): MetadataDocument {
  const source = current.sources.find(({ name }) => name === "default");
  if (!source)
    throw new HasuraError(
      400,
      "not-supported",
      "cannot import metadata without sources since no default source is defined",
      { path },
    );
  const replaced: SourceDocument = {
    ...withoutKey(source, "functions"),
    ...{ name: source.name, kind: source.kind, tables: parts.tables },
    ...(parts.functions.length > 0 && { functions: parts.functions }),
  };
  const endpoints = mapsAt(current, "rest_endpoints");
  return {
    ...{ version: 3, sources: [replaced] },
    ...settings,
    ...(endpoints.length > 0 && { rest_endpoints: endpoints }),
  };
}

/** Cron triggers that are not part of the metadata are not replaced. */
function keepOtherCronTriggers(
  replaced: MetadataDocument,
  current: MetadataDocument,
  path: string,
): MetadataDocument {
  const others = mapsAt(current, "cron_triggers").filter(
    (trigger) => trigger["include_in_metadata"] === false,
  );
  const added = mapsAt(replaced, "cron_triggers");
  for (const trigger of added)
    if (others.some(({ name }) => name === trigger["name"]))
      throw new HasuraError(
        400,
        "already-exists",
        `cron trigger with name "${textAt(trigger, "name")}" already exists as a cron trigger with "included_in_metadata" as false`,
        { path },
      );
  return others.length === 0 ? replaced : { ...replaced, cron_triggers: [...added, ...others] };
}

/** The server checks only sources that exist already. */
function refuseRepeatedTriggers(
  replaced: MetadataDocument,
  current: MetadataDocument,
  path: string,
): void {
  for (const { name, tables } of replaced.sources) {
    if (!current.sources.some((source) => source.name === name)) continue;
    const names = tables.flatMap((table) =>
      mapsAt(table, "event_triggers").map((trigger) => textAt(trigger, "name")),
    );
    const repeated = [...new Set(names.filter((each, i) => names.indexOf(each) !== i))];
    if (repeated.length > 0)
      throw new HasuraError(
        400,
        "not-supported",
        `Event trigger with duplicate names not allowed: ${repeated.map((each) => `"${each}"`).join(", ")}`,
        { path },
      );
  }
}
