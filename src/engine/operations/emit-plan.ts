import type { DatabasePlan, PlanItem } from "../../protocol/plan-items.ts";
import { migrationLabel } from "../../protocol/migration.ts";
import { shortenList } from "../../shorten-list.ts";
import type { EngineContext } from "../context.ts";
import { emit, warn } from "../emit.ts";
import type { PreparedPlan } from "../plan/prepare-plan.ts";
import type { Selection } from "../plan/select-steps.ts";
import type { EngineSession } from "../session.ts";

/** Sends a plan to the caller: for a dry run also who applied what is rolled back. */
export async function emitPlan(
  plan: PreparedPlan,
  dryRun: boolean,
  session: EngineSession,
  engine: EngineContext,
): Promise<void> {
  const databases = dryRun ? await withUsers(plan, session) : plan.databases;
  const { fingerprint } = plan;
  await emit(engine, {
    type: "plan",
    ...(dryRun && { dryRun }),
    fingerprint,
    databases: [...databases],
  });
}

/** The plan with the users who applied what is rolled back, where the ledger knows them. */
async function withUsers(
  plan: PreparedPlan,
  { databases }: EngineSession,
): Promise<DatabasePlan[]> {
  return Promise.all(
    plan.databases.map(async (database): Promise<DatabasePlan> => {
      const state = databases.find((other) => other.database.name === database.database);
      const runOf = ({ version, direction }: PlanItem): string | undefined =>
        direction === "down" ? state?.recorded.get(version)?.run : undefined;
      const runs = [...new Set(database.items.flatMap((item) => runOf(item) ?? []))];
      if (runs.length === 0) return database;
      const actors = await state?.store.runs?.actors(runs);
      const items = database.items.map((item) => {
        const actor = actors?.get(runOf(item) ?? "");
        return actor === undefined ? item : { ...item, appliedBy: actor.user };
      });
      return { ...database, items };
    }),
  );
}

/** Names migrations that run after newer versions, which may have been written without them in mind. */
export async function warnOutOfOrder(
  { databases }: PreparedPlan,
  { operation }: Selection,
  engine: EngineContext,
): Promise<void> {
  if (operation !== "apply" && operation !== "reset-to") return;
  for (const { database, items } of databases) {
    const late = items.filter(({ outOfOrder }) => outOfOrder === true);
    const names = late.map((migration) => migrationLabel(migration));
    if (names.length > 0)
      await warn(
        engine,
        "out-of-order",
        `Out of order, older than an applied version in ${database}: ${shortenList(names)}.`,
      );
  }
}
