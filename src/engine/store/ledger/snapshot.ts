import * as z from "zod";
import { Actor } from "../../../protocol/request.ts";
import { Version } from "../../../protocol/migration.ts";
import type { SqlResult } from "../../hasura/client.ts";
import type { KeptPlan } from "../store.ts";
import type { LedgerRow, LedgerView } from "./reconcile.ts";

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

const Snapshot = z.object({
  schemaVersion: z.int(),
  generation: Generation,
  synced: Generation,
  serverId: z.string().nullable(),
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
  /** Absent in older ledgers. */
  halfRedone: Version.nullish(),
  /**
   * The session that holds the lock of a migration now; `ms`: how long its statement has been
   * running.
   */
  holder: z
    .object({ pid: z.int(), state: z.string().nullable(), ms: z.number().nullable() })
    .nullable(),
  others: z.array(Other),
});

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
  readonly holder?: { readonly pid: number; readonly state?: string; readonly ms?: number };
  readonly others: readonly OtherRun[];
}

/**
 * Reads the answer of `snapshot`, `begin_run` and `end_run`: one row, one column, JSON. Throws
 * ZodError for anything else.
 */
export function readSnapshot(result: SqlResult): LedgerSnapshot {
  const text = result.rows[0]?.[0];
  const { serverId, migrations, running, gone, holder, halfRedone, planned, ...rest } =
    Snapshot.parse(JSON.parse(text ?? "null"));
  return {
    ...rest,
    ...(serverId !== null && { serverId }),
    applied: new Map(migrations.map((row) => [row[0], toLedgerRow(row)])),
    gone: new Map(Object.entries(gone)),
    ...(running && { running }),
    ...(typeof halfRedone === "string" && { halfRedone }),
    ...(planned && {
      planned: { steps: new Set(planned.steps), done: new Set(planned.done ?? []) },
    }),
    ...(holder && {
      holder: {
        pid: holder.pid,
        ...(holder.state !== null && { state: holder.state }),
        ...(holder.ms !== null && { ms: holder.ms }),
      },
    }),
  };
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
