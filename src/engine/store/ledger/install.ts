import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { HasuraCallError, type SqlResult } from "../../hasura/client.ts";
import { quoteIdentifier } from "../../sql/quote.ts";
import { query } from "./client.ts";
import { schemaVersion } from "./constants.ts";
import { isPostgres } from "../../hasura/source-kinds.ts";
import type { LedgerContext } from "./context.ts";
import { installationSql } from "./sql/installation.ts";
import { foreignPartsSql } from "./sql/ownership.ts";
import { probeSql } from "./statements.ts";

/** Whether a database can have a ledger. `reason` completes "it has no ledger, because …". */
export type LedgerSupport =
  | { readonly supported: true; readonly facts: ServerCapabilities }
  | { readonly supported: false; readonly reason: string };

/** The answer to `probeSql`. */
export interface ServerCapabilities {
  readonly hasLedger: boolean;
  readonly version: number;
  readonly product: string;
  readonly isStandby: boolean;
  readonly mayCreateSchemas: boolean;
  readonly user: string;
}

/**
 * Whether this database has or can have a ledger: PostgreSQL 11 or newer, not a standby, not
 * CockroachDB or YugabyteDB (docs/internals/hasura-protocol.md, "Advisory locks").
 */
export async function findLedgerSupport(context: LedgerContext): Promise<LedgerSupport> {
  const { kind } = context.database;
  if (!isPostgres(kind)) return { supported: false, reason: `its kind is ${kind}` };
  return supportFrom(readFacts(await query(context, probeSql)));
}

/** Whether a database with these facts can have a ledger. */
export function supportFrom(facts: ServerCapabilities): LedgerSupport {
  if (/cockroach|yugabyte|-YB-/i.test(facts.product))
    return { supported: false, reason: "its advisory locks have no effect" };
  if (facts.version < 110_000)
    return { supported: false, reason: "it is older than PostgreSQL 11" };
  if (facts.isStandby) return { supported: false, reason: "it is a read-only standby" };
  return { supported: true, facts };
}

/**
 * Creates or upgrades the ledger. Throws `usage/ledger-permission` where the database user lacks
 * the privileges, and `usage/ledger-owner`.
 */
export async function install(context: LedgerContext, facts: ServerCapabilities): Promise<void> {
  try {
    const installed = await query(context, installationSql);
    const found = Number(installed.rows[0]?.[0]);
    if (found > schemaVersion) throw ledgerTooNew(context, found);
  } catch (error) {
    // Somebody else may have created the schema since it was checked.
    await refuseForeignOwner(context, facts);
    const isDenied =
      error instanceof HasuraCallError &&
      (error.database?.sqlstate === "42501" || !facts.mayCreateSchemas);
    throw isDenied ? permissionDenied(context, facts, error) : error;
  }
}

/**
 * Throws `usage/ledger-owner` where the schema hasura_migrate, or something in it, belongs to
 * somebody else. Its owner could replace the functions that are called there.
 */
export async function refuseForeignOwner(
  context: LedgerContext,
  { user }: ServerCapabilities,
): Promise<void> {
  const [part, owner] = (await query(context, foreignPartsSql)).rows[0] ?? [];
  if (typeof part === "string") throw foreignOwner(context.database.name, { part, owner, user });
}

/** Refuses a ledger of which somebody else owns a part. */
export function foreignOwner(
  database: string,
  of: { readonly part: string; readonly owner: string | null | undefined; readonly user: string },
): Failure {
  const { part, owner, user } = of;
  return new Failure(
    "usage",
    "ledger-owner",
    `In ${database}, ${part} belongs to the role ${owner ?? ""}, but Hasura's database user is ${user}. The owner of any part of the ledger could run SQL as that user, so the ledger is not used.`,
    {
      hints: [
        textHint(
          `If the role is trusted, for instance because Hasura used to connect as it, run this as that role or as a superuser: ALTER SCHEMA hasura_migrate OWNER TO ${quoteIdentifier(user)}; then do the same for the tables and functions in it.`,
        ),
        textHint(
          "Otherwise, find out who created it. DROP SCHEMA hasura_migrate CASCADE; removes the ledger, and applied migrations are then recorded only in Hasura's catalog state.",
        ),
      ],
    },
  );
}

/** Refuses a ledger that a newer hasura-migrate has upgraded. */
export function ledgerTooNew(
  { database }: Pick<LedgerContext, "database">,
  found: number,
): Failure {
  return new Failure(
    "usage",
    "ledger-too-new",
    `The ledger in ${database.name} has version ${String(found)}, and this hasura-migrate supports up to ${String(schemaVersion)}.`,
    { hints: [textHint("Deploy a newer image of the function.")] },
  );
}

/** Reads the answer to `probeSql`. */
export function readFacts(result: SqlResult): ServerCapabilities {
  const [hasLedger, version, product, isStandby, mayCreateSchemas, user] = result.rows[0] ?? [];
  return {
    hasLedger: hasLedger === "t",
    version: Number(version),
    product: product ?? "",
    isStandby: isStandby === "t",
    mayCreateSchemas: mayCreateSchemas === "t",
    user: user ?? "",
  };
}

/** Shows the statement that lets the database user create the ledger. */
export function permissionDenied(
  { database }: Pick<LedgerContext, "database">,
  { user }: ServerCapabilities,
  cause?: unknown,
): Failure {
  return new Failure(
    "usage",
    "ledger-permission",
    `Hasura's database user ${user} may not create the schema hasura_migrate in ${database.name}, which contains the ledger.`,
    {
      hints: [
        textHint(
          `As the database's owner, run: CREATE SCHEMA hasura_migrate AUTHORIZATION "${user}";`,
        ),
        textHint(
          "Or set HASURA_MIGRATE_LEDGER=off and give up the exactly-once guarantee (docs/guarantees.md says what that means).",
        ),
      ],
      cause,
    },
  );
}
