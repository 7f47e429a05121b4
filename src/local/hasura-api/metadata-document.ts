import * as z from "zod";

/** A Postgres object's name as it stands in metadata: an object, or the name alone for schema public. */
export const ObjectName = z.union([
  z.string(),
  z.looseObject({ name: z.string(), schema: z.string().default("public") }),
]);
export type ObjectName = z.infer<typeof ObjectName>;

/** An entry of `tables` or `functions`: only the name is read, everything is kept. */
const Table = z.looseObject({ table: z.unknown() });
const Function_ = z.looseObject({ function: z.unknown() });

export const SourceDocument = z.looseObject({
  name: z.string(),
  kind: z.string().default("postgres"),
  tables: z.array(Table).default([]),
  functions: z.array(Function_).optional(),
  configuration: z.unknown().optional(),
});
export type SourceDocument = z.infer<typeof SourceDocument>;

/** The metadata as far as this environment looks into it; every other key is kept as it came. */
export const MetadataDocument = z.looseObject({
  version: z.literal(3),
  sources: z.array(SourceDocument),
});
export type MetadataDocument = z.infer<typeof MetadataDocument>;

export const emptyMetadata = (): MetadataDocument => ({ version: 3, sources: [] });

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** Undefined for the names of other kinds of source (lists, datasets). */
export function qualified(name: unknown): QualifiedName | undefined {
  const read = ObjectName.safeParse(name);
  if (!read.success) return undefined;
  return typeof read.data === "string"
    ? { schema: "public", name: read.data }
    : { schema: read.data.schema, name: read.data.name };
}

/** As Hasura writes it in messages: without the schema where that is public. */
export const nameText = ({ schema, name }: QualifiedName): string =>
  schema === "public" ? name : `${schema}.${name}`;

/** The source with that name replaced by what `change` makes of it. */
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
