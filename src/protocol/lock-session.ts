import * as z from "zod";
import { Version } from "./migration.ts";

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
