import * as z from "zod";
import type { SqlResult } from "../../hasura/client.ts";
import type { SeedRecord, SeedStep, SeedStore, StepResult } from "../store.ts";
import { query, readLedger } from "./client.ts";
import type { LedgerContext } from "./context.ts";
import type { LedgerPosition } from "./position.ts";
import { runLedgerStep } from "./run-step.ts";
import { seedsSql } from "./statements.ts";

/** The first version of the ledger that records seeds. */
const firstWithSeeds = 6;

/**
 * The seeds of a database with a ledger. A seed and its record are one transaction, which compares and sets the generation as that
 * of a migration does: a request that arrives late finds another one.
 */
export class LedgerSeeds implements SeedStore {
  readonly isRecorded = true;
  readonly #position: LedgerPosition;
  readonly #context: LedgerContext;
  readonly #schemaVersion: number;
  /** Those reported as done, by the generation that each has made. */
  #done: ReadonlyMap<bigint, string> = new Map();

  /** `position`: that of the run's migration store, which reads it again after a `replan`. */
  constructor(position: LedgerPosition, context: LedgerContext, schemaVersion: number) {
    this.#position = position;
    this.#context = context;
    this.#schemaVersion = schemaVersion;
  }

  async read(): Promise<ReadonlyMap<string, SeedRecord>> {
    if (this.#schemaVersion < firstWithSeeds) return new Map();
    return readSeeds(await query(this.#context, seedsSql));
  }

  async run(step: SeedStep): Promise<StepResult> {
    const result = await runLedgerStep(step, this.#position, this.#context);
    if (result.outcome === "done")
      this.#done = new Map([...this.#done, [this.#position.generation, step.name]]);
    return result;
  }

  async confirm(): Promise<readonly string[]> {
    const done = this.#done;
    if (done.size === 0) return [];
    const { seeds } = await readLedger(this.#context);
    this.#done = new Map();
    return [...done].flatMap(([made, name]) => (seeds.get(made) === name ? [] : [name]));
  }
}

const Row = z.tuple([z.string(), z.string(), z.string(), z.iso.datetime(), z.boolean()]);

/** Reads the answer to `seedsSql`. Throws ZodError for anything else. */
function readSeeds(result: SqlResult): ReadonlyMap<string, SeedRecord> {
  const rows = z.array(Row).parse(JSON.parse(result.rows[0]?.[0] ?? "null"));
  return new Map(
    rows.map(([name, checksum, run, appliedAt, isFinished]) => [
      name,
      { checksum, run, appliedAt: new Date(appliedAt), isFinished },
    ]),
  );
}
