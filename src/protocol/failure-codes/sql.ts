import type { FailureCodeEntries } from "./entry.ts";

/** Codes of failures that concern SQL: of migrations, of rehearsals, and of the `sql` command. */
export const sqlCodes = {
  "extension-missing": {
    kinds: ["usage"],
    meaning:
      "The migrations install an extension that the database server of `verify` does not have; nothing was run.",
    causes: [
      "The embedded PostgreSQL has only the extensions that are part of PostgreSQL, not, for example, PostGIS or pgvector.",
      "The name of the extension is mistyped in the migration.",
    ],
    remedies: [
      "Use another PostgreSQL installation on this machine that has the extension: `hasura-migrate verify --postgres-bin /usr/lib/postgresql/17/bin`.",
      "Or start one in a container, as the message shows, and pass its address with `--database-url`.",
    ],
  },
  "rehearsal-failed": {
    kinds: ["migration"],
    meaning:
      "A pending migration failed in a rehearsal (`plan --rehearse`); everything was rolled back, and nothing was changed.",
    causes: [
      "A statement of the file fails on the environment's data or schema, as it would in `apply`.",
      "A lock was not available within 2 s, because another session holds it.",
      "All migrations together took longer than 60 s, or than the time that the function had left.",
    ],
    remedies: [
      "Correct the file at the position that is shown, then rehearse again.",
      "For a lock: `hasura-migrate locks ENVIRONMENT` shows who holds it while the rehearsal waits.",
      "For the time: rehearse fewer migrations at a time, with `--steps` or `--to`.",
    ],
  },
  "rehearsal-refused": {
    kinds: ["usage"],
    meaning: "The environment is protected, so no migration is rehearsed there; nothing was run.",
    causes: [
      "`plan --rehearse` takes the locks of the migrations, which could block other sessions.",
    ],
    remedies: [
      "Rehearse in an environment with similar data that is not protected.",
      "`hasura-migrate plan ENVIRONMENT` shows what would run and what it locks, without running it.",
    ],
  },
  "server-wide-statement": {
    kinds: ["usage"],
    meaning:
      "`verify --database-url` changes only its own databases, but the migrations would change the whole server; nothing was run.",
    causes: [
      "A migration (possibly one that only the revision of `--since` has) creates, alters or drops a role, a database or a tablespace, or uses `ALTER SYSTEM`.",
      "It makes a role a member of another one, or grants or revokes a privilege on a database, a tablespace or a parameter.",
      "It calls a function that reaches other sessions or databases, such as `pg_terminate_backend` or `dblink`, or uses `COPY … PROGRAM`.",
    ],
    remedies: [
      "Omit `--database-url`: a server is then started for the run and removed afterwards, with its roles.",
      "If nobody else uses the server, for example because it runs in a container, add `--throwaway`. Roles that the migrations create are dropped at the end; other changes remain.",
    ],
  },
  "sql-answer-too-large": {
    kinds: ["usage"],
    meaning: "One row of the result of `sql` is larger than the limit of 4 MB.",
    causes: ["A column holds a large document or file."],
    remedies: [
      "Select fewer columns, or parts of long values: `left(column, 1000)`, `length(column)`.",
    ],
  },
  "sql-connection": {
    kinds: ["usage"],
    meaning:
      "`sql` was not run, because the database connection reads SQL differently from the parser that checked it.",
    causes: [
      "The role or the database has `standard_conforming_strings = off`.",
      "A `run_sql` request left such a setting, or a different `client_encoding`, on one of Hasura's connections.",
    ],
    remedies: [
      "Remove the setting: `ALTER ROLE … RESET standard_conforming_strings` or `ALTER DATABASE … RESET …`.",
      "If the setting was left on a connection, restart Hasura.",
    ],
  },
  "sql-error": {
    kinds: ["usage"],
    meaning: "The database refused or cancelled the statement of `sql`.",
    causes: [
      "A table, column or function does not exist, or Hasura's database user may not read it.",
      "It took longer than 30 seconds (SQLSTATE 57014), or waited longer than one second for a lock (55P03).",
      "It calls a function that writes (25006).",
    ],
    remedies: [
      "Correct the statement. `SELECT table_schema, table_name FROM information_schema.tables` lists the tables.",
      "For a lock: `hasura-migrate locks ENVIRONMENT`.",
    ],
  },
  "sql-failed": {
    kinds: ["migration"],
    meaning: "The database refused a statement of the migration.",
    causes: [
      "A mistake in the SQL; the failure has the message, the SQLSTATE and, if it can be found, the line.",
      "A statement such as `CREATE INDEX CONCURRENTLY` cannot run in a transaction (SQLSTATE 25001).",
      "A lock could not be acquired in time (SQLSTATE 55P03), after up to six attempts.",
      "Existing data contradicts the change.",
    ],
    remedies: [
      "Correct the file and run the same command again. With a ledger the whole file was rolled back, unless it runs outside a transaction.",
      "For SQLSTATE 55P03, end the session that the failure names, or wait until it has ended; to see its state as well, make Hasura's database user a member of `pg_monitor`.",
      "For SQLSTATE 25001, put `-- hasura:no-transaction` on the first line; see [writing migrations](writing-migrations.md#files-outside-a-transaction).",
      "If the failure has no SQLSTATE, set `HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS=true` on Hasura.",
    ],
  },
  "sql-not-allowed": {
    kinds: ["usage"],
    meaning:
      "The function does not run queries: its setting `HASURA_MIGRATE_SQL` does not allow `sql`.",
    causes: [
      "The setting is `off`, the default.",
      "The environment is protected, and the setting is `read` instead of `read-when-protected`.",
    ],
    remedies: [
      "Decide whether the environment's data may be read (docs/queries.md), then set the template's parameter `ReadOnlySql`, or the variable `HASURA_MIGRATE_SQL`.",
    ],
  },
  "sql-refused": {
    kinds: ["usage"],
    meaning: "The statement of `sql` could do more than read, so it was not run.",
    causes: [
      "It is not a SELECT, VALUES, TABLE, EXPLAIN or SHOW, or a second statement follows it.",
      "It contains INTO, FOR UPDATE or FOR SHARE, or a CTE that changes data.",
      "It calls a function that does more than read, such as `set_config`, `nextval` or `dblink`, or one that is declared VOLATILE.",
    ],
    remedies: [
      "Write a statement that only reads. Make changes with a migration.",
      "If a function of your own only reads, declare it `STABLE` in a migration.",
    ],
  },
  "sql-syntax": {
    kinds: ["usage"],
    meaning: "The statement of `sql` is not valid SQL; it was not sent to the database.",
    causes: [
      "The statement has a mistake at the position that is shown.",
      "It is a psql command, such as `\\d` or `\\copy`, which is not SQL.",
    ],
    remedies: ["Correct the statement."],
  },
  "sql-text": {
    kinds: ["usage"],
    meaning: "The statement for `sql` is missing, was given twice, or cannot be read.",
    causes: [
      "Neither a statement nor `--file` was given, or both.",
      "The file is empty, longer than 100,000 characters, or not UTF-8.",
    ],
    remedies: [
      "Write the statement in quotes: `hasura-migrate sql dev-1 'SELECT count(*) FROM orders'`.",
      "Or name a file with `--file FILE`; `--file -` reads standard input.",
    ],
  },
  "sql-too-large": {
    kinds: ["usage"],
    meaning:
      "The statement of `sql` is too long or too deeply nested for the parser that checks it.",
    causes: ["A generated statement contains a very long list or very deeply nested parentheses."],
    remedies: ["Split it, or use a table or `VALUES` instead of a long list."],
  },
} as const satisfies FailureCodeEntries;
