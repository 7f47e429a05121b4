import * as z from "zod";
import { StatementImpact } from "./impact.ts";
import { Direction, Version } from "./migration.ts";
import { database, name, version, seed } from "./event-fields.ts";

/** A step of a plan. */
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

/** The steps of one database, in order. */
export const databasePlan = z.object({
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

/** A seed of a plan. */
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

/** The seeds of one database, in order. */
export const databaseSeeds = z.object({
  database,
  kind: z.string().describe("Kind of the source, such as `postgres`."),
  recorded: z
    .boolean()
    .describe("False for a database without a ledger, where seeds are not recorded."),
  items: z.array(SeedItem).describe("The selected seeds, in order."),
});

export type DatabaseSeeds = z.infer<typeof databaseSeeds>;
