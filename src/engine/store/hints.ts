import { runHint, type Hint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";

/** The arguments that make a suggested command mean this database: none for the default one. */
export function databaseArgs(database: string): string[] {
  return database === "default" ? [] : ["--database", database];
}

/** The `mark` command that records versions as applied or pending. */
export function markHint(
  target: {
    readonly environment: string;
    readonly database: string;
    readonly versions: readonly Version[];
  },
  as: "applied" | "pending",
  reason?: string,
): Hint {
  const { environment, database, versions } = target;
  return runHint(["mark", environment, ...versions, `--${as}`, ...databaseArgs(database)], reason);
}
