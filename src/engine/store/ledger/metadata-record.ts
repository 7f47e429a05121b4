import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { JsonMap } from "../../../metadata/document/json.ts";
import type { MetadataRecord } from "../store.ts";
import { query } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { beginMetadataSql, endMetadataSql, forgetMetadataSql } from "./statements.ts";

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
  };
}

const compress = promisify(gzip);

function compressed(document: JsonMap): Promise<Buffer> {
  return compress(JSON.stringify(document));
}
