import type { VerifyEvent } from "../../protocol/verification.ts";
import { staysInDatabase } from "../server/check-server-wide.ts";
import { checkMigrations, type CheckOptions } from "./check-migrations.ts";
import type { LoadedMigration } from "./round-trip.ts";
import type { Workbench } from "./workbench.ts";

/** Below this, creating a second database and applying the first half in it takes longer than it saves. */
const checksOfHalf = 20;

/**
 * The number of migrations in the first of two halves that have about as many checks each; undefined if halves are not faster, or if the
 * migrations may change something that the databases of a server share, such as roles.
 */
export function sizeOfFirstHalf(
  migrations: readonly LoadedMigration[],
  { isChecked }: Pick<CheckOptions, "isChecked">,
): number | undefined {
  const checked = [...migrations.keys()].filter((at) => {
    const migration = migrations[at];
    return migration !== undefined && isChecked(migration.version);
  });
  const half = Math.floor(checked.length / 2);
  if (half < checksOfHalf) return undefined;
  const areApart = migrations.every(({ up, down }) =>
    [up, down].every((file) => file === undefined || staysInDatabase(file.body.sql)),
  );
  return areApart ? checked[half] : undefined;
}

export interface Halves {
  readonly first: readonly LoadedMigration[];
  readonly second: readonly LoadedMigration[];
}

/**
 * Checks two halves of a list at the same time, each in its own database. In the second database, the first half is applied unchecked.
 * Events come in the order of the list. Resolves to the database in which everything is applied; undefined if a migration failed.
 */
export async function checkInHalves(
  benches: readonly [Workbench, Workbench],
  { first, second }: Halves,
  options: CheckOptions,
): Promise<Workbench | undefined> {
  const [bench, other] = benches;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const later = new HeldEvents(options.emit);
  const [firstHalf, secondHalf] = await Promise.allSettled([
    checkMigrations(bench, first, options)
      .then((areApplied) => {
        if (areApplied) later.release();
        return areApplied;
      })
      .finally(() => {
        if (!later.isReleased) stop.abort();
      }),
    checkAfter(
      other,
      { first, second },
      { ...options, signal, emit: (event) => later.emit(event) },
    ),
  ]);
  if (!resultOf(firstHalf)) return undefined;
  switch (resultOf(secondHalf)) {
    case "applied":
      return other;
    case "failed":
      return undefined;
    case "not-reached":
      return (await checkMigrations(bench, second, options)) ? bench : undefined;
  }
}

/** `not-reached`: the first half could not be applied here; it may still succeed in the other database. */
async function checkAfter(
  bench: Workbench,
  { first, second }: Halves,
  options: CheckOptions,
): Promise<"applied" | "failed" | "not-reached"> {
  const unchecked = { ...options, isChecked: () => false, emit: () => undefined };
  if (!(await checkMigrations(bench, first, unchecked))) return "not-reached";
  return (await checkMigrations(bench, second, options)) ? "applied" : "failed";
}

function resultOf<Result>(settled: PromiseSettledResult<Result>): Result {
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** Keeps results until those before them have been emitted. */
class HeldEvents {
  readonly #emit: (event: VerifyEvent) => void;
  /** Undefined once they are released. */
  #held: VerifyEvent[] | undefined = [];

  constructor(emit: (event: VerifyEvent) => void) {
    this.#emit = emit;
  }

  get isReleased(): boolean {
    return this.#held === undefined;
  }

  emit(event: VerifyEvent): void {
    if (this.#held === undefined) this.#emit(event);
    else if (event.type !== "verify.progress") this.#held.push(event);
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#emit(event);
  }
}
