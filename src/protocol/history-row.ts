import * as z from "zod";
import { Version } from "./migration.ts";
import { database } from "./event-fields.ts";

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
