import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern runs beside or before this one, and the ledger that records them. */
export const runCodes = {
  "another-run": {
    kinds: ["busy"],
    meaning: "Another run was still in progress when the waiting time ended; nothing has been run.",
    causes: [
      "A colleague or a pipeline is migrating the same environment.",
      "An earlier run of yours continues, although you stopped watching it.",
    ],
    remedies: [
      "See who is running what: `hasura-migrate history ENVIRONMENT`.",
      "Wait longer: repeat the command with `--wait 10m`.",
      "Stop the other run after its current migration: `hasura-migrate cancel ENVIRONMENT`.",
    ],
  },
  busy: {
    kinds: ["busy"],
    meaning:
      "Another session is working on this database, so the migration, seed or rehearsal was not started. What the run had applied before stays applied.",
    causes: [
      "Another run, or another tool, is in the middle of a migration.",
      "Another run is in progress: a rehearsal does not start while it is between two migrations.",
      "Another rehearsal (`plan --rehearse`) is running; it ends within 60 s, and neither `history` nor `status` shows it.",
    ],
    remedies: [
      "See who is running what: `hasura-migrate history ENVIRONMENT`.",
      "Run the same command again once the other run has ended.",
    ],
  },
  "database-refused": {
    kinds: ["usage"],
    meaning: "The database of `--database-url` does not allow `local` to set itself up.",
    causes: [
      "The user may not create schemas, or databases where the project has several.",
      "The database is read-only, or a standby.",
      "Another user owns `hdb_catalog`.",
    ],
    remedies: [
      "Use a user that owns the database.",
      "Omit `--database-url` to use the embedded database.",
    ],
  },
  "database-restored": {
    kinds: ["migration"],
    meaning:
      "The database is older than Hasura's catalog state, so it is not known whether some versions are applied.",
    causes: [
      "The database was restored from a backup or snapshot, and Hasura's metadata database was not.",
      "The database of another environment was copied over this one, with its ledger.",
    ],
    remedies: [
      "List the versions in doubt, each with the tables, columns and indexes that it creates and that exist in the database: `hasura-migrate status ENVIRONMENT`.",
      "Record the outcome for all of them: `hasura-migrate mark ENVIRONMENT --in-doubt --applied` or `hasura-migrate mark ENVIRONMENT --in-doubt --pending`. It shows them again and asks.",
      "Or for some of them: `hasura-migrate mark ENVIRONMENT VERSION… --applied` (or `--pending`).",
      "Run the same command again.",
    ],
  },
  dirty: {
    kinds: ["migration"],
    meaning:
      "Hasura's catalog state marks the newest version as dirty: a run was interrupted, and the outcome is unknown.",
    causes: [
      "The Hasura CLI, or a run without a ledger, died between running the SQL and recording it.",
    ],
    remedies: [
      "Check in the database whether the migration took effect.",
      "Record the outcome: `hasura-migrate mark ENVIRONMENT VERSION --applied` or `hasura-migrate mark ENVIRONMENT VERSION --pending`.",
      "Run the same command again.",
    ],
  },
  interrupted: {
    kinds: ["migration", "interrupted"],
    meaning:
      "With exit code 130: you stopped the command. With exit code 1: a migration outside a transaction, or with its own COMMIT, ended part-way, and what it had committed remains.",
    causes: [
      "Ctrl-C or SIGTERM, before the run was started or when it could not continue without this process (exit code 130).",
      "A file with `-- hasura:no-transaction`, or with its own `COMMIT`, failed or was interrupted in the middle (exit code 1).",
    ],
    remedies: [
      "With exit code 130, run the same command again.",
      "With exit code 1, inspect the database. Finish the changes of the file by hand, or undo them.",
      "Then record the result: `hasura-migrate mark ENVIRONMENT VERSION --applied` if you finished them, or `hasura-migrate mark ENVIRONMENT VERSION --pending` if you undid them.",
    ],
  },
  "ledger-owner": {
    kinds: ["usage"],
    meaning:
      "The schema `hasura_migrate`, or a table or function in it, belongs to a database role that is neither Hasura's database user nor one that it is a member of. Its owner could run SQL as Hasura's user, so the schema is not used, not even for reading.",
    causes: [
      "Hasura connects as a different database user from before, or the database was restored under another owner.",
      "A database administrator created the schema and still owns it.",
      "Someone who may create schemas in this database created it on purpose.",
    ],
    remedies: [
      'If the owner is trusted, transfer the schema and everything in it: `ALTER SCHEMA hasura_migrate OWNER TO "USER";`, then `ALTER TABLE` and `ALTER FUNCTION` likewise.',
      "Otherwise, find out who created it, and remove it: `DROP SCHEMA hasura_migrate CASCADE;`. Applied migrations are then recorded only in Hasura's catalog state.",
    ],
  },
  "ledger-permission": {
    kinds: ["usage"],
    meaning: "Hasura's database user may not create the schema `hasura_migrate` for the ledger.",
    causes: ["The user lacks the `CREATE` privilege on the database."],
    remedies: [
      'As the database\'s owner, create the schema for that user: `CREATE SCHEMA hasura_migrate AUTHORIZATION "USER";`.',
      "Or do without the ledger: `HASURA_MIGRATE_LEDGER=off`; [guarantees](guarantees.md#what-is-not-guaranteed) lists what is then not guaranteed.",
    ],
  },
  "ledger-too-new": {
    kinds: ["usage"],
    meaning:
      "A newer version of hasura-migrate has upgraded the ledger, and this function does not support its schema.",
    causes: [
      "The image was rolled back after an upgrade.",
      "Two functions with different images are migrating the same database.",
    ],
    remedies: [
      "Deploy an image with the newer version; see [upgrading](upgrading.md#the-ledgers-schema-version).",
    ],
  },
  "ledger-writable": {
    kinds: ["usage"],
    meaning:
      "The run would use down SQL or metadata that is stored in the ledger, but another database role can write to the table that contains it. That role could run any SQL as Hasura's database user, or change Hasura's permissions, so the stored SQL or metadata is not used. Nothing was changed.",
    causes: [
      "`ALTER DEFAULT PRIVILEGES` grants other roles privileges on every new table and schema.",
      "A role was granted privileges on the schema `hasura_migrate` or its tables.",
    ],
    remedies: [
      "Revoke the privileges with the statement in the hint: `REVOKE ALL ON hasura_migrate.migration, hasura_migrate.running FROM ROLE;` for down SQL, the tables `metadata_change` and `metadata_document` for metadata. You can then grant `SELECT` again, which is harmless for the first two tables; `metadata_document` contains the secrets of the metadata.",
      "Or roll back from the branch or image that has the version's `down.sql`.",
    ],
  },
  "needs-ledger": {
    kinds: ["usage"],
    meaning:
      "`history`, `cancel` and `--runner ecs` read the ledger, and this environment has none yet.",
    causes: [
      "Nothing has been applied with hasura-migrate yet.",
      "`HASURA_MIGRATE_LEDGER` is `off`.",
      "No database of the project can have a ledger.",
    ],
    remedies: ["The first `hasura-migrate apply ENVIRONMENT` creates the ledger."],
  },
  "not-recorded": {
    kinds: ["unreachable", "access"],
    meaning:
      "The migration's SQL has run, but the record of it could not be written to Hasura's catalog state.",
    causes: [
      "Hasura became unreachable right after the SQL (only without a ledger).",
      "With the engine `hasura-cli`: another tool overwrote the record.",
    ],
    remedies: [
      "Record it: `hasura-migrate mark ENVIRONMENT VERSION --applied` (the hints have the whole command).",
      "Use the ledger (`HASURA_MIGRATE_LEDGER=on`, engine `native`), which records in the same transaction.",
    ],
  },
  "outcome-unknown": {
    kinds: ["unreachable"],
    meaning:
      "The connection was lost, and it is not known whether the run, or its current migration, took effect.",
    causes: [
      "The network between client and AWS broke, and the environment has no ledger in which to look up the outcome.",
      "The connection between the function and Hasura broke, and the database could not be queried either.",
      "A proxy responded instead of AWS.",
    ],
    remedies: [
      "Check the state: `hasura-migrate status ENVIRONMENT`, and `hasura-migrate history ENVIRONMENT` if there is a ledger.",
      "If the failure names a migration, check in the database whether it took effect and is no longer running, then record the outcome with `hasura-migrate mark`.",
      "Run the same command again.",
    ],
  },
  "rolled-back-elsewhere": {
    kinds: ["migration"],
    meaning:
      "Another tool has rolled back migrations, and the environment is protected, so you have to confirm it.",
    causes: ["Someone ran `hasura migrate apply --down` or used the Console."],
    remedies: [
      "See which ones: `hasura-migrate status ENVIRONMENT` shows them as dirty.",
      "If the rollback was intended, confirm it for all of them: `hasura-migrate mark ENVIRONMENT --in-doubt --pending`. If they are still in effect: `--applied`.",
      "Run the same command again.",
    ],
  },
  "run-died": {
    kinds: ["unreachable"],
    meaning:
      "The connection was lost, and the ledger shows that the run has ended without a result, never began, or is paused and was not continued.",
    causes: ["The function was stopped or crashed.", "The request never reached the function."],
    remedies: [
      "Run the same command again; it continues where the run stopped, and nothing is applied twice.",
      "See what the run did: `hasura-migrate history ENVIRONMENT --run ID`.",
    ],
  },
  "run-ambiguous": {
    kinds: ["usage"],
    meaning:
      "The id prefix given to `--run` matches several runs: of `cancel`, runs in progress, none of which was stopped; of `metadata restore`, runs that have replaced metadata. Nothing was restored.",
    causes: ["The ids of runs that began in the same minute start with the same characters."],
    remedies: [
      "Repeat the command with the whole id: the message lists them, and so does `hasura-migrate history ENVIRONMENT`.",
      "Without `--run`, `cancel` stops every run in progress.",
    ],
  },
  "run-id-taken": {
    kinds: ["usage"],
    meaning:
      "The request has the id of a different run: another user's, another operation's, or one that has ended. Nothing was run.",
    causes: [
      "A program reuses a run id; an id is for one run and its continuations.",
      "Someone continues a paused run as a different user or from a different machine.",
    ],
    remedies: [
      "Run the command again: the CLI creates a new id for every run.",
      "See whose run that is: `hasura-migrate history ENVIRONMENT --run ID`.",
    ],
  },
  "run-unknown": {
    kinds: ["usage"],
    meaning:
      "`history --run` found no run with that id, or `cancel --run` found no run in progress with it.",
    causes: [
      "The id is mistyped, or belongs to another environment.",
      "`cancel`: the run has already ended.",
      "The run never started.",
    ],
    remedies: ["List the runs: `hasura-migrate history ENVIRONMENT`."],
  },
} as const satisfies FailureCodeEntries;
