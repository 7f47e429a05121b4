import * as z from "zod";
import { findInconsistencies } from "./consistency.ts";
import type { ApiRequest, Handler } from "./context.ts";
import { untrack } from "./dependents.ts";
import { trackedObjects } from "./consistency.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import { emptyMetadata, type MetadataDocument } from "./metadata-document.ts";
import { replaceMetadata } from "./replace-metadata.ts";
import { sourceRequestOf, sourceRequests } from "./source-requests.ts";

const success = { message: "success" };
const SetState = z.looseObject({ type: z.string(), state: z.unknown().optional() });

const handlers: Readonly<Record<string, Handler>> = {
  get_catalog_state: async (_request, { store }) => await store.state(),
  set_catalog_state: async (request, { store }) => {
    const args = SetState.safeParse(request.args).data;
    if (!args) throw parseFailed('key "type" not found', `${request.path}.args`);
    if (args.type !== "cli" && args.type !== "console") {
      throw parseFailed(
        `parsing CatalogStateType failed, expected one of the tags ["cli","console"], but found tag "${args.type}"`,
        `${request.path}.args.type`,
      );
    }
    await store.setState(args.type, args.state ?? null);
    return success;
  },
  export_metadata: async (request, { store }) => {
    const { metadata, resourceVersion } = await store.read();
    return request.version === 2 ? { resource_version: resourceVersion, metadata } : metadata;
  },
  replace_metadata: replaceMetadata,
  reload_metadata: async (_request, { store, sources }) => {
    const { metadata } = await store.read();
    const inconsistent = await findInconsistencies(metadata, sources);
    return {
      ...success,
      is_consistent: inconsistent.length === 0,
      inconsistent_objects: inconsistent,
    };
  },
  get_inconsistent_metadata: async (_request, { store, sources }) => {
    const inconsistent = await findInconsistencies((await store.read()).metadata, sources);
    return { is_consistent: inconsistent.length === 0, inconsistent_objects: inconsistent };
  },
  drop_inconsistent_metadata: async (_request, { store, sources }) => {
    const { metadata, resourceVersion } = await store.read();
    const names = new Set((await findInconsistencies(metadata, sources)).map(({ name }) => name));
    let kept: MetadataDocument = {
      ...metadata,
      sources: metadata.sources.filter(({ name }) => !names.has(`source ${name}`)),
    };
    for (const source of kept.sources) {
      const gone = trackedObjects(source).filter(({ type, name }) =>
        names.has(
          `${type} ${name.schema === "public" ? "" : `${name.schema}.`}${name.name} in source ${source.name}`,
        ),
      );
      kept = untrack(kept, source.name, gone);
    }
    await store.write(kept, resourceVersion);
    return success;
  },
  clear_metadata: async (_request, { store }) => {
    await store.write(emptyMetadata(), (await store.read()).resourceVersion);
    return success;
  },
  get_source_tables: () => Promise.resolve([]),
};

/** One request to `/v1/metadata`. */
export const metadataRequest: Handler = async (request, context) => {
  if (request.type === "bulk" || request.type === "bulk_keep_going")
    return await bulk(request, (one) => metadataRequest(one, context));
  const rest = sourceRequestOf(request.type);
  const handler = handlers[request.type] ?? (rest === undefined ? undefined : sourceRequests[rest]);
  if (handler) return await handler(request, context);
  // The message is the server's; a real Hasura supports more types.
  throw parseFailed(`unrecognised RQLMetadataV1 query type: ${request.type}`, request.path);
};

/** Runs the items of a bulk in order. The first error ends it, with the path of its item. */
export async function bulk(
  request: ApiRequest,
  run: (one: ApiRequest) => Promise<unknown>,
): Promise<unknown[]> {
  const items = z.array(z.unknown()).safeParse(request.args).data;
  if (!items) throw parseFailed("parsing list failed, expected Array", `${request.path}.args`);
  const answers: unknown[] = [];
  for (const [i, item] of items.entries())
    answers.push(await run(readRequest(item, `${request.path}.args[${i}]`)));
  return answers;
}

const Envelope = z.looseObject({
  type: z.string(),
  version: z.number().optional(),
  resource_version: z.number().optional(),
  args: z.unknown().optional(),
});

/**
 * Parses JSON as a request.
 * @throws HasuraError parse-failed
 */
export function readRequest(json: unknown, path = "$"): ApiRequest {
  const parsed = Envelope.safeParse(json);
  if (!parsed.success) {
    const key = parsed.error.issues[0]?.path[0];
    throw key === undefined
      ? parseFailed("parsing Object failed, expected Object", path)
      : parseFailed(`key "${String(key)}" not found`, path);
  }
  const { type, version, resource_version, args } = parsed.data;
  if (args === undefined && type !== "export_metadata" && type !== "get_catalog_state")
    throw new HasuraError(400, "parse-failed", 'key "args" not found', { path });
  return {
    type,
    args: args ?? {},
    path,
    ...(version !== undefined && { version }),
    ...(resource_version !== undefined && { resourceVersion: resource_version }),
  };
}
