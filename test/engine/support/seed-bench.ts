import type { TestContext } from "vitest";
import type { EngineContext } from "../../../src/engine/execute.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { projectSeeds } from "../../../src/engine/project/seeds.ts";
import type { Request } from "../../../src/protocol/request.ts";
import type { SeedItem } from "../../../src/protocol/plan-items.ts";
import { query } from "../../support/postgres.ts";
import { asked, ledgerBench, type LedgerBench } from "./ledger-bench.ts";
import { withLedger } from "./ledger.ts";
import { projectOnDisk, run, type Ran } from "./run.ts";

/** Runs seeds with a ledger over the local API, and what they leave. */
export interface SeedBench extends LedgerBench {
  /** Runs `seed` on a project with these files, by their paths below `seeds/`. */
  readonly seed: (files: Record<string, string>, options?: object) => Promise<Ran>;
  /** The same with a whole request. */
  readonly seedAs: (
    files: Record<string, string>,
    request: Request,
    more?: Partial<EngineContext>,
  ) => Promise<Ran>;
  /** The rows of the table `it`, in order. */
  readonly rows: () => Promise<string[]>;
  /** Names in the ledger, in the order in which they were run. */
  readonly recorded: () => Promise<string[]>;
}

/** A database with a table `it (name text)`, and the API on it. */
export async function seedBench(
  t: TestContext,
  options: Parameters<typeof ledgerBench>[1] = {},
): Promise<SeedBench> {
  const bench = await ledgerBench(t, options);
  await query(bench.url, "CREATE TABLE it (name text)");
  const seedAs: SeedBench["seedAs"] = async (files, request, more = {}) => {
    const root = await projectOnDisk(t, seedProject(files));
    return run(bench.hasura, root, request, {
      ...withLedger(),
      projectSeeds: async () => projectSeeds(await readProject(root)),
      now: () => performance.now(),
      ...more,
    });
  };
  return {
    ...bench,
    seedAs,
    seed: (files, options = {}) => seedAs(files, asked("seed", options)),
    rows: () => column(bench.url, "SELECT name FROM it ORDER BY name"),
    recorded: () => column(bench.url, "SELECT name FROM hasura_migrate.seed ORDER BY generation"),
  };
}

/** A project with these seeds, by their paths below `seeds/`, and one migration. */
export function seedProject(files: Readonly<Record<string, string>>): Record<string, string> {
  return {
    "config.yaml": "version: 3\n",
    "migrations/default/1_a/up.sql": "SELECT 1;",
    ...Object.fromEntries(Object.entries(files).map(([path, sql]) => [`seeds/${path}`, sql])),
  };
}

/** An INSERT of one row. */
export const row = (name: string): string => `INSERT INTO it VALUES ('${name}');`;

/** What a run reported of each seed: `applied a.sql`. */
export const reported = (ran: Ran): string[] =>
  ran.events.flatMap((event) =>
    event.type.startsWith("seed.") && "seed" in event
      ? [`${event.type.slice("seed.".length)} ${event.seed}`]
      : [],
  );

/** The seeds of a run's plan. */
export const planned = (ran: Ran): SeedItem[] =>
  ran.of("seed.plan").flatMap(({ databases }) => databases.flatMap(({ items }) => items));

async function column(url: string, sql: string): Promise<string[]> {
  return (await query(url, sql)).map((found) => String(found["name"]));
}
