import * as z from "zod";
import { Actor } from "../../../protocol/request.ts";
import { compareVersions, Version } from "../../../protocol/migration.ts";
import type { SqlResult } from "../../hasura/client.ts";
import { readRehearsalLabel } from "../rehearsal-label.ts";
import type { KeptPlan } from "../store.ts";
import type { LedgerRow, LedgerView } from "./reconcile.ts";
import type { ChangePosition } from "./statements.ts";

const Generation = z.string().regex(/^\d+$/).transform(BigInt);
const Row = z.tuple([
  Version,
  z.string().nullable(),
  z.string().nullable(),
  Generation,
  z.string().nullable(),
  z.number().nullish(),
]);

/** Another live run. `ms`: how long ago it began. */
const Other = z.object({
  run: z.string(),
  actor: Actor.loose(),
  operation: z.string(),
  ms: z.number(),
});
export type OtherRun = z.infer<typeof Other>;

const Holder = z.object({
  pid: z.int(),
  state: z.string().nullable(),
  ms: z.number().nullable(),
  /** The label of a rehearsal. Absent in older ledgers. */
  rehearsal: z.string().nullish(),
});
type Holder = z.infer<typeof Holder>;

const Snapshot = z.object({
  schemaVersion: z.int(),
  generation: Generation,
  synced: Generation,
  serverId: z.string().nullable(),
  /** Absent in older ledgers, as are the next two. */
  change: Generation.nullish(),
  mark: z.string().nullish(),
  /** The versions whose record may have changed; null if the answer contains all of them. */
  touched: z.array(Version).nullish(),
  cancelAsked: z.boolean(),
  begun: z.boolean(),
  runIdTaken: z.boolean().default(false),
  deliveredTwice: z.boolean().default(false),
  /** Absent in older ledgers. `done`: direction and version, such as `up 1700`. */
  planned: z.object({ steps: z.array(z.string()), done: z.array(z.string()).nullable() }).nullish(),
  migrations: z.array(Row),
  running: z
    .object({
      version: Version,
      name: z.string(),
      direction: z.string(),
      run: z.string(),
      pid: z.int(),
      outside: z.boolean(),
      alive: z.boolean(),
    })
    .nullable(),
  gone: z.record(Version, Generation),
  /** The names of the seeds of this run, by the generation that each has made. Absent in older ledgers. */
  seeds: z.record(z.string(), z.string()).default({}),
  /** Absent in older ledgers. */
  halfRedone: Version.nullish(),
  /**
   * The session that holds the lock of a migration now; `ms`: how long its statement has been
   * running.
   */
  holder: Holder.nullable(),
  others: z.array(Other),
});

/** The session that holds the lock of a migration. */
export interface LockedBy {
  readonly pid: number;
  readonly state?: string;
  /** How long its statement has been running. */
  readonly ms?: number;
  /** A rehearsal, which is rolled back, and who started it, such as `ada (laptop)`. */
  readonly rehearsal?: { readonly by?: string };
}

/** Everything the ledger holds at one moment. */
export interface LedgerSnapshot extends LedgerView {
  readonly schemaVersion: number;
  readonly cancelAsked: boolean;
  /** This run is registered and has not ended. */
  readonly begun: boolean;
  /** The run could not be registered: its id belongs to another one. */
  readonly runIdTaken: boolean;
  /** The run could not be registered: another request is this invocation of it already. */
  readonly deliveredTwice: boolean;
  /** All that this run may do, and has done of it; undefined where it may do whatever is pending. */
  readonly planned?: KeptPlan;
  /** The names of the seeds that this run has run, by the generation that each has made. */
  readonly seeds: ReadonlyMap<bigint, string>;
  readonly holder?: LockedBy;
  readonly others: readonly OtherRun[];
  /** The point from which a later snapshot can request only changes; undefined in older ledgers. */
  readonly position?: ChangePosition;
}

/** A snapshot that contains only the changes since an earlier one. */
interface Answer extends LedgerSnapshot {
  /** The versions covered by `applied` and `gone`; undefined for all. */
  readonly touched?: readonly Version[];
}

/**
 * Reads the answer of `snapshot`, `begin_run` and `end_run`: one row, one column, JSON. Throws
 * ZodError for anything else.
 */
export function readSnapshot(result: SqlResult): LedgerSnapshot {
  return readAnswer(result);
}

/**
 * The same for `snapshot_since`, where `kept` is the snapshot to continue from. `isContinued`: false if the ledger has not continued
 * from there, and its answer is complete.
 */
export function readSnapshotSince(
  result: SqlResult,
  kept: LedgerSnapshot,
): { readonly snapshot: LedgerSnapshot; readonly isContinued: boolean } {
  const { touched, ...now } = readAnswer(result);
  if (touched === undefined) return { snapshot: now, isContinued: false };
  const snapshot = {
    ...now,
    applied: withChanges(kept.applied, touched, now.applied),
    gone: withChanges(kept.gone, touched, now.gone),
  };
  return { snapshot, isContinued: true };
}

/** Returns the same map if nothing has changed, because results computed from it are kept by its identity. */
function withChanges<T>(
  before: ReadonlyMap<Version, T>,
  touched: readonly Version[],
  now: ReadonlyMap<Version, T>,
): ReadonlyMap<Version, T> {
  if (touched.length === 0) return before;
  const after = new Map(before);
  for (const version of touched) after.delete(version);
  // In the order of a complete answer.
  return new Map([...after, ...now].sort(([a], [b]) => compareVersions(a, b)));
}

function readAnswer(result: SqlResult): Answer {
  const text = result.rows[0]?.[0];
  const {
    serverId,
    migrations,
    running,
    gone,
    holder,
    halfRedone,
    planned,
    change,
    mark,
    touched,
    seeds,
    ...rest
  } = Snapshot.parse(JSON.parse(text ?? "null"));
  return {
    ...rest,
    ...(serverId !== null && { serverId }),
    ...(typeof change === "bigint" && typeof mark === "string" && { position: { change, mark } }),
    ...(touched && { touched }),
    applied: new Map(migrations.map((row) => [row[0], toLedgerRow(row)])),
    gone: new Map(Object.entries(gone)),
    seeds: new Map(Object.entries(seeds).map(([made, name]) => [BigInt(made), name])),
    ...(running && { running }),
    ...(typeof halfRedone === "string" && { halfRedone }),
    ...(planned && {
      planned: { steps: new Set(planned.steps), done: new Set(planned.done ?? []) },
    }),
    ...(holder && { holder: toHolder(holder) }),
  };
}

function toHolder({ pid, state, ms, rehearsal }: Holder): LockedBy {
  const isRehearsal = typeof rehearsal === "string";
  return {
    pid,
    ...(state !== null && { state }),
    ...(ms !== null && { ms }),
    ...(isRehearsal && { rehearsal: rehearsalFrom(rehearsal) }),
  };
}

function rehearsalFrom(label: string): NonNullable<LockedBy["rehearsal"]> {
  const { user = "", host = "" } = readRehearsalLabel(label)?.actor ?? {};
  if (user === "") return {};
  return { by: host === "" ? user : `${user} (${host})` };
}

/** A session that blocks a run, for messages: `a rehearsal by ada (laptop)`. */
export function describeLockedBy({ pid, rehearsal }: LockedBy): string {
  if (!rehearsal) return `a migration that is still running (pid ${String(pid)})`;
  return rehearsal.by === undefined
    ? `a rehearsal (pid ${String(pid)})`
    : `a rehearsal by ${rehearsal.by}`;
}

function toLedgerRow([, checksum, run, generation, appliedAt, ms]: z.infer<typeof Row>): LedgerRow {
  return {
    generation,
    ...(checksum !== null && { checksum }),
    ...(run !== null && { run }),
    ...(appliedAt !== null && { appliedAt: new Date(appliedAt) }),
    ...(typeof ms === "number" && { ms }),
  };
}
