import * as z from "zod";
import { Failure } from "../../../protocol/failure.ts";
import { textHint } from "../../../protocol/hint.ts";
import { Version } from "../../../protocol/migration.ts";
import type { SqlResult } from "../../hasura/client.ts";
import type { KeptMigration } from "../store.ts";
import { query } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import { RecordedActor } from "./history.ts";
import { foreignWriterOf, revokeHint } from "./foreign-writer.ts";
import { keptSql, squashedSql } from "./statements.ts";

/** At most this many versions in one query: with 64 kB of down SQL each, the answer has a few megabytes. */
const versionsPerQuery = 50;

/** Reads what the ledger keeps about those of these versions that are applied. Works with ledgers of every version. */
export async function readKept(
  versions: readonly Version[],
  context: LedgerContext,
): Promise<ReadonlyMap<Version, KeptMigration>> {
  const kept = new Map<Version, KeptMigration>();
  for (let start = 0; start < versions.length; start += versionsPerQuery) {
    const some = versions.slice(start, start + versionsPerQuery);
    for (const row of rowsOf(await query(context, keptSql(some)))) kept.set(...row);
  }
  return kept;
}

/** Reads which of these versions a squash has replaced that is still applied, each with the version of the squash. */
export async function readSquashed(
  versions: readonly Version[],
  context: LedgerContext,
): Promise<ReadonlyMap<Version, Version>> {
  const { rows } = await query(context, squashedSql(versions));
  return new Map(z.array(z.tuple([Version, Version])).parse(JSON.parse(rows[0]?.[0] ?? "[]")));
}

/**
 * Refuses down SQL that another role could have written: it would run as Hasura's database user. Throws `usage/ledger-writable`.
 */
export async function refuseForeignWriters(context: LedgerContext): Promise<void> {
  const writer = await foreignWriterOf(["migration", "running"], context);
  if (writer === undefined) return;
  throw new Failure(
    "usage",
    "ledger-writable",
    `In ${context.database.name}, ${writer.role} can write to hasura_migrate.${writer.table}, which stores down SQL. That SQL would run as Hasura's database user, so it is not used. Nothing was rolled back.`,
    {
      hints: [
        revokeHint(["migration", "running"], writer),
        textHint(
          "Or roll back with the migration's own down.sql, from its branch or image. If up.sql has changed since it was applied, restore it first.",
        ),
      ],
    },
  );
}

const Row = z.tuple([Version, z.string(), z.string().nullable(), RecordedActor.nullable()]);

function rowsOf({ rows }: SqlResult): [Version, KeptMigration][] {
  return z
    .array(Row)
    .parse(JSON.parse(rows[0]?.[0] ?? "[]"))
    .map(([version, name, downSql, appliedBy]) => [
      version,
      { name, ...(downSql !== null && { downSql }), ...(appliedBy && { appliedBy }) },
    ]);
}
