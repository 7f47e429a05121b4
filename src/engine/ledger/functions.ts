/** Own SQLSTATEs of `enter` and `leave`. Hints only: where Hasura hides internals they do not arrive. */
export const sqlstate = { busy: "HM001", done: "HM002", inDoubt: "HM003", moved: "HM004", gone: "HM005", cancelled: "HM006" } as const;

/** Settings whose value is put back after every file, whatever its text says. */
const watched = [
  "search_path",
  "client_min_messages",
  "session_replication_role",
  "row_security",
  "check_function_bodies",
  "standard_conforming_strings",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "default_tablespace",
  "default_table_access_method",
  "default_transaction_isolation",
  "default_transaction_read_only",
  "xmloption",
  "client_encoding",
  "DateStyle",
  "IntervalStyle",
  "TimeZone",
  "synchronous_commit",
  "escape_string_warning",
  "constraint_exclusion",
];

interface LockKeys {
  readonly migration: number;
  readonly runs: number;
}

/**
 * The ledger's functions: SECURITY INVOKER, without a SET clause (it would undo what the file itself sets). Names inside are
 * qualified, because a migration may leave any search_path behind.
 */
export function functions(lockClass: number, lockOf: LockKeys): string {
  const key = `${String(lockClass)}, ${String(lockOf.migration)}`;
  const names = watched.map((name) => `'${name}'`).join(", ");
  return `
CREATE OR REPLACE FUNCTION hasura_migrate.settings(every boolean) RETURNS jsonb LANGUAGE sql VOLATILE AS $body$
  SELECT pg_catalog.jsonb_object_agg(it.name, it.setting) FROM (
      SELECT name, pg_catalog.current_setting(name, true) AS setting FROM pg_catalog.unnest(ARRAY[${names}]) AS name
      UNION
      SELECT s.name, pg_catalog.current_setting(s.name, true) FROM pg_catalog.pg_show_all_settings() AS s
      WHERE every AND s.source = 'session' AND s.name NOT IN ('role', 'session_authorization', 'transaction_isolation', 'transaction_read_only',
        'transaction_deferrable') AND s.name NOT LIKE 'hasura_migrate.%'
    ) AS it WHERE it.setting IS NOT NULL
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.restore_settings(every boolean) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  remembered jsonb := NULLIF(pg_catalog.current_setting('hasura_migrate.settings', true), '')::jsonb;
  it record;
BEGIN
  IF remembered IS NULL THEN RETURN; END IF;
  FOR it IN SELECT name, before.value AS setting FROM pg_catalog.jsonb_each_text(hasura_migrate.settings(every)) AS now(name, value)
    FULL JOIN pg_catalog.jsonb_each_text(remembered) AS before(name, value) USING (name) WHERE now.value IS DISTINCT FROM before.value
  LOOP
    IF it.setting IS NULL THEN EXECUTE pg_catalog.format('RESET %s', (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.') FROM pg_catalog.regexp_split_to_table(it.name, '[.]') AS part));
    ELSE PERFORM pg_catalog.set_config(it.name, it.setting, false);
    END IF;
  END LOOP;
  PERFORM pg_catalog.set_config('hasura_migrate.settings', '', false);
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.advance(expected bigint, told bigint) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE reached bigint;
BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock(${key}) THEN
    RAISE EXCEPTION 'hasura-migrate: another run is in the middle of a migration' USING ERRCODE = '${sqlstate.busy}';
  END IF;
  UPDATE hasura_migrate.head SET generation = generation + 1, synced = GREATEST(synced, told) WHERE generation = expected RETURNING generation INTO reached;
  IF reached IS NULL THEN
    RAISE EXCEPTION 'hasura-migrate: the books have changed since the plan was made' USING ERRCODE = '${sqlstate.moved}';
  END IF;
  RETURN reached;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.enter(p_run text, p_version bigint, p_name text, p_checksum text, p_direction text,
  p_generation bigint, p_told bigint, p_down_sql text, p_outside boolean, p_every boolean) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  found_state text;
  reached bigint;
BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock(${key}) THEN
    RAISE EXCEPTION 'hasura-migrate: another run is in the middle of a migration' USING ERRCODE = '${sqlstate.busy}';
  END IF;
  IF EXISTS (SELECT FROM hasura_migrate.run WHERE id = p_run AND cancel_asked) THEN
    RAISE EXCEPTION 'hasura-migrate: the run was asked to stop' USING ERRCODE = '${sqlstate.cancelled}';
  END IF;
  IF EXISTS (SELECT FROM hasura_migrate.migration WHERE state = 'running') THEN
    RAISE EXCEPTION 'hasura-migrate: a migration that committed by itself has not reached its end' USING ERRCODE = '${sqlstate.inDoubt}';
  END IF;
  SELECT state INTO found_state FROM hasura_migrate.migration WHERE version = p_version;
  IF (p_direction = 'up') = (found_state IS NOT NULL) THEN
    RAISE EXCEPTION 'hasura-migrate: % is done already', p_version USING ERRCODE = '${sqlstate.done}';
  END IF;
  reached := hasura_migrate.advance(p_generation, p_told);
  PERFORM hasura_migrate.restore_settings(true);
  INSERT INTO hasura_migrate.migration AS m (version, name, checksum, state, direction, outside, txid, pid, backend_start, run, generation, down_sql)
  SELECT p_version, p_name, p_checksum, 'running', p_direction, p_outside, pg_catalog.txid_current(), pg_catalog.pg_backend_pid(),
    (SELECT a.backend_start FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS a), p_run, reached, p_down_sql
  ON CONFLICT (version) DO UPDATE SET state = 'running', direction = p_direction, outside = p_outside, txid = excluded.txid, pid = excluded.pid,
    backend_start = excluded.backend_start, run = p_run, generation = reached, entered_at = excluded.entered_at;
  IF NOT p_outside THEN
    PERFORM pg_catalog.set_config('hasura_migrate.settings', hasura_migrate.settings(p_every)::text, false);
  END IF;
  RETURN reached::text;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.leave(p_run text, p_version bigint, p_every boolean) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  it hasura_migrate.migration;
  alone boolean;
  took double precision;
BEGIN
  SELECT * INTO it FROM hasura_migrate.migration WHERE version = p_version AND run = p_run AND state = 'running';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'hasura-migrate: the file rolled back its own transaction, nothing of it was kept' USING ERRCODE = '${sqlstate.gone}';
  END IF;
  alone := it.txid IS DISTINCT FROM pg_catalog.txid_current();
  took := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - it.entered_at) * 1000;
  IF it.direction = 'up' THEN
    UPDATE hasura_migrate.migration SET state = 'applied', own_commit = alone AND NOT outside, applied_at = pg_catalog.clock_timestamp(), ms = took
    WHERE version = p_version;
  ELSE
    DELETE FROM hasura_migrate.migration WHERE version = p_version;
  END IF;
  INSERT INTO hasura_migrate.step (generation, run, version, name, what, ms) VALUES (it.generation, p_run, p_version, it.name, it.direction, took);
  UPDATE hasura_migrate.run SET last_step_at = pg_catalog.clock_timestamp() WHERE id = p_run;
  PERFORM hasura_migrate.restore_settings(p_every);
  RETURN CASE WHEN alone AND NOT it.outside THEN 'own_commit' ELSE 'applied' END;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.record(p_run text, p_generation bigint, p_told bigint, p_changes jsonb) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
  change record;
  reached bigint := p_generation;
BEGIN
  FOR change IN SELECT * FROM pg_catalog.jsonb_to_recordset(p_changes) AS it(version bigint, name text, checksum text, what text, down_sql text) LOOP
    reached := hasura_migrate.advance(reached, p_told);
    IF change.what IN ('marked pending', 'forgotten') THEN
      DELETE FROM hasura_migrate.migration WHERE version = change.version;
    ELSE
      INSERT INTO hasura_migrate.migration (version, name, checksum, state, direction, run, generation, applied_at, down_sql)
      VALUES (change.version, change.name, change.checksum, 'applied', 'up', CASE WHEN change.what = 'adopted' THEN NULL ELSE p_run END, reached,
        CASE WHEN change.what = 'adopted' THEN NULL ELSE pg_catalog.clock_timestamp() END, change.down_sql)
      ON CONFLICT (version) DO UPDATE SET state = 'applied', direction = 'up', run = excluded.run, generation = reached, applied_at = excluded.applied_at,
        checksum = COALESCE(excluded.checksum, hasura_migrate.migration.checksum), own_commit = false, outside = false, txid = NULL, pid = NULL;
    END IF;
    INSERT INTO hasura_migrate.step (generation, run, version, name, what) VALUES (reached, p_run, change.version, change.name, change.what);
  END LOOP;
  RETURN reached;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.holders() RETURNS TABLE (pid integer, state text, query_start timestamptz, wait text) LANGUAGE sql VOLATILE AS $body$
  SELECT l.pid, a.state, a.query_start, a.wait_event_type FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${String(lockClass)} AND l.objid = ${String(lockOf.migration)} AND l.objsubid = 2
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND l.pid <> pg_catalog.pg_backend_pid()
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.live_runs(p_live_ms double precision) RETURNS SETOF hasura_migrate.run LANGUAGE sql VOLATILE AS $body$
  SELECT r.* FROM hasura_migrate.run AS r WHERE r.ended_at IS NULL AND (
    r.last_step_at > pg_catalog.clock_timestamp() - p_live_ms * interval '1 millisecond'
    OR (r.id = (SELECT last.id FROM hasura_migrate.run AS last WHERE last.ended_at IS NULL ORDER BY last.last_step_at DESC LIMIT 1)
      AND EXISTS (SELECT FROM hasura_migrate.holders())))
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.begin_run(p_run text, p_operation text, p_actor jsonb, p_request_id text, p_image_commit text, p_options jsonb,
  p_live_ms double precision) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(${String(lockClass)}, ${String(lockOf.runs)});
  IF NOT EXISTS (SELECT FROM hasura_migrate.live_runs(p_live_ms) AS it WHERE it.id <> p_run) THEN
    INSERT INTO hasura_migrate.run (id, operation, actor, request_id, image_commit, options)
    VALUES (p_run, p_operation, p_actor, p_request_id, p_image_commit, p_options)
    ON CONFLICT (id) DO UPDATE SET last_step_at = pg_catalog.clock_timestamp(), ended_at = NULL, outcome = NULL, request_id = excluded.request_id;
  END IF;
  RETURN hasura_migrate.snapshot(p_run, p_live_ms);
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.snapshot(p_run text, p_live_ms double precision) RETURNS text LANGUAGE sql VOLATILE AS $body$
  SELECT pg_catalog.json_build_object(
    'schemaVersion', h.schema_version, 'generation', h.generation::text, 'synced', h.synced::text, 'serverId', h.server_id,
    'cancelAsked', COALESCE((SELECT r.cancel_asked FROM hasura_migrate.run AS r WHERE r.id = p_run), false),
    'began', EXISTS (SELECT FROM hasura_migrate.run AS r WHERE r.id = p_run AND r.ended_at IS NULL),
    'migrations', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.version::text, m.name, m.checksum, m.state, m.direction, m.run,
        m.generation::text, pg_catalog.to_char(m.applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), m.pid, m.own_commit,
        CASE WHEN m.state = 'running' THEN EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = m.pid
          AND a.backend_start = m.backend_start AND a.state IS DISTINCT FROM 'idle' AND a.pid <> pg_catalog.pg_backend_pid()) END)
      ORDER BY m.version) FROM hasura_migrate.migration AS m), '[]'),
    'gone', COALESCE((SELECT pg_catalog.json_object_agg(s.version::text, s.generation::text) FROM (SELECT version, pg_catalog.max(generation) AS generation
        FROM hasura_migrate.step WHERE what IN ('down', 'marked pending', 'forgotten') GROUP BY version) AS s
      WHERE NOT EXISTS (SELECT FROM hasura_migrate.migration AS m WHERE m.version = s.version)), '{}'),
    'holder', (SELECT pg_catalog.json_build_object('pid', x.pid, 'state', x.state,
        'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - x.query_start) * 1000) FROM hasura_migrate.holders() AS x LIMIT 1),
    'others', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('run', r.id, 'actor', r.actor, 'operation', r.operation,
        'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.started_at) * 1000)) FROM hasura_migrate.live_runs(p_live_ms) AS r
      WHERE r.id IS DISTINCT FROM p_run), '[]')
  )::text FROM hasura_migrate.head AS h
$body$;`;
}
