import type { MetadataAfter } from "../store.ts";
import { quoteLiteral } from "../../sql/quote.ts";
import { call, json, readCommitted } from "./sql-call.ts";

/** Records that the run is about to replace metadata; `document` is compressed, and null if it is not kept. Returns `kept` or `stopped`. */
export function beginMetadataSql(
  run: string,
  change: { readonly number: number; readonly version: number; readonly checksum: string },
  document: Buffer | null,
): string {
  const kept =
    document === null ? "NULL" : `pg_catalog.decode('${document.toString("base64")}', 'base64')`;
  return call("begin_metadata", quoteLiteral(run), json(change), kept);
}

/** Records what the metadata is after a replacement or a reload. */
export function endMetadataSql(
  run: string,
  number: number,
  { version, checksum, inconsistent }: MetadataAfter,
): string {
  const after = {
    ...{ version, checksum },
    inconsistent: inconsistent.map(({ type, name }) => ({ type, name })),
  };
  return call("end_metadata", quoteLiteral(run), String(number), json(after));
}

/** What is recorded of the metadata, the newest first, as JSON. */
export const metadataChangesSql = call("metadata_changes");

/**
 * When the metadata was last applied or restored by a run that finished, and the replacements since then, the newest first, as JSON. A run
 * without metadata does not count, whatever it was asked for.
 */
export const openReplacementsSql = `${readCommitted}
WITH completed AS (
  SELECT pg_catalog.max(done.ended_at) AS at
  FROM hasura_migrate.run AS done
  WHERE done.outcome OPERATOR(pg_catalog.=) 'finished'::pg_catalog.text AND (
    done.operation OPERATOR(pg_catalog.=) ANY (ARRAY['metadata-apply', 'metadata-restore']::pg_catalog.text[])
    OR done.operation OPERATOR(pg_catalog.=) 'apply'::pg_catalog.text
    AND (done.options OPERATOR(pg_catalog.->>) 'metadata'::pg_catalog.text) OPERATOR(pg_catalog.<>) 'false'::pg_catalog.text
  )
)
SELECT pg_catalog.json_build_object(
  'completedAt', (SELECT hasura_migrate.iso_time(at) FROM completed),
  'replacements', COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
    'run', m.run,
    'operation', r.operation,
    'number', m.number,
    'at', hasura_migrate.iso_time(m.at),
    'before', pg_catalog.json_build_object('version', m.version_before, 'checksum', m.checksum_before),
    'after', CASE WHEN m.checksum_after IS NOT NULL THEN
      pg_catalog.json_build_object('version', m.version_after, 'checksum', m.checksum_after)
    END
  ) ORDER BY m.at DESC), '[]')
)::pg_catalog.text
FROM hasura_migrate.metadata_change AS m
LEFT JOIN hasura_migrate.run AS r ON r.id OPERATOR(pg_catalog.=) m.run
WHERE m.checksum_before IS NOT NULL AND NOT EXISTS (
  SELECT FROM completed WHERE completed.at OPERATOR(pg_catalog.>) m.at
)`;

/** A document that was replaced, compressed, in base64. */
export function keptMetadataSql(checksum: string): string {
  return call("kept_metadata", quoteLiteral(checksum));
}

/** Removes the record of a replacement that did not happen. */
export function forgetMetadataSql(run: string, number: number): string {
  return call("forget_metadata", quoteLiteral(run), String(number));
}
