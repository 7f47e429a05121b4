import * as z from "zod";

/** A Postgres object's name in the metadata: an object, or a plain name in schema public. */
export const ObjectName = z.union([
  z.string(),
  z.looseObject({ name: z.string(), schema: z.string().default("public") }),
]);
export type ObjectName = z.infer<typeof ObjectName>;

/** Entries of `tables` and `functions`: only the name is read, and everything is kept. */
const TableEntry = z.looseObject({ table: z.unknown() });
const FunctionEntry = z.looseObject({ function: z.unknown() });

/** A source in the metadata; unknown keys are kept. */
export const SourceDocument = z.looseObject({
  name: z.string(),
  kind: z.string().default("postgres"),
  tables: z.array(TableEntry).default([]),
  functions: z.array(FunctionEntry).optional(),
  configuration: z.unknown().optional(),
});
export type SourceDocument = z.infer<typeof SourceDocument>;

/** The metadata; keys that this environment does not use are kept unchanged. */
export const MetadataDocument = z.looseObject({
  version: z.literal(3),
  sources: z.array(SourceDocument),
});
export type MetadataDocument = z.infer<typeof MetadataDocument>;

/** The metadata of a new server. */
export const emptyMetadata = (): MetadataDocument => ({ version: 3, sources: [] });

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** Reads an object's name; undefined for the names of other kinds of source (lists, datasets). */
export function qualified(name: unknown): QualifiedName | undefined {
  const read = ObjectName.safeParse(name);
  if (!read.success) return undefined;
  return typeof read.data === "string"
    ? { schema: "public", name: read.data }
    : { schema: read.data.schema, name: read.data.name };
}

/** A name as in Hasura's messages: without the schema `public`. */
export const nameText = ({ schema, name }: QualifiedName): string =>
  schema === "public" ? name : `${schema}.${name}`;

/** The metadata with `change` applied to the source of that name. */
export function changeSource(
  metadata: MetadataDocument,
  name: string,
  change: (source: SourceDocument) => SourceDocument,
): MetadataDocument {
  return {
    ...metadata,
    sources: metadata.sources.map((source) => (source.name === name ? change(source) : source)),
  };
}
