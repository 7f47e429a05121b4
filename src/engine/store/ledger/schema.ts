import { functions } from "./functions.ts";

/** The shape of the ledger that this code reads and writes. It goes up with every change of a table or a function. */
export const schemaVersion = 2;

/** The two halves of our advisory lock keys: ours, and what is locked. Seen in `pg_locks` as classid and objid. */
export const lockClass = 1_215_517_255;
export const lockOf = { migration: 1, installation: 2, runs: 3 } as const;

const comment =
  "The books of hasura-migrate: which migrations are applied here, by which run. Dropping it makes the tool fall back on what Hasura itself remembers.";

const tables = `
CREATE TABLE IF NOT EXISTS hasura_migrate.head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  schema_version integer NOT NULL,
  generation bigint NOT NULL,
  synced bigint NOT NULL,
  server_id text
);
COMMENT ON COLUMN hasura_migrate.head.generation IS 'goes up by one with every change of the books: the compare-and-set of every migration';
COMMENT ON COLUMN hasura_migrate.head.synced IS 'the generation up to which Hasura''s catalog state has been told';
CREATE TABLE IF NOT EXISTS hasura_migrate.migration (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  checksum text,
  own_commit boolean NOT NULL DEFAULT false,
  txid bigint,
  run text,
  generation bigint NOT NULL,
  applied_at timestamptz,
  ms double precision,
  down_sql text
);
CREATE TABLE IF NOT EXISTS hasura_migrate.running (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  checksum text,
  direction text NOT NULL CHECK (direction IN ('up', 'down')),
  outside boolean NOT NULL,
  txid bigint NOT NULL,
  pid integer NOT NULL,
  backend_start timestamptz NOT NULL,
  run text NOT NULL,
  generation bigint NOT NULL,
  entered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  down_sql text
);
COMMENT ON TABLE hasura_migrate.running IS 'seen by others only while, or after, a file that commits by itself has not reached its end';
CREATE TABLE IF NOT EXISTS hasura_migrate.run (
  id text PRIMARY KEY,
  operation text NOT NULL,
  actor jsonb NOT NULL,
  request_id text NOT NULL,
  image_commit text,
  options jsonb NOT NULL,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ended_at timestamptz,
  outcome text,
  cancel_asked boolean NOT NULL DEFAULT false,
  waiting boolean NOT NULL DEFAULT false,
  failure text
);
ALTER TABLE hasura_migrate.run ADD COLUMN IF NOT EXISTS waiting boolean NOT NULL DEFAULT false, ADD COLUMN IF NOT EXISTS failure text;
COMMENT ON COLUMN hasura_migrate.run.waiting IS 'registered, so that it can be asked to stop, but another run is at work: it has not begun';
DROP FUNCTION IF EXISTS hasura_migrate.end_run(text, text, bigint, text);
CREATE TABLE IF NOT EXISTS hasura_migrate.step (
  generation bigint PRIMARY KEY,
  run text,
  version bigint NOT NULL,
  name text NOT NULL,
  what text NOT NULL CHECK (what IN ('up', 'down', 'marked applied', 'marked pending', 'adopted', 'forgotten')),
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ms double precision
);
INSERT INTO hasura_migrate.head (schema_version, generation, synced) VALUES (${String(schemaVersion)}, 0, 0) ON CONFLICT DO NOTHING;`;

/**
 * Makes the ledger or brings it up to this code's shape; safe to send at any time, by any number of runs at once. The lock comes
 * before `CREATE SCHEMA IF NOT EXISTS`, which is not safe by itself (23505). A schema that somebody made for us is used as it is,
 * so that a user who may not create one needs only be given one.
 */
export const installation = `SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '10s';
SELECT pg_catalog.pg_advisory_xact_lock(${String(lockClass)}, ${String(lockOf.installation)});
DO $install$
BEGIN
  IF pg_catalog.to_regnamespace('hasura_migrate') IS NULL THEN
    CREATE SCHEMA hasura_migrate;
    COMMENT ON SCHEMA hasura_migrate IS '${comment}';
  END IF;
END $install$;
${tables}
${functions(lockClass, lockOf)}
UPDATE hasura_migrate.head SET schema_version = ${String(schemaVersion)} WHERE schema_version < ${String(schemaVersion)};
SELECT schema_version FROM hasura_migrate.head;`;
