import { Failure } from "../../../protocol/failure.ts";
import { HasuraCallError, type SqlResult } from "../../hasura/client.ts";
import { probe } from "./statements.ts";
import { sendUntilAnswered } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { installation, schemaVersion } from "./schema.ts";

/** What a database can have. `why` completes "… has no ledger: …". */
export type LedgerSupport =
  { readonly can: "has" | "may" } | { readonly can: "cannot"; readonly why: string };

interface Facts {
  readonly there: boolean;
  readonly version: number;
  readonly product: string;
  readonly standby: boolean;
  readonly mayCreate: boolean;
  readonly user: string;
  readonly name: string;
}

/**
 * Looks whether this database has a ledger or can have one (PostgreSQL 11 or newer, not a standby,
 * not CockroachDB or YugabyteDB: docs/internals/hasura-protocol.md, "Advisory locks").
 */
export async function ledgerSupport(
  context: LedgerContext,
): Promise<LedgerSupport & { facts?: Facts }> {
  const { kind } = context.database;
  if (kind !== "postgres" && kind !== "citus")
    return { can: "cannot", why: `it is of the kind ${kind}` };
  const facts = factsIn(await sendUntilAnswered(context, probe));
  if (/cockroach|yugabyte|-YB-/i.test(facts.product))
    return { can: "cannot", why: "its advisory locks do not lock" };
  if (facts.version < 110_000) return { can: "cannot", why: "it is older than PostgreSQL 11" };
  if (facts.standby) return { can: "cannot", why: "it is a standby, which cannot be written" };
  return { can: facts.there ? "has" : "may", facts };
}

/** Makes the ledger, or brings it up to date. Throws `usage/ledger-permission` where the database user may not. */
export async function install(context: LedgerContext, facts: Facts | undefined): Promise<void> {
  try {
    const made = await sendUntilAnswered(context, installation);
    const found = Number(made.rows[0]?.[0]);
    if (found > schemaVersion) throw tooNew(context, found);
  } catch (error) {
    if (
      error instanceof HasuraCallError &&
      (error.database?.sqlstate === "42501" || facts?.mayCreate === false)
    )
      throw notAllowed(context, facts, error);
    throw error;
  }
}

/** Refuses a ledger that a newer hasura-migrate has shaped. */
export function tooNew({ database }: LedgerContext, found: number): Failure {
  return new Failure(
    "usage",
    "ledger-too-new",
    `The ledger in ${database.name} was made by a newer hasura-migrate (shape ${String(found)}, known here: ${String(schemaVersion)}).`,
    {
      hints: ["deploy a newer image of the function"],
    },
  );
}

function factsIn(result: SqlResult): Facts {
  const [there, version, product, standby, mayCreate, user, name] = result.rows[0] ?? [];
  return {
    there: there === "t",
    version: Number(version),
    product: product ?? "",
    standby: standby === "t",
    mayCreate: mayCreate === "t",
    user: user ?? "",
    name: name ?? "",
  };
}

function notAllowed(
  { database }: LedgerContext,
  facts: Facts | undefined,
  cause: unknown,
): Failure {
  const user = facts?.user ?? "the user of Hasura";
  return new Failure(
    "usage",
    "ledger-permission",
    `The database user ${user} may not make the schema hasura_migrate in ${database.name}, where the ledger lives.`,
    {
      hints: [
        `as the database's owner: CREATE SCHEMA hasura_migrate AUTHORIZATION "${user}";`,
        "or do without exactly-once: HASURA_MIGRATE_LEDGER=off (docs/guarantees.md says what is lost)",
      ],
      cause,
    },
  );
}
