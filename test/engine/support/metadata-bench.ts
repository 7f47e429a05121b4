import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { TestContext } from "vitest";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import type { EngineContext } from "../../../src/engine/execute.ts";
import type { Json, JsonMap } from "../../../src/metadata/document/json.ts";
import { uploadedMetadata } from "../../../src/metadata/document/metadata-document.ts";
import type { Request } from "../../../src/protocol/request.ts";
import { query } from "../../support/postgres.ts";
import { asked, ledgerBench, type LedgerBench } from "./ledger-bench.ts";
import type { Ran } from "./run.ts";

/** Metadata of a server, in a test: documents that share its connection. */
export interface MetadataBench extends LedgerBench {
  /** A document with the server's own connection, these tables, and more. */
  readonly document: (tables: readonly string[], more?: Readonly<Record<string, Json>>) => JsonMap;
  /** Applies a document as the project's metadata. */
  readonly apply: (
    document: JsonMap,
    options?: object,
    more?: Partial<EngineContext>,
    hasura?: Hasura,
  ) => Promise<Ran>;
  /** What the server has. */
  readonly stored: () => Promise<{ readonly version: number; readonly document: JsonMap }>;
  /** Replaces it as another writer does. */
  readonly write: (document: JsonMap) => Promise<void>;
  /** The documents that the ledger keeps, the oldest first. */
  readonly kept: () => Promise<JsonMap[]>;
  /** The records of replacements: versions before and after. */
  readonly recorded: () => Promise<Record<string, unknown>[]>;
}

/** A database with the tables `users`, `orders` and `items`, whose metadata tracks none. */
export async function metadataBench(t: TestContext): Promise<MetadataBench> {
  const it = await ledgerBench(t);
  for (const table of ["users", "orders", "items"])
    await query(it.url, `CREATE TABLE ${table} (id int PRIMARY KEY)`);
  const { sources } = (await it.hasura.readMetadata()).document;
  const [source] = sources as [JsonMap];
  const write = async (document: JsonMap): Promise<void> => {
    const { resourceVersion } = await it.hasura.readMetadata();
    await it.hasura.replaceMetadata({ document, resourceVersion, allowInconsistent: true });
  };
  return {
    ...it,
    document: (tables, more = {}) => ({
      version: 3,
      sources: [
        { ...source, tables: tables.map((name) => ({ table: { schema: "public", name } })) },
      ],
      ...more,
    }),
    apply: (document, options = {}, more = {}) =>
      it.run({}, askedToApply(options), { ...projectWith(document), ...more }),
    stored: async () => {
      const { resourceVersion, document } = await it.hasura.readMetadata();
      return { version: resourceVersion, document };
    },
    write,
    kept: async () =>
      (
        await query(
          it.url,
          `SELECT d.document FROM hasura_migrate.metadata_document AS d
           JOIN hasura_migrate.metadata_change AS m ON m.checksum_before = d.checksum ORDER BY m.at`,
        )
      ).map(({ document }) => JSON.parse(gunzipSync(document as Buffer).toString()) as JsonMap),
    recorded: () =>
      query(
        it.url,
        `SELECT number, version_before::int, version_after::int, inconsistent
         FROM hasura_migrate.metadata_change ORDER BY at`,
      ),
  };
}

/** The document with parts of its first table, or of another one. */
export function withParts(document: JsonMap, parts: JsonMap, index = 0): JsonMap {
  const [source, ...others] = document["sources"] as { tables: JsonMap[] }[];
  assert.ok(source);
  const tables = source.tables.map((table, i) => (i === index ? { ...table, ...parts } : table));
  return { ...document, sources: [{ ...source, tables }, ...others] };
}

/** A request of a run of its own. */
export const askedToApply = (options: object = {}): Request => asked("metadata-apply", options);

/** The part of an engine that has this document as the project's metadata. */
export function projectWith(
  document: JsonMap,
  configVersion: 2 | 3 = 3,
): Required<Pick<EngineContext, "projectMetadata">> {
  const upload = { format: 1, configVersion, from: { directory: "shop" }, document } as const;
  return {
    projectMetadata: () =>
      Promise.resolve(
        uploadedMetadata({
          ...upload,
          document: structuredClone(document) as typeof document & Record<string, never>,
        }),
      ),
  };
}
