import * as z from "zod";
import { FailureData } from "./failure.ts";
import { Direction, MigrationState, Version } from "./migration.ts";

/*
 * Events of a run, one JSON object a line. Objects are open (z.object), so that a newer function may add fields; an
 * unknown `type` is shown as a plain line. Codes only grow; texts may change at any time.
 */

const database = z.string();
const migrationFields = { database, version: Version, name: z.string(), direction: Direction };

/** First event of every run: which function answers, and for which environment. `store` tells which guarantees hold. */
const runStarted = z.object({
  type: z.literal("run.started"),
  runId: z.string(),
  environment: z.string(),
  operation: z.string(),
  contract: z.object({ newest: z.int(), oldest: z.int() }),
  operations: z.array(z.string()),
  requestId: z.string(),
  /** `arn` is the one that was invoked, and so names the region and the account reliably. */
  function: z.object({
    name: z.string(),
    version: z.string(),
    package: z.string(),
    arn: z.string().optional(),
  }),
  image: z.object({ commit: z.string().optional(), builtAt: z.string().optional() }),
  hasura: z.object({ version: z.string().optional() }),
  engine: z.enum(["native", "hasura-cli"]),
  store: z.enum(["catalog", "ledger"]),
  migrations: z.enum(["image", "upload"]),
  protected: z.boolean(),
  at: z.iso.datetime(),
});

export const PlanItem = z.object({
  version: Version,
  name: z.string(),
  direction: Direction,
  /** Path from the project's root, in forward slashes. */
  file: z.string(),
  lines: z.int().nonnegative(),
  transaction: z.boolean(),
  /** Older than a version that is already applied. */
  outOfOrder: z.boolean().optional(),
  /** Only in the answer to `plan`. */
  sql: z.string().optional(),
});
export type PlanItem = z.infer<typeof PlanItem>;

const databasePlan = z.object({
  database,
  kind: z.string(),
  applied: z.int().nonnegative(),
  items: z.array(PlanItem),
  /** The newest version among the function's files, so that a client can find newer files of its own. */
  newestFile: Version.optional(),
});
export type DatabasePlan = z.infer<typeof databasePlan>;

export const StatusRow = z.object({
  version: Version,
  /** Empty for a version without a file. */
  name: z.string(),
  state: MigrationState,
  hasDown: z.boolean().optional(),
  appliedAt: z.iso.datetime().optional(),
  run: z.string().optional(),
});
export type StatusRow = z.infer<typeof StatusRow>;
const databaseStatus = z.object({
  database,
  kind: z.string(),
  store: z.enum(["catalog", "ledger"]),
  migrations: z.array(StatusRow),
});
export type DatabaseStatus = z.infer<typeof databaseStatus>;

/** A run in the ledger. The actor is the client's claim; CloudTrail can confirm `requestId`. */
export const HistoryRow = z.object({
  run: z.string(),
  operation: z.string(),
  user: z.string(),
  host: z.string(),
  gitCommit: z.string().optional(),
  gitBranch: z.string().optional(),
  ciJob: z.string().optional(),
  imageCommit: z.string().optional(),
  requestId: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  /** `finished`, `cancelled`, `paused`, or a failure as `kind/code`; missing while the run continues and if it was killed. */
  outcome: z.string().optional(),
  /** The failure's message, if it ended with one. */
  failure: z.string().optional(),
  /** True while a run that has not ended shows activity. Neither ended nor live means that its function died. */
  live: z.boolean(),
  /** What it is doing now, where the database shows it. */
  doing: z.string().optional(),
  /** Its changes, in order; `what` is up, down, marked applied, marked pending, adopted or forgotten. */
  migrations: z.array(
    z.object({
      database,
      version: Version,
      name: z.string(),
      what: z.string(),
      ms: z.number().optional(),
    }),
  ),
});
export type HistoryRow = z.infer<typeof HistoryRow>;

/** Set on a part of a long list: the next event of the same type continues it (see split-list-events.ts). */
const more = z.literal(true).optional();

const counts = {
  applied: z.int().nonnegative(),
  notReached: z.int().nonnegative(),
  tookMs: z.number().nonnegative(),
};

/** Inconsistent metadata objects: those that this run broke, by name, and how many were inconsistent before. */
const inconsistency = z.object({
  broken: z.array(z.object({ type: z.string(), name: z.string(), reason: z.string() })),
  before: z.int().nonnegative(),
});

export const RunEvent = z.discriminatedUnion("type", [
  runStarted,
  z.object({
    type: z.literal("plan"),
    dryRun: z.boolean().optional(),
    databases: z.array(databasePlan),
    more,
  }),
  z.object({ type: z.literal("status"), databases: z.array(databaseStatus), more }),
  /** Newest first. */
  z.object({ type: z.literal("history"), runs: z.array(HistoryRow), more }),
  /** Ids of the runs that were asked to stop after their current migration; empty if none was in progress. */
  z.object({ type: z.literal("cancel.requested"), runs: z.array(z.string()) }),
  z.object({ type: z.literal("migration.started"), ...migrationFields }),
  z.object({
    type: z.literal("migration.applied"),
    ...migrationFields,
    tookMs: z.number().nonnegative(),
    notices: z.array(z.string()).optional(),
  }),
  z.object({
    type: z.literal("migration.failed"),
    ...migrationFields,
    tookMs: z.number().nonnegative(),
    failure: FailureData,
  }),
  /** Already done, by another run or in an earlier part of this one. */
  z.object({ type: z.literal("migration.skipped"), ...migrationFields, reason: z.string() }),
  /** Hasura's answer was lost, and the statement may still be running. A later event reports the outcome. */
  z.object({ type: z.literal("migration.unknown"), ...migrationFields, reason: z.string() }),
  /** The record of applied migrations was changed without running SQL. */
  z.object({
    type: z.literal("migration.marked"),
    database,
    version: Version,
    name: z.string(),
    as: z.enum(["applied", "pending"]),
  }),
  z.object({
    type: z.literal("waiting"),
    reason: z.enum(["hasura", "run", "lock", "outcome"]),
    message: z.string(),
    waitedMs: z.number().nonnegative(),
  }),
  z.object({ type: z.literal("heartbeat"), at: z.iso.datetime() }),
  z.object({
    type: z.literal("log"),
    level: z.enum(["debug", "info", "warning"]),
    code: z.string(),
    message: z.string(),
  }),
  z.object({
    type: z.literal("metadata.reloaded"),
    tookMs: z.number().nonnegative(),
    inconsistent: inconsistency,
  }),
  /** The deadline is near; the client continues the run with the same runId. */
  z.object({ type: z.literal("run.paused"), reason: z.string(), ...counts }),
  z.object({ type: z.literal("run.finished"), ...counts, cancelled: z.boolean().optional() }),
  z.object({ type: z.literal("run.failed"), ...counts, failure: FailureData }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** True for the event that ends a stream. A stream without one has an unknown outcome. */
export function isClosing(event: { type: string }): boolean {
  return (
    event.type === "run.finished" || event.type === "run.failed" || event.type === "run.paused"
  );
}
