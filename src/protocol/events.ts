import * as z from "zod";
import { FailureData } from "./failure.ts";
import { ReceivedHints } from "./hint.ts";
import { StatementImpact } from "./impact.ts";
import {
  InconsistentObjectData,
  InconsistentSince,
  LastReplacement,
  MetadataChange,
} from "./metadata-change.ts";
import { Direction, MigrationState, Version } from "./migration.ts";

/*
 * The events of a run, one JSON object per line. Objects are open (z.object): a newer function may add fields, and an unknown
 * `type` is shown as a plain line. Codes only ever grow; texts may change any day. docs/events.md is generated from the
 * descriptions.
 */

const database = z
  .string()
  .describe("Name of the database: the source's name in Hasura's metadata.");
const name = z.string().describe("The migration's name, without its version.");
const version = Version.describe("The migration's version, a decimal number as text.");
const tookMs = z.number().nonnegative();
const migration = {
  database,
  version,
  name,
  direction: Direction.describe("`up` applies, `down` rolls back."),
};

const seed = {
  database,
  seed: z.string().describe("The seed's name: its path below the seeds directory of its database."),
};

/** `UploadedDirectory` as it is reported: open, like every object of an event. */
const uploadedFrom = z.object({
  directory: z.string().describe("Name of the directory, starting with that of its repository."),
  branch: z.string().optional(),
  commit: z.string().optional(),
  dirty: z.boolean().optional().describe("True if its files differed from the commit."),
});

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

export const PlanItem = z.object({
  version,
  name,
  direction: Direction,
  file: z.string().describe("Path from the project's root, with forward slashes."),
  lines: z.int().nonnegative(),
  transaction: z.boolean().describe("False for a file that runs outside a transaction."),
  appliedAt: z.iso
    .datetime()
    .optional()
    .describe("When it was applied; only for a rollback, and only if the ledger has it."),
  appliedBy: z
    .string()
    .optional()
    .describe("Who applied it, as their client reported it; only in a dry run."),
  outOfOrder: z
    .boolean()
    .optional()
    .describe("True if the version is older than one that is already applied."),
  differsFromImage: z
    .boolean()
    .optional()
    .describe("True for an uploaded file that differs from the image's file."),
  replaces: z
    .array(Version)
    .optional()
    .describe(
      "For a squash whose parts are all applied: the versions of the parts. It is recorded in their place, and its file is not run.",
    ),
  statements: z
    .array(StatementImpact)
    .optional()
    .describe(
      "Statements that read or rewrite a whole table, lose data, or have a finding of `lint`; absent if there are none.",
    ),
  notAssessed: z
    .string()
    .optional()
    .describe("Why the file's statements were not examined, such as a syntax error."),
  sql: z.string().optional().describe("The file's text; only in the result of `plan`."),
});
export type PlanItem = z.infer<typeof PlanItem>;

const databasePlan = z.object({
  database,
  kind: z.string().describe("Kind of the source, such as `postgres`."),
  applied: z.int().nonnegative().describe("How many versions are applied."),
  items: z.array(PlanItem).describe("Migrations to run, in order."),
  files: z
    .array(Version)
    .optional()
    .describe(
      "Versions that the function has a file for, from which a client can find out which of its own files the function lacks.",
    ),
});
export type DatabasePlan = z.infer<typeof databasePlan>;

export const SeedItem = z.object({
  seed: seed.seed,
  file: z.string().describe("Path from the project's root, with forward slashes."),
  lines: z.int().nonnegative(),
  state: z
    .enum(["pending", "again", "applied", "changed", "unfinished"])
    .describe(
      "`pending`: not run yet, will be run · `again`: will be run again · `applied`: already run and unchanged, will be skipped · `changed`: the file has changed since it was run, which is refused · `unfinished`: an earlier run of it did not finish, which is refused.",
    ),
  appliedAt: z.iso.datetime().optional().describe("When it was last run, if recorded."),
});
export type SeedItem = z.infer<typeof SeedItem>;

const databaseSeeds = z.object({
  database,
  kind: z.string().describe("Kind of the source, such as `postgres`."),
  recorded: z
    .boolean()
    .describe("False for a database without a ledger, where seeds are not recorded."),
  items: z.array(SeedItem).describe("The selected seeds, in order."),
});
export type DatabaseSeeds = z.infer<typeof databaseSeeds>;

export const StatusRow = z.object({
  version,
  name: z.string().describe("Empty for a version without a file, unless the ledger has its name."),
  state: MigrationState.describe(
    "`pending`: not applied · `applied` · `unknown`: applied, without a file · `changed`: applied, but the file has changed since · `dirty`: marked as interrupted in Hasura's catalog state · `interrupted`: ended part-way, outside a transaction · `running`: being applied now.",
  ),
  hasDown: z.boolean().optional().describe("Whether there is a down file."),
  outOfOrder: z
    .boolean()
    .optional()
    .describe("True for a pending version that is older than one that is already applied."),
  differsFromImage: z
    .boolean()
    .optional()
    .describe("True for an uploaded up file that differs from the image's file."),
  appliedAs: z
    .string()
    .optional()
    .describe(
      "For a `changed` version: the name of the other migration that is applied under it, if there is one.",
    ),
  appliedAt: z.iso.datetime().optional(),
  appliedBy: z
    .string()
    .optional()
    .describe("Who applied it, as their client reported it, where the ledger knows."),
  branch: z
    .string()
    .optional()
    .describe("Branch of the working copy that it was applied from, as the client reported it."),
  canRollBack: z
    .literal(true)
    .optional()
    .describe(
      "For a version without a file: the ledger keeps its down SQL, so that `down` can roll it back. If absent, it cannot be rolled back without its file.",
    ),
  runId: z.string().optional().describe("Id of the run that applied it."),
  evidence: z
    .array(
      z.object({
        object: z.string().describe("Such as `table users` or `column users.email`."),
        exists: z.boolean(),
      }),
    )
    .optional()
    .describe("For a version in doubt: whether what its file creates is in the database."),
});
export type StatusRow = z.infer<typeof StatusRow>;
/** A run in progress on a database. */
export const RunInProgress = z.object({
  runId: z.string().describe("The run's id."),
  operation: z.string(),
  user: z.string().describe("As the client reported it."),
  host: z.string().describe("As the client reported it."),
  ciJob: z.string().optional().describe("Address of the CI job."),
  ageMs: z.number().nonnegative().describe("How long ago it started."),
});
export type RunInProgress = z.infer<typeof RunInProgress>;

const databaseStatus = z.object({
  database,
  kind: z.string().describe("Kind of the source, such as `postgres`."),
  store: z.enum(["catalog", "ledger"]),
  inProgress: z
    .array(RunInProgress)
    .optional()
    .describe("Runs in progress on this database now; absent if there are none."),
  migrations: z.array(StatusRow),
});
export type DatabaseStatus = z.infer<typeof databaseStatus>;

/** A run in the ledger. */
export const HistoryRow = z.object({
  runId: z.string().describe("The run's id."),
  operation: z.string(),
  user: z.string().describe("As the client reported it."),
  host: z.string().describe("As the client reported it."),
  gitCommit: z.string().optional().describe("Commit of the caller's working copy."),
  gitBranch: z.string().optional(),
  ciJob: z.string().optional().describe("Address of the CI job."),
  imageCommit: z.string().optional().describe("Commit that the image was built from."),
  source: z
    .object({
      kind: z.string().describe("`image` or `upload`."),
      directory: z.string().optional().describe("Name of the directory that was uploaded."),
      branch: z.string().optional().describe("Its branch."),
      commit: z.string().optional().describe("Its commit."),
      dirty: z.boolean().optional().describe("True if its files differed from the commit."),
    })
    .optional()
    .describe("Where its migrations came from; absent for runs recorded by older versions."),
  requestId: z
    .string()
    .describe("AWS request id of the newest invocation; CloudTrail records who sent it."),
  requestIds: z
    .array(z.string())
    .optional()
    .describe("Those of all invocations of the run, oldest first."),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  outcome: z
    .string()
    .optional()
    .describe(
      "`finished`, `cancelled`, `paused`, or a failure as `kind/code`; absent while the run is in progress and if it was killed.",
    ),
  failure: z.string().optional().describe("The failure's message."),
  live: z
    .boolean()
    .describe(
      "True while the run shows activity. If a run is neither ended nor live, its function has died.",
    ),
  activity: z.string().optional().describe("What it is doing now, if the database shows it."),
  statement: z
    .string()
    .optional()
    .describe("Only for `sql`: SHA-256 of the statement, in hexadecimal. The text is not kept."),
  migrations: z
    .array(
      z.object({
        database,
        version: Version,
        name: z.string(),
        change: z
          .string()
          .describe(
            "`up`, `down`, `marked applied`, `marked pending`, `adopted`, `forgotten` or `squashed`.",
          ),
        ms: z.number().optional().describe("Time in the database."),
      }),
    )
    .describe("What the run changed, in order."),
  seeds: z
    .array(
      z.object({
        database,
        name: z.string().describe("The seed's name."),
        ms: z.number().optional().describe("Time in the database; absent if it was not finished."),
      }),
    )
    .optional()
    .describe("The seeds that it ran, in order; absent if there are none."),
});
export type HistoryRow = z.infer<typeof HistoryRow>;

/** A session that waits for a lock, or that another session waits for. */
export const LockSession = z.object({
  pid: z.int().describe("Process id in PostgreSQL; 0 for a prepared transaction."),
  application: z.string().optional(),
  user: z.string().optional(),
  state: z.string().optional().describe("Such as `active` or `idle in transaction`."),
  process: z.string().optional().describe("Kind of process, if it serves no client."),
  openMs: z.number().optional().describe("How long its transaction has been open."),
  query: z
    .string()
    .optional()
    .describe(
      "Its current or last statement, with passwords masked; absent if it runs a migration or a seed, or if Hasura's database user may not see it.",
    ),
  migration: z
    .object({ version: Version, name: z.string() })
    .optional()
    .describe("The migration that it is running."),
  seed: z.string().optional().describe("The seed that it is running."),
  waitsFor: z
    .object({
      mode: z.string().describe("Such as `AccessExclusiveLock`."),
      kind: z.string().describe("PostgreSQL's `locktype`, such as `relation` or `transactionid`."),
      object: z.string().optional().describe("The table or index, if it is known."),
      waitedMs: z.number().optional(),
    })
    .optional()
    .describe("The lock that it waits for; absent if it is not waiting."),
  blockedBy: z
    .array(
      z.object({
        pid: z.int(),
        holds: z.string().optional().describe("The conflicting locks that it holds."),
      }),
    )
    .describe("The sessions that it waits for: they hold the lock, or are ahead in its queue."),
});
export type LockSession = z.infer<typeof LockSession>;

export const CheckState = z
  .enum(["ok", "warning", "failed", "skipped"])
  .describe("`skipped`: it depends on a check that failed.");
export type CheckState = z.infer<typeof CheckState>;

const fingerprint = z
  .string()
  .optional()
  .describe(
    "Hash of what would be done, in order. A request with this hash as `expectedPlan` is refused if its plan has a different one.",
  );

/** `splitListEvent` and `joinListEvents` split and join such lists. */
const more = z
  .literal(true)
  .optional()
  .describe("Set if a long list was split; the rest follows in the next event of the same type.");

const counts = {
  applied: z
    .int()
    .nonnegative()
    .describe("Migrations that were applied or rolled back, or seeds that were run."),
  notReached: z.int().nonnegative().describe("Planned migrations or seeds that were not run."),
  tookMs,
};

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
