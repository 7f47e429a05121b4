-- The record of what runs do to Hasura's metadata.

-- Removes all but the newest 50 replacements, and at most 500 records in all, with the documents that no
-- record refers to any more.
CREATE OR REPLACE FUNCTION hasura_migrate.prune_metadata()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  DELETE FROM hasura_migrate.metadata_change
  WHERE at < (
    SELECT m.at
    FROM hasura_migrate.metadata_change AS m
    WHERE m.checksum_before IS NOT NULL
    ORDER BY m.at DESC
    OFFSET 49
    LIMIT 1
  )
  OR at < (
    SELECT m.at FROM hasura_migrate.metadata_change AS m ORDER BY m.at DESC OFFSET 499 LIMIT 1
  );
  DELETE FROM hasura_migrate.metadata_document AS d
  WHERE NOT EXISTS (
    SELECT FROM hasura_migrate.metadata_change AS m WHERE m.checksum_before = d.checksum
  );
END
$body$;

-- Records that a run is about to replace metadata, and keeps the document, if there is one. p_change:
-- number, version and checksum. Returns 'kept', or 'stopped' if the run was asked to stop.
CREATE OR REPLACE FUNCTION hasura_migrate.begin_metadata(
  p_run text,
  p_change jsonb,
  p_document bytea
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  -- Another run's documents are not removed between these statements.
  PERFORM pg_catalog.pg_advisory_xact_lock(${lock_class}, ${runs_lock});
  IF EXISTS (
    SELECT FROM hasura_migrate.run AS r
    WHERE r.id = p_run AND (r.cancel_asked OR r.ended_at IS NOT NULL)
  ) THEN
    RETURN 'stopped';
  END IF;
  UPDATE hasura_migrate.run SET seen_at = pg_catalog.clock_timestamp() WHERE id = p_run;
  IF p_document IS NOT NULL THEN
    INSERT INTO hasura_migrate.metadata_document (checksum, document)
    VALUES (p_change ->> 'checksum', p_document)
    ON CONFLICT (checksum) DO NOTHING;
  END IF;
  INSERT INTO hasura_migrate.metadata_change AS m (run, number, version_before, checksum_before)
  VALUES (
    p_run, (p_change ->> 'number')::integer, (p_change ->> 'version')::bigint, p_change ->> 'checksum'
  )
  ON CONFLICT (run, number) DO UPDATE SET
    version_before = excluded.version_before,
    checksum_before = excluded.checksum_before;
  PERFORM hasura_migrate.prune_metadata();
  RETURN 'kept';
END
$body$;

-- Records what the metadata is after a replacement or a reload. p_after: version, checksum and
-- inconsistent, an array of type and name.
CREATE OR REPLACE FUNCTION hasura_migrate.end_metadata(
  p_run text,
  p_number integer,
  p_after jsonb
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  INSERT INTO hasura_migrate.metadata_change AS m (
    run, number, version_after, checksum_after, inconsistent
  )
  VALUES (
    p_run, p_number, (p_after ->> 'version')::bigint, p_after ->> 'checksum',
    p_after -> 'inconsistent'
  )
  ON CONFLICT (run, number) DO UPDATE SET
    version_after = excluded.version_after,
    checksum_after = excluded.checksum_after,
    inconsistent = excluded.inconsistent;
  RETURN 'recorded';
END
$body$;

-- Removes the record of a replacement that did not happen.
CREATE OR REPLACE FUNCTION hasura_migrate.forget_metadata(p_run text, p_number integer)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(${lock_class}, ${runs_lock});
  DELETE FROM hasura_migrate.metadata_change
  WHERE run = p_run AND number = p_number AND version_after IS NULL;
  PERFORM hasura_migrate.prune_metadata();
  RETURN 'forgotten';
END
$body$;

-- What is recorded of the metadata, the newest first, as JSON.
CREATE OR REPLACE FUNCTION hasura_migrate.metadata_changes()
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(pg_catalog.json_agg(past.change ORDER BY past.at DESC), '[]')::text
  FROM (
    SELECT
      m.at,
      pg_catalog.json_build_object(
        'run', m.run,
        'number', m.number,
        'at', hasura_migrate.iso_time(m.at),
        'operation', r.operation,
        'user', r.actor ->> 'user',
        'inconsistent', m.inconsistent,
        'replaced', CASE WHEN m.checksum_before IS NOT NULL THEN pg_catalog.json_build_object(
          'version', m.version_before,
          'checksum', m.checksum_before,
          'isKept', d.checksum IS NOT NULL
        ) END
      ) AS change
    FROM hasura_migrate.metadata_change AS m
    LEFT JOIN hasura_migrate.run AS r ON r.id = m.run
    LEFT JOIN hasura_migrate.metadata_document AS d ON d.checksum = m.checksum_before
  ) AS past
$body$;

-- A document that was replaced, compressed with gzip, in base64; NULL if it is not kept.
CREATE OR REPLACE FUNCTION hasura_migrate.kept_metadata(p_checksum text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT pg_catalog.encode(d.document, 'base64')
  FROM hasura_migrate.metadata_document AS d
  WHERE d.checksum = p_checksum
$body$;
