import { textHint, type Hint } from "../../../protocol/hint.ts";
import { quoteIdentifier } from "../../sql/quote.ts";
import { query } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { foreignWritersSql } from "./sql/ownership.ts";

/** A role that can change what is stored in a table of the ledger, although it does not own it. */
export interface ForeignWriter {
  readonly table: string;
  /** Or `PUBLIC`. */
  readonly role: string;
}

/** The first role that can change one of these tables of the ledger and does not own it. */
export async function foreignWriterOf(
  tables: readonly string[],
  context: LedgerContext,
): Promise<ForeignWriter | undefined> {
  const [table, role] = (await query(context, foreignWritersSql(tables))).rows[0] ?? [];
  return typeof table === "string" && typeof role === "string" ? { table, role } : undefined;
}

/** How to revoke the privileges. */
export function revokeHint(tables: readonly string[], { role }: ForeignWriter): Hint {
  const grantee = role === "PUBLIC" ? role : quoteIdentifier(role);
  const names = tables.map((table) => `hasura_migrate.${table}`).join(", ");
  return textHint(
    `Revoke the privileges: REVOKE ALL ON ${names} FROM ${grantee}; (SELECT can be granted again).`,
  );
}
