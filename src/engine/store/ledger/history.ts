import * as z from "zod";
import { HistoryRow } from "../../../protocol/history-row.ts";
import { migrationLabel, Version } from "../../../protocol/migration.ts";
import type { SqlResult } from "../../hasura/client.ts";
import type { RunActor, RunList } from "../store.ts";
import { maskPasswords } from "../../sql/mask-passwords.ts";
import { readStatementLabel } from "./statement-label.ts";

const PastStep = z.object({
  version: z.string(),
  name: z.string(),
  change: z.string(),
  ms: z.number().nullable(),
});
const PastSeed = z.object({ name: z.string(), ms: z.number().nullable() });
const Running = z.object({ version: Version, name: z.string(), pid: z.int() });

/** A row of the function `history`: absent values are null. */
const PastRun = z
  .record(z.string(), z.unknown())
  .transform((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)))
  .pipe(
    z.object({
      ...HistoryRow.omit({ migrations: true, seeds: true, activity: true }).shape,
      query: z.string().optional(),
      waiting: z.boolean(),
      running: Running.optional(),
      steps: z.array(PastStep),
      /** Absent in older ledgers, and if there are none. */
      seeds: z.array(PastSeed).optional(),
    }),
  );
type PastRun = z.infer<typeof PastRun>;

/** Reads the answer to `historySql`. Throws ZodError for anything else. */
export function readHistory(result: SqlResult, database: string): HistoryRow[] {
  const runs = z.array(PastRun).parse(JSON.parse(result.rows[0]?.[0] ?? "[]"));
  return runs.map((run) => toHistoryRow(run, database));
}

const CountingHistory = z.object({ runs: z.array(PastRun), queries: z.int().nonnegative() });

/** Reads the answer to `countingHistorySql`. Throws ZodError for anything else. */
export function readCountingHistory(result: SqlResult, database: string): RunList {
  const { runs, queries } = CountingHistory.parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
  return { runs: runs.map((run) => toHistoryRow(run, database)), queries };
}

function toHistoryRow(
  { query, running, steps, seeds, waiting, failure, ...row }: PastRun,
  database: string,
): HistoryRow {
  const activity = describeActivity({ query, running, waiting });
  const inDatabase = <T extends { readonly ms: number | null }>({ ms, ...rest }: T) => ({
    database,
    ...rest,
    ...(ms !== null && { ms: Math.round(ms * 1000) / 1000 }),
  });
  return {
    ...row,
    ...(failure !== undefined && { failure: maskPasswords(failure) }),
    migrations: steps.map(inDatabase),
    ...(seeds && { seeds: seeds.map(inDatabase) }),
    ...(activity !== undefined && { activity }),
  };
}

function describeActivity({
  query,
  running,
  waiting,
}: Pick<PastRun, "query" | "running" | "waiting">): string | undefined {
  if (waiting) return "waiting for another run";
  if (running) return `${migrationLabel(running, " ")} (pid ${String(running.pid)})`;
  const label = query === undefined ? undefined : readStatementLabel(query);
  if (label === undefined) return undefined;
  return "seed" in label ? `seed ${label.seed}` : migrationLabel(label, " ");
}

/** Reads the answers to `openRunsSql` and `cancelRunsSql`. Throws ZodError for anything else. */
export function readRunIds(result: SqlResult): string[] {
  return z.array(z.string()).parse(JSON.parse(result.rows[0]?.[0] ?? "[]"));
}

/** The actor of a run as the ledger has it. */
export const RecordedActor = z
  .object({
    user: z.string(),
    gitBranch: z.string().optional(),
    gitCommit: z.string().optional(),
  })
  .transform(({ user, gitBranch, gitCommit }): RunActor => ({
    user,
    ...(gitBranch !== undefined && { branch: gitBranch }),
    ...(gitCommit !== undefined && { commit: gitCommit }),
  }));

/** Reads the answer to `actorsSql`. Throws ZodError for anything else. */
export function readActors(result: SqlResult): ReadonlyMap<string, RunActor> {
  const rows = z.array(z.tuple([z.string(), RecordedActor]));
  return new Map(rows.parse(JSON.parse(result.rows[0]?.[0] ?? "[]")));
}

/** The runs, with the hashes of the statements of queries, from the answer to `statementsSql`. */
export function withStatements(runs: readonly HistoryRow[], result: SqlResult): HistoryRow[] {
  const hashes = new Map(result.rows.map(([run, hash]) => [run, hash]));
  return runs.map((run) => {
    const statement = hashes.get(run.runId);
    return statement === undefined || statement === null ? run : { ...run, statement };
  });
}
