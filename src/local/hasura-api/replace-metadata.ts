import * as z from "zod";
import type { ApiContext, ApiRequest } from "./context.ts";
import { findInconsistencies } from "./consistency.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import { changeSource, MetadataDocument, SourceDocument } from "./metadata-document.ts";
import { versionConflict } from "./metadata-store.ts";

const Version2 = z.looseObject({
  allow_inconsistent_metadata: z.boolean().nullish(),
  metadata: z.unknown().optional(),
});
const Versioned = z.looseObject({ version: z.number().nullish() });
const WithoutSources = z.looseObject({
  tables: SourceDocument.shape.tables,
  functions: SourceDocument.shape.functions,
});

/**
 * `replace_metadata`: arguments with a `metadata` key are of version 2; others are the document itself
 * (docs/internals/hasura-metadata.md, "Applying metadata" and "Files of config version 2").
 */
export async function replaceMetadata(request: ApiRequest, context: ApiContext): Promise<unknown> {
  const wrapped =
    isObject(request.args) && "metadata" in request.args ? Version2.parse(request.args) : undefined;
  const stored = await context.store.read();
  if (request.resourceVersion !== undefined && request.resourceVersion !== stored.resourceVersion)
    throw versionConflict(request.resourceVersion);
  const document = wrapped ? wrapped.metadata : request.args;
  const metadata = readDocument(
    document,
    stored.metadata,
    wrapped ? `${request.path}.args.metadata` : `${request.path}.args`,
  );
  const inconsistent = await findInconsistencies(metadata, context.sources);
  if (inconsistent.length > 0 && wrapped?.allow_inconsistent_metadata !== true) {
    throw new HasuraError(400, "unexpected", "cannot continue due to inconsistent metadata", {
      path: `${request.path}.args`,
      internal: inconsistent,
    });
  }
  await context.store.write(metadata, stored.resourceVersion);
  return wrapped
    ? { is_consistent: inconsistent.length === 0, inconsistent_objects: inconsistent }
    : { message: "success" };
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readDocument(
  document: unknown,
  current: MetadataDocument,
  path: string,
): MetadataDocument {
  const version = Versioned.safeParse(document).data?.version ?? 1;
  if (version === 3) return readVersion3(document, path);
  if (version !== 1 && version !== 2)
    throw parseFailed(`expected 1, 2 or 3, encountered ${version}`, path);
  if (!isObject(document) || !("tables" in document))
    throw parseFailed('key "tables" not found', path);
  return intoDefault(WithoutSources.parse(document), current, path);
}

function readVersion3(document: unknown, path: string): MetadataDocument {
  const parsed = MetadataDocument.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const keys = issue?.path ?? [];
  const last = String(keys.at(-1) ?? "");
  const parent = keys
    .slice(0, -1)
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
  throw parseFailed(
    issue?.code === "invalid_type" && issue.message.includes("undefined")
      ? `the key '${last}' was not present`
      : (issue?.message ?? "malformed metadata"),
    `${path}${parent}`,
  );
}

/** A document without sources: its tables and functions replace those of `default`, and other sources are removed. */
function intoDefault(
  document: z.infer<typeof WithoutSources>,
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
  const { tables, functions, ...rest } = document;
  const replaced = changeSource({ version: 3, sources: [source] }, "default", (old) => ({
    ...old,
    tables,
    functions: functions ?? [],
  }));
  return { ...rest, ...replaced };
}
