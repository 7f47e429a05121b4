import { gunzip, gzip } from "node:zlib";
import { promisify } from "node:util";
import * as z from "zod";
import type { JsonMap } from "../../../metadata/document/json.ts";
import type { MetadataChangeRecord, MetadataRecord, OpenReplacement } from "../store.ts";
import { Failure } from "../../../protocol/failure.ts";
import { JsonObject } from "../../../protocol/json-object.ts";
import { query } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { foreignWriterOf, revokeHint } from "./foreign-writer.ts";
import {
  beginMetadataSql,
  endMetadataSql,
  forgetMetadataSql,
  keptMetadataSql,
  metadataChangesSql,
  openReplacementsSql,
} from "./metadata-sql.ts";

/** The first version of the ledger's schema that has the record. */
export const recordsMetadataSince = 6;

/** The record of metadata in the ledger of one database. Its statements can be repeated. */
export function ledgerMetadataRecord(context: LedgerContext): MetadataRecord {
  const { run } = context.description;
  return {
    async begin({ number, before: { version, checksum, document } }) {
      const kept = context.keepsMetadata === false ? null : await compressed(document);
      const sql = beginMetadataSql(run, { number, version, checksum }, kept);
      return (await query(context, sql)).rows[0]?.[0] === "kept";
    },
    async end(number, after) {
      await query(context, endMetadataSql(run, number, after));
    },
    async forget(number) {
      await query(context, forgetMetadataSql(run, number));
    },
    async changes() {
      const [row] = (await query(context, metadataChangesSql)).rows;
      return Changes.parse(JSON.parse(row?.[0] ?? "[]"));
    },
    async openReplacements() {
      const [row] = (await query(context, openReplacementsSql)).rows;
      return OpenReplacements.parse(JSON.parse(row?.[0] ?? "{}"));
    },
    async document(checksum) {
      await refuseForeignMetadata(context);
      const [row] = (await query(context, keptMetadataSql(checksum))).rows;
      const text = row?.[0];
      return typeof text === "string" ? expanded(Buffer.from(text, "base64")) : undefined;
    },
  };
}

const tables = ["metadata_change", "metadata_document"];

async function refuseForeignMetadata(context: LedgerContext): Promise<void> {
  const writer = await foreignWriterOf(tables, context);
  if (writer === undefined) return;
  throw new Failure(
    "usage",
    "ledger-writable",
    `In ${context.database.name}, ${writer.role} can write to hasura_migrate.${writer.table}, which stores metadata. It could have changed what Hasura permits, so the metadata is not restored. Nothing was changed.`,
    { hints: [revokeHint(tables, writer)] },
  );
}

const [compress, expand] = [promisify(gzip), promisify(gunzip)];

function compressed(document: JsonMap): Promise<Buffer> {
  return compress(JSON.stringify(document));
}

async function expanded(bytes: Buffer): Promise<JsonMap> {
  return JsonObject.parse(JSON.parse((await expand(bytes)).toString()));
}

/** Rows of the function `metadata_changes`: absent values are null. */
const Changes = z.array(
  z
    .object({
      run: z.string(),
      number: z.int(),
      at: z.iso.datetime({ offset: true }),
      operation: z.string().nullable(),
      user: z.string().nullable(),
      inconsistent: z.array(z.object({ type: z.string(), name: z.string() })).nullable(),
      replaced: z
        .object({ version: z.int(), checksum: z.string(), isKept: z.boolean() })
        .nullable(),
    })
    .transform(({ operation, user, inconsistent, replaced, ...row }): MetadataChangeRecord => ({
      ...row,
      ...{ operation: operation ?? undefined, user: user ?? undefined },
      ...{ inconsistent: inconsistent ?? undefined, replaced: replaced ?? undefined },
    })),
);

const State = z.object({ version: z.int(), checksum: z.string() });

const Replacement = z
  .object({
    ...{ run: z.string(), number: z.int(), at: z.string(), operation: z.string().nullable() },
    ...{ before: State, after: State.nullable() },
  })
  .transform(({ operation, after, ...row }): OpenReplacement => ({
    ...row,
    ...{ operation: operation ?? undefined, after: after ?? undefined },
  }));

/** The answer of `openReplacementsSql`. */
const OpenReplacements = z
  .object({ completedAt: z.string().nullable(), replacements: z.array(Replacement) })
  .transform(({ completedAt, replacements }) => ({
    ...{ completedAt: completedAt ?? undefined, replacements },
  }));
