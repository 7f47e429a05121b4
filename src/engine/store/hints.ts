import { runHint, type Hint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";

/** The arguments that make a suggested command mean this database: none for the default one. */
export function databaseArgs(database: string): string[] {
  return database === "default" ? [] : ["--database", database];
}

type Mark = "applied" | "pending";

/**
 * The commands that answer for all versions in doubt at once: each shows them and asks. `reasons`: when which is right, the
 * likelier first.
 */
export function inDoubtHints(
  environment: string,
  database: string,
  reasons: Readonly<Record<Mark, string>>,
): Hint[] {
  const mark = ([as, reason]: [string, string]): Hint =>
    runHint(["mark", environment, "--in-doubt", `--${as}`, ...databaseArgs(database)], reason);
  return [
    runHint(
      ["status", environment],
      "list them, and which tables, columns and indexes of their files exist",
    ),
    ...Object.entries(reasons).map(mark),
  ];
}

/** The `mark` command that records versions as applied or pending. */
export function markHint(
  target: {
    readonly environment: string;
    readonly database: string;
    readonly versions: readonly Version[];
  },
  as: Mark,
  reason?: string,
): Hint {
  const { environment, database, versions } = target;
  return runHint(["mark", environment, ...versions, `--${as}`, ...databaseArgs(database)], reason);
}
