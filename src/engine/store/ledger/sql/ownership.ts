import { quoteLiteral } from "../../../sql/quote.ts";
import { sqlstate } from "../constants.ts";
import query from "./foreign-parts.sql";
import foreignWriters from "./foreign-writers.sql";

/** The first of these tables whose contents another role can change, and that role; no row if there is none. */
export function foreignWritersSql(tables: readonly string[]): string {
  return foreignWriters.replace("${tables}", () => tables.map(quoteLiteral).join(", "));
}

/** The first part of the ledger that belongs to somebody else, and its owner; no row if there is none. */
export const foreignPartsSql = query;

/**
 * Fails where a part of the ledger belongs to somebody else. It calls nothing of the schema itself,
 * and so stands before anything that does.
 */
export const refuseForeignPartsSql = `DO $owner$
BEGIN
  IF EXISTS (
${query}
  ) THEN
    RAISE EXCEPTION 'hasura-migrate: a part of the schema hasura_migrate belongs to another role'
      USING ERRCODE = '${sqlstate.foreignOwner}';
  END IF;
END
$owner$;`;
