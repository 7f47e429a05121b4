import { isCommandOf, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Version } from "../../protocol/migration.ts";

/** The arguments that make a suggested command mean this database: none for the default one. */
export function databaseArgs(database: string): string[] {
  return database === "default" ? [] : ["--database", database];
}

/** Shows what the database's sessions are doing; without single quotes, so that it can be pasted into a shell as printed. */
const activity =
  "SELECT pid, application_name, state, xact_start, query FROM pg_stat_activity WHERE datname = current_database() AND state <> $$idle$$ ORDER BY xact_start";
const invalidIndexes =
  "SELECT indexrelid::regclass AS index, indrelid::regclass AS table FROM pg_index WHERE NOT indisvalid";
const prepared =
  "SELECT gid, prepared, owner FROM pg_prepared_xacts WHERE database = current_database()";

/** The database, and its environment. */
export interface LookedAt {
  readonly environment: string;
  readonly database: string;
}

/** The query that shows what the sessions of a database are doing. */
export function activityHint({ environment, database }: LookedAt, reason: string): Hint {
  return runHint(["sql", environment, activity, ...databaseArgs(database)], reason);
}

/** The query that lists the indexes of a database that are invalid. */
export function invalidIndexesHint({ environment, database }: LookedAt): Hint {
  return runHint(
    ["sql", environment, invalidIndexes, ...databaseArgs(database)],
    "to list the invalid indexes",
  );
}

/** How to find the session that holds a lock; `isPrepared`: it can be a prepared transaction. */
export function lockHints({ environment, database }: LookedAt, isPrepared = false): Hint[] {
  return [
    runHint(
      ["locks", environment, ...databaseArgs(database)],
      "to see who holds the lock, while the migration waits",
    ),
    isPrepared
      ? runHint(
          ["sql", environment, prepared, ...databaseArgs(database)],
          "to list the prepared transactions",
        )
      : activityHint({ environment, database }, "to see what other sessions are doing now"),
  ];
}

/** The hints where `sql` is not allowed: its queries as text, for another client. */
export function withoutSqlCommands(hints: readonly Hint[]): Hint[] {
  return hints.map((hint) => {
    if (hint.kind !== "command" || !isCommandOf(hint, "sql")) return hint;
    const [, , , query = ""] = hint.argv;
    const reason = hint.reason === undefined ? "" : `, ${hint.reason}`;
    return textHint(`Run this query in a database client${reason}: ${query}`);
  });
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
      "list them, and which of the tables, columns and indexes that they create exist",
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
