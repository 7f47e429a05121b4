import { Failure } from "../../protocol/failure.ts";
import { retryHint, textHint } from "../../protocol/hint.ts";

/** Where a database was looked for, and the names that exist there. */
export interface KnownDatabases {
  readonly in: "Hasura" | "the project";
  readonly names: readonly string[];
}

/** For a `--database` that does not exist. */
export function unknownDatabase(name: string, known: KnownDatabases): Failure {
  const message = `There is no database ${name} in ${known.in}.`;
  return new Failure("usage", "unknown-database", message, { hints: [databasesHint(known)] });
}

/** The project has migrations, or something else, for a database that Hasura does not have. */
export function unconnectedDatabase(
  database: string,
  sources: readonly string[],
  what = "migrations",
): Failure {
  return new Failure(
    "usage",
    "unknown-database",
    `There are ${what} for the database ${database}, which is not connected to Hasura.`,
    {
      hints: [
        databasesHint({ in: "Hasura", names: sources }),
        textHint("Connect it in Hasura's metadata first."),
        ...sources.map((name) => retryHint({ with: ["--database", name] })),
      ],
    },
  );
}

function databasesHint({ in: where, names }: KnownDatabases) {
  return textHint(`Databases in ${where}: ${names.join(", ") || "none"}.`);
}
