import * as z from "zod";
import type { ApiContext, ApiRequest, Handler } from "./context.ts";
import { missingObjects } from "./consistency.ts";
import { HasuraError, parseFailed } from "./hasura-error.ts";
import {
  changeSource,
  nameText,
  qualified,
  type MetadataDocument,
  type SourceDocument,
} from "./metadata-document.ts";
import { isPostgresFamily } from "./sources.ts";

const success = { message: "success" };
const AddSource = z.looseObject({
  name: z.string(),
  configuration: z.unknown().optional(),
  replace_configuration: z.boolean().optional(),
});
const DropSource = z.looseObject({ name: z.string() });
const Track = z.looseObject({
  source: z.string().default("default"),
  table: z.unknown().optional(),
  function: z.unknown().optional(),
});

/** Handlers for `pg_add_source` and similar types, without the first word, which is the kind of source. */
export const sourceRequests: Readonly<Record<string, Handler>> = {
  add_source: async (request, context) => {
    const args = read(AddSource, request);
    const kind = kindOf(request.type);
    return await change(context, (metadata) => {
      const known = metadata.sources.find(({ name }) => name === args.name);
      if (known && args.replace_configuration !== true) {
        throw new HasuraError(
          400,
          "already-exists",
          `source with name "${args.name}" already exists`,
          {
            path: `${request.path}.args.name`,
          },
        );
      }
      if (known)
        return changeSource(metadata, args.name, (source) => ({
          ...source,
          configuration: args.configuration,
        }));
      return {
        ...metadata,
        sources: [
          ...metadata.sources,
          { name: args.name, kind, tables: [], configuration: args.configuration },
        ],
      };
    });
  },
  drop_source: async (request, context) => {
    const { name } = read(DropSource, request);
    return await change(context, (metadata) => {
      sourceNamed(metadata, name, request);
      return { ...metadata, sources: metadata.sources.filter((source) => source.name !== name) };
    });
  },
  track_table: (request, context) => track("table", request, context),
  track_function: (request, context) => track("function", request, context),
  untrack_table: (request, context) => untrackOne("table", request, context),
  untrack_function: (request, context) => untrackOne("function", request, context),
};

/** The part of a type after the kind (`pg_`, `citus_` …) when `sourceRequests` has it. */
export function sourceRequestOf(type: string): string | undefined {
  const rest = type.replace(/^(pg|postgres|citus|cockroach|mssql|bigquery)_/, "");
  return rest in sourceRequests ? rest : undefined;
}

function kindOf(type: string): string {
  const kind = type.slice(0, type.indexOf("_"));
  return kind === "pg" ? "postgres" : kind;
}

async function track(
  kind: "table" | "function",
  request: ApiRequest,
  context: ApiContext,
): Promise<unknown> {
  const args = read(Track, request);
  const name = objectName(args[kind] ?? request.args, request);
  const { metadata } = await context.store.read();
  const source = sourceNamed(metadata, args.source, request);
  if (entriesOf(source, kind).some((entry) => sameName(entry[kind], name))) {
    throw new HasuraError(
      400,
      "already-tracked",
      `view/table already tracked: "${nameText(name)}"`,
      { path: `${request.path}.args` },
    );
  }
  const rest = Object.fromEntries(
    Object.entries(args).filter(
      ([key]) => key !== "source" && key !== "table" && key !== "function",
    ),
  );
  const changed: SourceDocument = {
    ...source,
    [`${kind}s`]: [
      ...entriesOf(source, kind),
      { ...rest, [kind]: { schema: name.schema, name: name.name } },
    ],
  };
  if (isPostgresFamily(source.kind)) await refuseMissing(changed, kind, name, request, context);
  return await change(context, (now) => changeSource(now, args.source, () => changed));
}

async function refuseMissing(
  source: SourceDocument,
  kind: "table" | "function",
  name: { schema: string; name: string },
  request: ApiRequest,
  context: ApiContext,
): Promise<void> {
  const missing = await context.sources
    .pool(source)
    .use((session) => missingObjects(source, session));
  if (!missing.some((object) => object.type === kind && nameText(object.name) === nameText(name)))
    return;
  const what =
    kind === "table" ? "no such table/view exists in source: " : "no such function exists: ";
  throw new HasuraError(400, "not-exists", `${what}"${nameText(name)}"`, {
    path: `${request.path}.args`,
  });
}

async function untrackOne(
  kind: "table" | "function",
  request: ApiRequest,
  context: ApiContext,
): Promise<unknown> {
  const args = read(Track, request);
  const name = objectName(args[kind] ?? request.args, request);
  return await change(context, (metadata) => {
    const source = sourceNamed(metadata, args.source, request);
    const kept = entriesOf(source, kind).filter((entry) => !sameName(entry[kind], name));
    if (kept.length === entriesOf(source, kind).length) {
      throw new HasuraError(
        400,
        "already-untracked",
        `${kind} already untracked: "${nameText(name)}"`,
        { path: `${request.path}.args` },
      );
    }
    return changeSource(metadata, args.source, () => ({ ...source, [`${kind}s`]: kept }));
  });
}

function entriesOf(source: SourceDocument, kind: "table" | "function"): Record<string, unknown>[] {
  return (kind === "table" ? source.tables : source.functions) ?? [];
}

function objectName(value: unknown, request: ApiRequest): { schema: string; name: string } {
  const name = qualified(value);
  if (!name)
    throw parseFailed(
      "expected a name, or an object with a name and a schema",
      `${request.path}.args`,
    );
  return name;
}

function sameName(value: unknown, name: { schema: string; name: string }): boolean {
  const other = qualified(value);
  return other !== undefined && nameText(other) === nameText(name);
}

function sourceNamed(
  metadata: MetadataDocument,
  name: string,
  request: ApiRequest,
): SourceDocument {
  const source = metadata.sources.find((candidate) => candidate.name === name);
  if (!source)
    throw new HasuraError(400, "not-exists", `source with name "${name}" does not exist`, {
      path: `${request.path}.args`,
    });
  return source;
}

function read<T>(schema: z.ZodType<T>, request: ApiRequest): T {
  const parsed = schema.safeParse(request.args);
  if (parsed.success) return parsed.data;
  throw parseFailed(
    `key "${String(parsed.error.issues[0]?.path[0] ?? "")}" not found`,
    `${request.path}.args`,
  );
}

async function change(
  context: ApiContext,
  how: (metadata: MetadataDocument) => MetadataDocument,
): Promise<unknown> {
  const { metadata, resourceVersion } = await context.store.read();
  await context.store.write(how(metadata), resourceVersion);
  return success;
}
