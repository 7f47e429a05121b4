import type { InspectionContext, LedgerInspection } from "../../context.ts";
import { isPostgres } from "../../hasura/source-kinds.ts";
import { sendQuery } from "./client.ts";
import { schemaVersion } from "./constants.ts";
import {
  foreignOwner,
  ledgerTooNew,
  permissionDenied,
  readFacts,
  supportFrom,
  type ServerCapabilities,
} from "./install.ts";
import { foreignPartsSql } from "./sql/ownership.ts";
import { probeSql, schemaVersionSql } from "./statements.ts";

/**
 * Examines a database and its ledger: what it is, whether the ledger is there and of which version, and whether the next
 * `apply` could create it. Changes nothing, and asks each question once. Throws `HasuraCallError`.
 */
export async function inspectLedger(context: InspectionContext): Promise<LedgerInspection> {
  const { kind } = context.database;
  if (!isPostgres(kind)) return without(`its kind is ${kind}`);
  const facts = readFacts(await sendQuery(context, probeSql));
  const server = serverText(facts);
  const support = supportFrom(facts);
  if (!support.supported) return { server, ...without(support.reason) };
  // Before anything in the schema is read.
  const [part, owner] = (await sendQuery(context, foreignPartsSql)).rows[0] ?? [];
  if (typeof part === "string") {
    const failure = foreignOwner(context.database.name, { part, owner, user: facts.user });
    return { server, ledger: "the ledger belongs to another role", failure };
  }
  if (facts.hasLedger) return { server, ...(await existingLedger(context)) };
  if (facts.mayCreateSchemas)
    return { server, ledger: "no ledger yet; the first apply creates it" };
  return { server, ledger: "no ledger", failure: permissionDenied(context, facts) };
}

function without(reason: string): LedgerInspection {
  return { ledger: `no ledger, because ${reason}: see docs/guarantees.md`, warning: true };
}

/** `PostgreSQL 17.10, database user hasura`. */
function serverText({ product, user }: ServerCapabilities): string {
  const name = /^\S+ [\d.]+/.exec(product)?.[0] ?? product;
  return `${name}, database user ${user}`;
}

async function existingLedger(context: InspectionContext): Promise<LedgerInspection> {
  const found = Number((await sendQuery(context, schemaVersionSql)).rows[0]?.[0]);
  const ledger = `ledger version ${String(found)}`;
  if (found > schemaVersion) return { ledger, failure: ledgerTooNew(context, found) };
  return found < schemaVersion
    ? { ledger: `${ledger}; the next apply upgrades it to ${String(schemaVersion)}` }
    : { ledger };
}
