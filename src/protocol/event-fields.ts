import * as z from "zod";
import { Direction, Version } from "./migration.ts";

/** Fields that several events have. */
export const database = z
  .string()
  .describe("Name of the database: the source's name in Hasura's metadata.");

/** Of a migration. */
export const name = z.string().describe("The migration's name, without its version.");

/** Of a migration. */
export const version = Version.describe("The migration's version, a decimal number as text.");

/** Milliseconds. */
export const tookMs = z.number().nonnegative();

/** What identifies a step of a run. */
export const migration = {
  database,
  version,
  name,
  direction: Direction.describe("`up` applies, `down` rolls back."),
};

/** What identifies a seed. */
export const seed = {
  database,
  seed: z.string().describe("The seed's name: its path below the seeds directory of its database."),
};

/** `UploadedDirectory` as it is reported: open, like every object of an event. */
export const uploadedFrom = z.object({
  directory: z.string().describe("Name of the directory, starting with that of its repository."),
  branch: z.string().optional(),
  commit: z.string().optional(),
  dirty: z.boolean().optional().describe("True if its files differed from the commit."),
});

/** What a run has done when it ends or pauses. */
export const counts = {
  applied: z
    .int()
    .nonnegative()
    .describe("Migrations that were applied or rolled back, or seeds that were run."),
  notReached: z.int().nonnegative().describe("Planned migrations or seeds that were not run."),
  tookMs,
};

/** Of a plan, if it can be confirmed. */
export const fingerprint = z
  .string()
  .optional()
  .describe(
    "Hash of what would be done, in order. A request with this hash as `expectedPlan` is refused if its plan has a different one.",
  );
