import { Failure } from "../../protocol/failure.ts";
import { runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { Direction, Version } from "../../protocol/migration.ts";
import type { Migration } from "../project/scan.ts";
import { databaseArgs, markHint } from "../store/hints.ts";
import { appliedByText } from "./applied-as.ts";
import type { DatabaseFacts, IndexedDatabase } from "./indexed-database.ts";

/** The failure for a version that has no file and is not applied. */
export function unknownVersion({ database, migrations }: DatabaseFacts, version: Version): Failure {
  const last = migrations.at(-1);
  return new Failure(
    "usage",
    "unknown-version",
    `There is no version ${version} in ${database.name}.`,
    { hints: last ? [textHint(`The newest version is ${last.version} (${last.name}).`)] : [] },
  );
}

function upFileHints(
  { kept, environment, database }: IndexedDatabase,
  version: Version,
  hasFile: boolean,
): Hint[] {
  if (hasFile) return [textHint("Write its up.sql, or remove the migration.")];
  const canRollBack = kept?.get(version)?.down !== undefined;
  return [
    textHint(
      "It cannot be applied again without its up.sql: use the branch or image that it was applied from.",
    ),
    ...(canRollBack
      ? [
          runHint(
            ["down", environment, "--only", version, ...databaseArgs(database.name)],
            "roll it back with the down SQL stored in the ledger",
          ),
        ]
      : []),
  ];
}

function downFileHints({ kept, environment, database }: IndexedDatabase, version: Version): Hint[] {
  const by = kept?.get(version)?.appliedBy;
  const target = { environment, database: database.name, versions: [version] };
  return [
    textHint(
      by === undefined
        ? "Write its down.sql, or use the branch or image that it was applied from."
        : `Write its down.sql, or use the branch or image that it was applied from: ${appliedByText(by)}.`,
    ),
    markHint(target, "pending", "if there is nothing to undo"),
  ];
}

/** The failure for a version that is to be run and has no file for that direction. */
export function noFile(
  facts: IndexedDatabase,
  version: Version,
  direction: Direction,
  migration: Migration | undefined,
): Failure {
  const { name: database } = facts.database;
  const hasFile = facts.byVersion.has(version);
  const other = hasFile ? (migration?.up ?? migration?.down) : undefined;
  const why = other ? `there is only ${other.path}` : "there is no file for that version";
  const isKept = direction === "down" && !hasFile && facts.kept !== undefined;
  return new Failure(
    "usage",
    `no-${direction}-file`,
    `Version ${version} in ${database} has no ${direction}.sql (missing or empty): ${why}${isKept ? ", and the ledger has no down SQL for it" : ""}.`,
    {
      hints:
        direction === "up" ? upFileHints(facts, version, hasFile) : downFileHints(facts, version),
    },
  );
}

/** The failure for a version whose outcome a person has to decide first. */
export function unfinished(
  { database, environment }: IndexedDatabase,
  version: Version,
  state: "dirty" | "interrupted",
): Failure {
  const target = { environment, database: database.name, versions: [version] };
  return new Failure(
    "migration",
    state,
    `Version ${version} in ${database.name} is ${state}: an earlier run did not finish it.`,
    {
      hints: [
        textHint("Check whether the migration took effect, then record it."),
        runHint(
          ["status", environment, ...databaseArgs(database.name)],
          "to see which of the tables, columns and indexes that it creates exist",
        ),
        markHint(target, "applied", "if it did"),
        markHint(target, "pending", "if it did not"),
      ],
    },
  );
}
