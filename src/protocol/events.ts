import * as z from "zod";
import { FailureData } from "./failure.ts";
import { ReceivedHints } from "./hint.ts";
import {
  InconsistentObjectData,
  InconsistentSince,
  LastReplacement,
  MetadataChange,
} from "./metadata-change.ts";
import { Version } from "./migration.ts";
import {
  database,
  name,
  version,
  tookMs,
  migration,
  seed,
  uploadedFrom,
  counts,
  fingerprint,
} from "./event-fields.ts";
import { databasePlan, databaseSeeds } from "./plan-items.ts";
import { databaseStatus } from "./status-rows.ts";
import { HistoryRow } from "./history-row.ts";
import { LockSession } from "./lock-session.ts";

/*
 * The events of a run, one JSON object per line. Objects are open (z.object): a newer function may add fields, and an unknown
 * `type` is shown as a plain line. Codes only ever grow; texts may change any day. docs/events.md is generated from the
 * descriptions.
 */

const runStarted = z
  .object({
    type: z.literal("run.started"),
    runId: z
      .string()
      .describe("The run's id, a UUIDv7; the same in every continuation of one run."),
    environment: z.string(),
    operation: z.string(),
    contract: z
      .object({ newest: z.int(), oldest: z.int() })
      .describe("Versions of the contract that the function understands."),
    operations: z.array(z.string()).describe("Operations that the function can perform."),
    requestId: z
      .string()
      .describe("AWS request id of this invocation, as in CloudTrail and the log."),
    function: z
      .object({
        name: z.string(),
        version: z.string(),
        package: z.string().describe("Version of hasura-migrate in the function."),
        arn: z.string().optional().describe("ARN as it was invoked, with region and account."),
      })
      .describe("The function that responded."),
    image: z
      .object({
        commit: z.string().optional(),
        builtAt: z.string().optional(),
      })
      .describe("What the image was built from, if the build recorded it."),
    hasura: z.object({ version: z.string().optional() }),
    engine: z.enum(["native", "hasura-cli"]),
    store: z
      .enum(["catalog", "ledger"])
      .describe("Migration store of the run; it decides which guarantee holds."),
    migrationSource: z.enum(["image", "upload"]).describe("Where the migration files come from."),
    upload: uploadedFrom
      .optional()
      .describe("The directory that the migrations were uploaded from, as its client reported it."),
    protected: z.boolean(),
    at: z.iso.datetime(),
  })
  .describe("First event of every run: which function responds, and for which environment.");

export const CheckState = z
  .enum(["ok", "warning", "failed", "skipped"])
  .describe("`skipped`: it depends on a check that failed.");
export type CheckState = z.infer<typeof CheckState>;

/** `splitListEvent` and `joinListEvents` split and join such lists. */
const more = z
  .literal(true)
  .optional()
  .describe("Set if a long list was split; the rest follows in the next event of the same type.");

const inconsistency = z
  .object({
    broken: z
      .array(InconsistentObjectData)
      .describe("Objects that became inconsistent in this run."),
    before: z.int().nonnegative().describe("How many were inconsistent before it."),
  })
  .describe("Inconsistent metadata objects.");

const inventory = z
  .object({
    type: z.literal("inventory"),
    sources: z
      .array(z.string())
      .describe(
        "Where the migrations of a run may come from here: `image`, and `upload` if allowed.",
      ),
    uploadOperations: z
      .array(z.string())
      .optional()
      .describe(
        "Operations whose requests may have an upload. Functions that do not list them take one for every operation except `mark`.",
      ),
    protected: z.boolean(),
    digest: z.string().describe("Hash of all migration files of the image."),
    configVersion: z
      .literal([1, 2, 3])
      .optional()
      .describe("Layout of the image's project; absent if the image has none."),
    databases: z.array(
      z.object({
        database,
        versions: z.array(Version).describe("Versions that have files in the image, in order."),
        digests: z
          .array(z.string())
          .describe("For each version, a hash of its name and its files, 32 hex characters."),
        applied: z
          .array(Version)
          .describe("Applied versions; empty for a database that is not connected to Hasura."),
        inDoubt: z
          .array(Version)
          .optional()
          .describe("Applied versions that an earlier run did not finish."),
        seeds: z
          .array(z.object({ name: z.string(), checksum: z.string() }))
          .optional()
          .describe("Only if the request asks for them: the seeds that were run."),
      }),
    ),
    more,
  })
  .describe(
    "Answer to `inventory`: what a client needs to know to send only the files that the function does not have.",
  );

export const RunEvent = z.discriminatedUnion("type", [
  runStarted,
  z
    .object({
      type: z.literal("plan"),
      dryRun: z.boolean().optional(),
      fingerprint,
      databases: z.array(databasePlan),
      more,
    })
    .describe("What will be run. Repeated if the run replans."),
  z
    .object({
      type: z.literal("status"),
      fingerprint,
      databases: z.array(databaseStatus),
      more,
    })
    .describe(
      "Answer to `status`: every migration and its state. Answer to a dry run of `mark --in-doubt`: the versions in doubt.",
    ),
  inventory,
  z
    .object({
      type: z.literal("history"),
      runs: z.array(HistoryRow),
      queries: z
        .int()
        .nonnegative()
        .optional()
        .describe(
          "Number of runs of `sql` that are counted instead of listed: those since the oldest listed run, or all of them if no other run is left out.",
        ),
      more,
    })
    .describe("Answer to `history`: runs, the newest first."),
  z
    .object({
      type: z.literal("check"),
      name: z
        .string()
        .describe(
          "`project`, `hasura`, `admin-secret`, `metadata`, `databases`, `ledger of NAME`; the CLI adds others before them.",
        ),
      state: CheckState,
      message: z.string().describe("What was found."),
      tookMs,
      failure: FailureData.optional().describe("Why it failed, with hints."),
    })
    .describe(
      "Answer to `doctor`: one check; checks are sent in the order in which they were made.",
    ),
  z
    .object({
      type: z.literal("cancel.requested"),
      runs: z.array(z.string()).describe("Ids of those runs; empty if none was in progress."),
    })
    .describe("Answer to `cancel`: runs that will stop after their current migration."),
  z
    .object({
      type: z.literal("rows"),
      database,
      columns: z
        .array(z.string())
        .describe("Names of the columns; empty in all but the first part of a long result."),
      rows: z
        .array(z.array(z.string().nullable()))
        .describe("The values as PostgreSQL writes them as text; null is NULL."),
      cut: z
        .enum(["rows", "size"])
        .optional()
        .describe(
          "Set if there are more rows: `rows`: the request's `limit` was reached · `size`: the result would be too large.",
        ),
      continues: z
        .literal(true)
        .optional()
        .describe(
          "Set if the first row continues the last row of the previous part: its first value is the rest of that row's last value.",
        ),
      more,
    })
    .describe("Answer to `sql`."),
  z
    .object({
      type: z.literal("locks"),
      database,
      sessions: z
        .array(LockSession)
        .describe("Sessions that wait for no other session come first."),
      notShown: z.int().nonnegative().describe("Number of sessions that are not listed."),
    })
    .describe(
      "Answer to `locks`: the sessions of one database that wait for a lock, and those that they wait for.",
    ),
  z
    .object({
      type: z.literal("rehearsal"),
      database,
      tookMs: tookMs.describe("Time of the request, in milliseconds."),
      migrations: z
        .array(
          z.object({
            version,
            name,
            file: z.string().describe("Path from the project's root, with forward slashes."),
            tookMs: tookMs.describe("Time in the database."),
            locks: z
              .array(
                z.object({
                  relation: z.string().describe("With its schema, such as `public.orders`."),
                  mode: z.string().describe("Such as `ACCESS EXCLUSIVE`."),
                }),
              )
              .describe(
                "The strongest lock on each relation that existed before. Locks that an earlier migration of the rehearsal already held in the same mode are not repeated.",
              ),
          }),
        )
        .describe("Migrations that ran without an error, in order."),
      failed: z
        .object({ version, name })
        .optional()
        .describe("The migration that failed, which ended the rehearsal."),
      failure: FailureData.optional().describe("Why it failed."),
      notRun: z
        .array(
          z.object({
            version,
            name,
            reason: z.string().describe("Such as `it runs outside a transaction`."),
          }),
        )
        .describe("Pending migrations that were not run."),
    })
    .describe(
      "Answer to `rehearse`: the pending migrations of one database were run in one transaction and rolled back.",
    ),
  z
    .object({
      type: z.literal("metadata.diff"),
      fingerprint,
      dryRun: z.literal(true).optional().describe("Set for a dry run, which changes nothing."),
      resourceVersion: z
        .int()
        .nonnegative()
        .describe("Version of the server's metadata that was compared."),
      changes: z
        .array(MetadataChange)
        .describe("What applying the project's metadata would change, object by object."),
      inconsistent: z
        .array(InconsistentObjectData)
        .describe("Objects of the server's metadata that are inconsistent now."),
      more,
    })
    .describe(
      "How the project's metadata differs from the server's: the result of `metadata-diff`, and what `metadata-apply` is about to change.",
    ),
  z
    .object({
      type: z.literal("metadata.document"),
      resourceVersion: z.int().nonnegative().describe("Version of the server's metadata."),
      encoding: z.literal("brotli"),
      bytes: z.int().nonnegative().describe("Length of the document, as JSON in UTF-8."),
      data: z
        .string()
        .describe(
          "The document as JSON, compressed and in base64. It contains the secrets in the metadata.",
        ),
      more,
    })
    .describe(
      "Answer to `metadata-export`: the server's metadata. It is not written to the function's log.",
    ),
  z
    .object({
      type: z.literal("metadata.applied"),
      resourceVersion: z
        .int()
        .nonnegative()
        .describe("Version of the server's metadata afterwards."),
      objects: z.int().nonnegative().describe("Number of objects that were changed."),
      tookMs,
      inconsistent: inconsistency,
    })
    .describe("The server's metadata was replaced."),
  z
    .object({
      type: z.literal("metadata.status"),
      resourceVersion: z.int().nonnegative().describe("Version of the server's metadata."),
      inconsistent: z
        .array(
          InconsistentObjectData.extend({
            since: InconsistentSince.optional().describe(
              "Since when it has been inconsistent, as far as runs have recorded that.",
            ),
          }),
        )
        .describe("Inconsistent objects."),
      replaced: LastReplacement.optional().describe("The last replacement by a run."),
      more,
    })
    .describe(
      "The state of the server's metadata: the result of `metadata-status`, and the state after `metadata-reload`.",
    ),
  z
    .object({ type: z.literal("migration.started"), ...migration })
    .describe("A migration is about to run."),
  z
    .object({
      type: z.literal("migration.applied"),
      ...migration,
      tookMs,
      notices: z.array(z.string()).optional().describe("Remarks about how it was applied."),
    })
    .describe("A migration was applied, or rolled back."),
  z
    .object({ type: z.literal("migration.failed"), ...migration, tookMs, failure: FailureData })
    .describe("A migration failed. `run.failed` follows."),
  z
    .object({ type: z.literal("migration.skipped"), ...migration, reason: z.string() })
    .describe("A migration was not run: it is already done, or the run was asked to stop."),
  z
    .object({ type: z.literal("migration.unknown"), ...migration, reason: z.string() })
    .describe(
      "The response to a migration was lost; it may still be running. Its outcome follows in another event.",
    ),
  z
    .object({
      type: z.literal("migration.marked"),
      database,
      version,
      name,
      as: z.enum(["applied", "pending"]),
    })
    .describe("Answer to `mark`: a version was recorded without running SQL."),
  z
    .object({
      type: z.literal("seed.plan"),
      dryRun: z.boolean().optional(),
      fingerprint,
      databases: z.array(databaseSeeds),
      more,
    })
    .describe("Which seeds will be run. Repeated if the run replans."),
  z.object({ type: z.literal("seed.started"), ...seed }).describe("A seed is about to run."),
  z
    .object({
      type: z.literal("seed.applied"),
      ...seed,
      tookMs,
      notices: z.array(z.string()).optional().describe("Remarks about how it was run."),
    })
    .describe("A seed was run."),
  z
    .object({ type: z.literal("seed.failed"), ...seed, tookMs, failure: FailureData })
    .describe("A seed failed. `run.failed` follows."),
  z
    .object({ type: z.literal("seed.skipped"), ...seed, reason: z.string() })
    .describe("A seed was not run: it has already been run, or the run was asked to stop."),
  z
    .object({ type: z.literal("seed.unknown"), ...seed, reason: z.string() })
    .describe(
      "The response to a seed was lost; it may still be running. Its outcome follows in another event.",
    ),
  z
    .object({
      type: z.literal("waiting"),
      reason: z
        .enum(["hasura", "run", "lock", "outcome"])
        .describe(
          "`hasura`: for Hasura to respond · `run`: for another run · `lock`: for a database lock · `outcome`: for a migration whose response was lost.",
        ),
      message: z.string(),
      waitedMs: z.number().nonnegative(),
    })
    .describe("The run is waiting for something."),
  z
    .object({ type: z.literal("heartbeat"), at: z.iso.datetime() })
    .describe("Keeps the connection open while nothing else happens."),
  z
    .object({
      type: z.literal("log"),
      level: z.enum(["debug", "info", "warning"]),
      code: z.string().describe("Stable name of the message."),
      message: z.string(),
      hints: ReceivedHints.optional().describe("What can be done about it, the most likely first."),
    })
    .describe("A message for people."),
  z
    .object({ type: z.literal("metadata.reloaded"), tookMs, inconsistent: inconsistency })
    .describe("Hasura has reloaded its metadata."),
  z
    .object({ type: z.literal("run.paused"), reason: z.string(), ...counts })
    .describe(
      "Last event of an invocation whose time is almost up; the client continues the run with the same id.",
    ),
  z
    .object({
      type: z.literal("run.finished"),
      ...counts,
      cancelled: z.boolean().optional().describe("True if the run was asked to stop."),
    })
    .describe("Last event of a run that ended without a failure."),
  z
    .object({ type: z.literal("run.failed"), ...counts, failure: FailureData })
    .describe("Last event of a run that failed; `failure.kind` decides the exit code."),
]);
export type RunEvent = z.infer<typeof RunEvent>;
export type EventOf<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

/** The event that ends a run, as opposed to one invocation of it. */
export type ClosingEvent = EventOf<"run.finished"> | EventOf<"run.failed">;

/** The event that ends an invocation, and so its stream. A stream without one has an unknown outcome. */
export type InvocationEnd = ClosingEvent | EventOf<"run.paused">;

/** True for the event that ends a run. */
export function isClosing<E extends { readonly type: string }>(
  event: E,
): event is E & ClosingEvent {
  return event.type === "run.finished" || event.type === "run.failed";
}

/** True for the event that ends an invocation. */
export function endsInvocation<E extends { readonly type: string }>(
  event: E,
): event is E & InvocationEnd {
  return isClosing(event) || event.type === "run.paused";
}
