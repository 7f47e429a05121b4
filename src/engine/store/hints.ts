import { runHint, type Hint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";

/** The arguments that make a suggested command mean this database: none for the default one. */
export function databaseArgs(database: string): string[] {
  return database === "default" ? [] : ["--database", database];
}

/** The commands that answer for all versions in doubt at once: each shows them and asks. */
export function inDoubtHints(environment: string, database: string): Hint[] {
  const mark = (as: "applied" | "pending", reason: string): Hint =>
    runHint(["mark", environment, "--in-doubt", `--${as}`, ...databaseArgs(database)], reason);
  return [
    runHint(
      ["status", environment],
      "list them, with the tables, columns and indexes of their files that exist",
    ),
    mark("applied", "if they took effect"),
    mark("pending", "if they did not"),
  ];
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
