import * as z from "zod";
import { FailureData } from "./failure.ts";
import { Direction, MigrationState, Version } from "./migration.ts";

/*
 * What a run says, one JSON object a line. Objects are open (z.object): a newer function may add fields, and an unknown
 * `type` is shown as a plain line. `code`-like fields only ever grow; texts may change any day.
 */

const database = z.string();
const of = { database, version: Version, name: z.string(), direction: Direction };

/** First event of every run: what answers, and for whom. `books` says which promise holds. */
const runStarted = z.object({
  type: z.literal("run.started"),
  runId: z.string(),
  environment: z.string(),
  operation: z.string(),
  contract: z.object({ newest: z.int(), oldest: z.int() }),
  operations: z.array(z.string()),
  requestId: z.string(),
  /** `arn` as it was invoked: it names region and account for certain. */
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
  /** Older than something already applied. */
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
  /** The newest version that the function has a file for; with it a client can tell what it has and the function lacks. */
  newestFile: Version.optional(),
});
export type DatabasePlan = z.infer<typeof databasePlan>;

export const StatusRow = z.object({
  version: Version,
  /** Empty for a version that has no file here. */
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

/** One past run, from the ledger. The actor is the client's claim; `requestId` is what CloudTrail can confirm. */
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
  /** `finished`, `cancelled`, `paused`, or a failure as `kind/code`; absent while it goes on, and where it was killed. */
  outcome: z.string().optional(),
  /** The failure's sentence, where it ended with one. */
  failure: z.string().optional(),
  /** Not ended, and it still gives signs of life. Not ended and not live: whatever ran it has died. */
  live: z.boolean(),
  /** What it is doing right now, where the database shows it. */
  doing: z.string().optional(),
  /** What it did, in order; `what` is up, down, marked applied, marked pending, adopted or forgotten. */
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

/** Set on a part of a long list: the rest follows in the next event of the same type (`parts.ts` splits and joins). */
const more = z.literal(true).optional();

const counts = {
  applied: z.int().nonnegative(),
  notReached: z.int().nonnegative(),
  tookMs: z.number().nonnegative(),
};

/** Inconsistent metadata objects by name: those this run broke, and those that were so before. */
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
  /** The newest first. */
  z.object({ type: z.literal("history"), runs: z.array(HistoryRow), more }),
  /** Runs that have been asked to stop after the migration in hand; empty where none was in progress. */
  z.object({ type: z.literal("cancel.requested"), runs: z.array(z.string()) }),
  z.object({ type: z.literal("migration.started"), ...of }),
  z.object({
    type: z.literal("migration.applied"),
    ...of,
    tookMs: z.number().nonnegative(),
    notices: z.array(z.string()).optional(),
  }),
  z.object({
    type: z.literal("migration.failed"),
    ...of,
    tookMs: z.number().nonnegative(),
    failure: FailureData,
  }),
  /** Already done, by somebody else or in an earlier part of this run. */
  z.object({ type: z.literal("migration.skipped"), ...of, reason: z.string() }),
  /** Hasura's answer was lost; the statement may still be running. What became of it follows in another event. */
  z.object({ type: z.literal("migration.unknown"), ...of, reason: z.string() }),
  /** The books were changed without running SQL. */
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
  /** The deadline is near; the client goes on with the same runId. */
  z.object({ type: z.literal("run.paused"), reason: z.string(), ...counts }),
  z.object({ type: z.literal("run.finished"), ...counts, cancelled: z.boolean().optional() }),
  z.object({ type: z.literal("run.failed"), ...counts, failure: FailureData }),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** True for the one event that ends a stream; a stream without one has an unknown outcome. */
export function isClosing(event: { type: string }): boolean {
  return (
    event.type === "run.finished" || event.type === "run.failed" || event.type === "run.paused"
  );
}
