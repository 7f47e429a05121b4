-- Creates the ledger or upgrades an older one. Safe to send at any time, by any number of runs at once.

SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '10s';
-- Whatever the session's search_path is, types and operators are those of pg_catalog.
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT pg_catalog.pg_advisory_xact_lock(${lock_class}, ${installation_lock});

-- CREATE SCHEMA IF NOT EXISTS is not safe against itself (23505) and needs the privilege even where
-- the schema exists. A database user without it can work in a schema that another user created.
-- The catalog table is read, because a cached lookup (to_regnamespace) may still say what held before the wait for the lock.
DO $install$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'hasura_migrate') THEN
    CREATE SCHEMA hasura_migrate;
    COMMENT ON SCHEMA hasura_migrate IS
      'The ledger of hasura-migrate: which migrations are applied in this database, and by which run. Without it, only Hasura''s own record of applied migrations remains.';
  END IF;
END
$install$;

-- Also where somebody else has created it since it was looked at.
${refuse_foreign_parts}

CREATE TABLE IF NOT EXISTS hasura_migrate.head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  schema_version integer NOT NULL,
  generation bigint NOT NULL,
  synced bigint NOT NULL,
  server_id text,
  change bigint NOT NULL DEFAULT 0,
  mark text NOT NULL DEFAULT '',
  complete_from bigint NOT NULL DEFAULT 0
);
-- Version 4.
ALTER TABLE hasura_migrate.head
  ADD COLUMN IF NOT EXISTS change bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS mark text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS complete_from bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN hasura_migrate.head.generation IS
  'incremented by every change to the ledger; each migration compares and sets it';
COMMENT ON COLUMN hasura_migrate.head.synced IS
  'the generation up to which Hasura''s catalog state has been written';
COMMENT ON COLUMN hasura_migrate.head.change IS
  'the newest number of hasura_migrate.change; its mark is in mark';
COMMENT ON COLUMN hasura_migrate.head.complete_from IS
  'hasura_migrate.change has all that has changed after this number, or a later one';

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
COMMENT ON TABLE hasura_migrate.running IS
  'visible to other sessions only for a file that commits by itself and has not reached its end';

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
  failure text,
  request_ids text[] NOT NULL DEFAULT '{}',
  planned jsonb,
  source jsonb
);
-- Version 2 of the ledger.
ALTER TABLE hasura_migrate.run
  ADD COLUMN IF NOT EXISTS waiting boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS failure text;
-- Version 3.
ALTER TABLE hasura_migrate.run
  ADD COLUMN IF NOT EXISTS request_ids text[] NOT NULL DEFAULT '{}',
  ADD COLUMN IF NOT EXISTS planned jsonb;
-- Version 4.
ALTER TABLE hasura_migrate.run
  ADD COLUMN IF NOT EXISTS source jsonb;
COMMENT ON COLUMN hasura_migrate.run.source IS
  'where the migrations of the run come from: its kind is image or upload; NULL for runs of older versions';
COMMENT ON COLUMN hasura_migrate.run.request_id IS
  'AWS request id of the newest invocation of the run; request_ids has all of them';
COMMENT ON COLUMN hasura_migrate.run.planned IS
  'fingerprints of all that the run may do here, where its plan was confirmed; NULL where it may do whatever is pending';
COMMENT ON COLUMN hasura_migrate.run.waiting IS
  'registered, so that it can be cancelled, but waiting for another run to end';

CREATE TABLE IF NOT EXISTS hasura_migrate.step (
  generation bigint PRIMARY KEY,
  run text,
  version bigint NOT NULL,
  name text NOT NULL,
  what text NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ms double precision
);

-- Version 5: a change of its own for what a squash replaces.
ALTER TABLE hasura_migrate.step DROP CONSTRAINT IF EXISTS step_what_check;
ALTER TABLE hasura_migrate.step ADD CONSTRAINT step_what_check CHECK (
  what IN ('up', 'down', 'marked applied', 'marked pending', 'adopted', 'forgotten', 'squashed')
);

-- Version 6: what runs have done to Hasura's metadata.
CREATE TABLE IF NOT EXISTS hasura_migrate.metadata_document (
  checksum text PRIMARY KEY,
  document bytea NOT NULL
);
COMMENT ON TABLE hasura_migrate.metadata_document IS
  'documents that were replaced: JSON, compressed with gzip. They contain whatever secrets the metadata contains';

CREATE TABLE IF NOT EXISTS hasura_migrate.metadata_change (
  run text NOT NULL,
  number integer NOT NULL,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  version_before bigint,
  checksum_before text,
  version_after bigint,
  checksum_after text,
  inconsistent jsonb,
  PRIMARY KEY (run, number)
);
COMMENT ON TABLE hasura_migrate.metadata_change IS
  'replacements of Hasura''s metadata, and reloads, which have no checksum_before; version_after is NULL where the outcome was not recorded';
-- Version 6.
CREATE TABLE IF NOT EXISTS hasura_migrate.seed (
  generation bigint PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  run text NOT NULL,
  txid bigint NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  ms double precision
);
COMMENT ON TABLE hasura_migrate.seed IS
  'each time that a seed was run, in order; its record now is the newest row with its name';
COMMENT ON COLUMN hasura_migrate.seed.ms IS
  'NULL for a file that has committed by itself and has not reached its end';

INSERT INTO hasura_migrate.head (schema_version, generation, synced)
VALUES (${schema_version}, 0, 0)
ON CONFLICT DO NOTHING;

-- Version 3: signatures changed, and CREATE OR REPLACE cannot rename a parameter.
DO $upgrade$
BEGIN
  IF (SELECT schema_version FROM hasura_migrate.head) < 3 THEN
    DROP FUNCTION IF EXISTS hasura_migrate.advance(bigint, bigint);
    DROP FUNCTION IF EXISTS hasura_migrate.enter(
      text, bigint, text, text, text, bigint, boolean, bigint, text, boolean, boolean);
    DROP FUNCTION IF EXISTS hasura_migrate.record(text, bigint, bigint, jsonb);
    DROP FUNCTION IF EXISTS hasura_migrate.remember_settings(boolean);
    DROP FUNCTION IF EXISTS hasura_migrate.session_settings();
    DROP FUNCTION IF EXISTS hasura_migrate.end_run(text, text, bigint, text);
    DROP FUNCTION IF EXISTS hasura_migrate.end_run(text, text, bigint, text, text);
    DROP FUNCTION IF EXISTS hasura_migrate.begin_run(
      text, text, jsonb, text, text, jsonb, double precision);
  END IF;
END
$upgrade$;

UPDATE hasura_migrate.head
SET schema_version = ${schema_version}
WHERE schema_version < ${schema_version};
