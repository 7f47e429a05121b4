import * as z from "zod";
import { MigrationState } from "./migration.ts";
import { database, version } from "./event-fields.ts";

/** A migration in `status`. */
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

/** The migrations of one database. */
export const databaseStatus = z.object({
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
