import type { Version } from "../../protocol/migration.ts";
import type { VerifyEvent } from "../../protocol/verification.ts";
import { applyOnly, roundTrip, type LoadedMigration } from "./round-trip.ts";
import type { Workbench } from "./workbench.ts";

export interface CheckOptions {
  readonly database: string;
  /** False for a migration that is only applied. */
  readonly isChecked: (version: Version) => boolean;
  /** Measure what each statement locks. */
  readonly locks: boolean;
  readonly signal: AbortSignal;
  /** Current time in milliseconds. */
  readonly now: () => number;
  readonly emit: (event: VerifyEvent) => void;
}

/**
 * Checks migrations in one database, one after the other. Resolves to false if one could not be applied, and the rest was not
 * reached. Rejects if the connection broke, or with the signal's reason.
 */
export async function checkMigrations(
  bench: Workbench,
  migrations: readonly LoadedMigration[],
  { database, isChecked, locks, signal, now, emit }: CheckOptions,
): Promise<boolean> {
  for (const migration of migrations) {
    signal.throwIfAborted();
    const { version, name } = migration;
    const checked = isChecked(version);
    const from = now();
    emit({ type: "verify.progress", text: `${database} ${version} ${name}` });
    const { stops, ...trip } = checked
      ? await roundTrip(bench, migration, { locks })
      : await applyOnly(bench, migration);
    if (checked || trip.state === "failed")
      emit({
        type: "verify.migration",
        ...{ database, version, name, tookMs: now() - from },
        ...trip,
      });
    if (stops) return false;
  }
  return true;
}
