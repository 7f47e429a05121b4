import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern seeds. */
export const seedsCodes = {
  "no-seeds": {
    kinds: ["usage"],
    meaning: "There are no seeds to run.",
    causes: [
      "The image was built without the directory `seeds`.",
      "The seeds are not in a directory with the name of the database: with config version 3, `seeds/default/`.",
      "`seeds_directory` in config.yaml names another directory.",
    ],
    remedies: [
      "Look for a line in the output that lists ignored files.",
      "Run the seeds of a directory instead: `hasura-migrate seed ENV --from .`.",
      "Deploy an image that contains them; see [seeds](seeds.md#seeds-in-the-image).",
    ],
  },
  "seed-changed": {
    kinds: ["usage"],
    meaning: "A seed file has changed since it was run; nothing was run.",
    causes: [
      "Rows were added to a file that had already been run.",
      "The file was run from another branch, where its content is different.",
    ],
    remedies: [
      "Put new rows into a new file.",
      "If it is safe to run the file a second time, for instance because of `ON CONFLICT`, run it again: `hasura-migrate seed ENV --file FILE --again`.",
    ],
  },
  "seed-name": {
    kinds: ["usage"],
    meaning: "`--file` names a file that does not end in `.sql` or `.SQL`.",
    causes: ["The name is mistyped, or it is the name of a directory."],
    remedies: ["Name a single SQL file; `--file` can be repeated."],
  },
  "seed-not-found": {
    kinds: ["usage"],
    meaning: "`--file` names a seed that does not exist.",
    causes: [
      "The path is mistyped. It must be relative to the root of the project, or to the seeds directory of the database.",
      "The image does not have the file yet.",
    ],
    remedies: [
      "Compare the name with those listed in the message.",
      "Run the seeds of a directory instead: `hasura-migrate seed ENV --from . --file FILE`.",
    ],
  },
  "seed-not-transactional": {
    kinds: ["usage"],
    meaning: "A seed cannot be run in one transaction with its record; nothing was run.",
    causes: [
      "The file contains BEGIN, COMMIT or ROLLBACK.",
      "The file contains a command of psql, such as `\\copy`, or data for COPY, which `pg_dump` writes by default.",
      "The file contains a statement that PostgreSQL refuses in a transaction, such as VACUUM.",
    ],
    remedies: [
      "Remove the statement at the line given in the message.",
      "Write the rows as INSERT statements: `pg_dump --data-only --rows-per-insert=100`.",
    ],
  },
  "seed-unfinished": {
    kinds: ["usage"],
    meaning:
      "In an earlier run, a seed ended its own transaction and failed before its last statement; nothing was run.",
    causes: [
      "Its SQL ended the transaction in a way that the check before the run could not detect.",
    ],
    remedies: [
      "Find out in the database which of its rows exist, and remove or complete them.",
      "Then run it again: `hasura-migrate seed ENV --file FILE --again`.",
    ],
  },
  "seeds-not-recorded": {
    kinds: ["usage"],
    meaning:
      "The database has no ledger in which to record the seeds that were run, so nothing was run.",
    causes: [
      "The function's setting `HASURA_MIGRATE_LEDGER` is `off`.",
      "The database cannot have a ledger: it is not PostgreSQL, or older than 11, or a standby.",
      "The function's engine is `hasura-cli`.",
    ],
    remedies: [
      "Run all selected seeds without a record: `hasura-migrate seed ENV --again`. Each time, all of them are run.",
    ],
  },
} as const satisfies FailureCodeEntries;
