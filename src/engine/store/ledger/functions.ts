/** Own SQLSTATEs of `enter` and `leave`. Hints only: where Hasura hides internals they do not arrive. */
export const sqlstate = {
  busy: "HM001",
  done: "HM002",
  inDoubt: "HM003",
  moved: "HM004",
  gone: "HM005",
  cancelled: "HM006",
} as const;

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
  // A setting that an older server does not know counts as empty.
  const values = watched
    .map((name) => `COALESCE(pg_catalog.current_setting('${name}', true), '')`)
    .join(", ");
  return `
CREATE OR REPLACE FUNCTION hasura_migrate.watched_settings() RETURNS text LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
  RETURN pg_catalog.concat_ws(E'\\x1f', ${values});
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.session_settings() RETURNS jsonb LANGUAGE sql VOLATILE AS $body$
  SELECT COALESCE(pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name, true)), '{}') FROM pg_catalog.pg_show_all_settings() AS s
  WHERE s.source = 'session' AND s.name NOT LIKE 'hasura_migrate.%' AND s.name NOT IN ('role', 'session_authorization', 'transaction_isolation',
    'transaction_read_only', 'transaction_deferrable')
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.remember_settings(every boolean) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM pg_catalog.set_config('hasura_migrate.watched', hasura_migrate.watched_settings(), false);
  IF every THEN PERFORM pg_catalog.set_config('hasura_migrate.session', hasura_migrate.session_settings()::text, false); END IF;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.restore_settings() RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  watched text := pg_catalog.current_setting('hasura_migrate.watched', true);
  session jsonb := NULLIF(pg_catalog.current_setting('hasura_migrate.session', true), '')::jsonb;
  it record;
BEGIN
  IF watched <> '' AND watched <> hasura_migrate.watched_settings() THEN
    FOR it IN SELECT name, setting FROM ROWS FROM (pg_catalog.unnest(ARRAY[${names}]), pg_catalog.unnest(pg_catalog.string_to_array(watched, E'\\x1f'))) AS t(name, setting)
      WHERE pg_catalog.current_setting(name, true) <> setting
    LOOP
      PERFORM pg_catalog.set_config(it.name, it.setting, false);
    END LOOP;
  END IF;
  IF session IS NOT NULL THEN
    FOR it IN SELECT name, before.value AS setting FROM pg_catalog.jsonb_each_text(hasura_migrate.session_settings()) AS now(name, value)
      FULL JOIN pg_catalog.jsonb_each_text(session) AS before(name, value) USING (name)
      WHERE now.value IS DISTINCT FROM before.value AND name NOT IN (${names})
    LOOP
      IF it.setting IS NOT NULL THEN PERFORM pg_catalog.set_config(it.name, it.setting, false);
      ELSE EXECUTE 'RESET ' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.') FROM pg_catalog.regexp_split_to_table(it.name, '[.]') AS part);
      END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('hasura_migrate.session', '', false);
  END IF;
  PERFORM pg_catalog.set_config('hasura_migrate.watched', '', false);
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
  p_generation bigint, p_mine boolean, p_told bigint, p_down_sql text, p_outside boolean, p_every boolean) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  is_applied boolean;
BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock(${key}) THEN
    RAISE EXCEPTION 'hasura-migrate: another run is in the middle of a migration' USING ERRCODE = '${sqlstate.busy}';
  END IF;
  IF EXISTS (SELECT FROM hasura_migrate.run WHERE id = p_run AND (cancel_asked OR ended_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'hasura-migrate: the run was asked to stop' USING ERRCODE = '${sqlstate.cancelled}';
  END IF;
  IF EXISTS (SELECT FROM hasura_migrate.running) THEN
    RAISE EXCEPTION 'hasura-migrate: a migration that committed by itself has not reached its end' USING ERRCODE = '${sqlstate.inDoubt}';
  END IF;
  is_applied := EXISTS (SELECT FROM hasura_migrate.migration WHERE version = p_version);
  IF (p_direction = 'up') = is_applied THEN
    RAISE EXCEPTION 'hasura-migrate: % is done already', p_version USING ERRCODE = '${sqlstate.done}';
  END IF;
  -- A commit of ours that was answered and did not happen, and another run that has taken its generation.
  IF p_mine AND NOT EXISTS (SELECT FROM hasura_migrate.step WHERE generation = p_generation AND run = p_run) THEN
    RAISE EXCEPTION 'hasura-migrate: the books have changed since the plan was made' USING ERRCODE = '${sqlstate.moved}';
  END IF;
  INSERT INTO hasura_migrate.running (version, name, checksum, direction, outside, txid, pid, backend_start, run, generation, down_sql)
  SELECT p_version, p_name, p_checksum, p_direction, p_outside, pg_catalog.txid_current(), pg_catalog.pg_backend_pid(), a.backend_start, p_run,
    hasura_migrate.advance(p_generation, p_told), p_down_sql FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS a;
  PERFORM hasura_migrate.restore_settings();
  IF NOT p_outside THEN PERFORM hasura_migrate.remember_settings(p_every); END IF;
  RETURN 'entered';
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.leave(p_run text, p_version bigint) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  it hasura_migrate.running;
  own boolean;
  took double precision;
BEGIN
  DELETE FROM hasura_migrate.running WHERE version = p_version AND run = p_run RETURNING * INTO it;
  IF it.version IS NULL THEN
    RAISE EXCEPTION 'hasura-migrate: the file rolled back its own transaction, nothing of it was kept' USING ERRCODE = '${sqlstate.gone}';
  END IF;
  own := it.txid <> pg_catalog.txid_current() AND NOT it.outside;
  took := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - it.entered_at) * 1000;
  IF it.direction = 'up' THEN
    INSERT INTO hasura_migrate.migration (version, name, checksum, own_commit, txid, run, generation, applied_at, ms, down_sql)
    VALUES (p_version, it.name, it.checksum, own, it.txid, p_run, it.generation, pg_catalog.clock_timestamp(), took, it.down_sql);
  ELSE
    DELETE FROM hasura_migrate.migration WHERE version = p_version;
  END IF;
  INSERT INTO hasura_migrate.step (generation, run, version, name, what, ms) VALUES (it.generation, p_run, p_version, it.name, it.direction, took);
  PERFORM hasura_migrate.restore_settings();
  RETURN CASE WHEN own THEN 'own_commit' ELSE 'applied' END || ' ' || took;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.record(p_run text, p_generation bigint, p_told bigint, p_changes jsonb) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  change record;
  reached bigint := p_generation;
BEGIN
  FOR change IN SELECT * FROM pg_catalog.jsonb_to_recordset(p_changes) AS it(version bigint, name text, checksum text, what text) LOOP
    reached := hasura_migrate.advance(reached, p_told);
    DELETE FROM hasura_migrate.running WHERE version = change.version;
    DELETE FROM hasura_migrate.migration WHERE version = change.version;
    IF change.what = 'marked applied' OR change.what = 'adopted' THEN
      INSERT INTO hasura_migrate.migration (version, name, checksum, run, generation, applied_at)
      VALUES (change.version, change.name, change.checksum, CASE WHEN change.what = 'adopted' THEN NULL ELSE p_run END, reached,
        CASE WHEN change.what = 'adopted' THEN NULL ELSE pg_catalog.clock_timestamp() END);
    END IF;
    INSERT INTO hasura_migrate.step (generation, run, version, name, what) VALUES (reached, p_run, change.version, change.name, change.what);
  END LOOP;
  RETURN reached::text;
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.holders() RETURNS TABLE (pid integer, state text, query_start timestamptz) LANGUAGE sql VOLATILE AS $body$
  SELECT l.pid, a.state, a.query_start FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${String(lockClass)} AND l.objid = ${String(lockOf.migration)} AND l.objsubid = 2
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
    AND l.pid <> pg_catalog.pg_backend_pid()
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.live_runs(p_live_ms double precision) RETURNS SETOF hasura_migrate.run LANGUAGE sql VOLATILE AS $body$
  SELECT r.* FROM hasura_migrate.run AS r WHERE r.ended_at IS NULL AND NOT r.waiting AND (
    GREATEST(r.seen_at, (SELECT pg_catalog.max(s.at) FROM hasura_migrate.step AS s WHERE s.run = r.id))
      > pg_catalog.clock_timestamp() - p_live_ms * interval '1 millisecond'
    OR r.id = (SELECT last.id FROM hasura_migrate.run AS last WHERE last.ended_at IS NULL AND NOT last.waiting AND EXISTS (SELECT FROM hasura_migrate.holders())
      ORDER BY last.seen_at DESC LIMIT 1))
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.snapshot(p_run text, p_live_ms double precision) RETURNS text LANGUAGE sql VOLATILE AS $body$
  SELECT pg_catalog.json_build_object(
    'schemaVersion', h.schema_version, 'generation', h.generation::text, 'synced', h.synced::text, 'serverId', h.server_id,
    'cancelAsked', COALESCE((SELECT r.cancel_asked FROM hasura_migrate.run AS r WHERE r.id = p_run), false),
    'begun', EXISTS (SELECT FROM hasura_migrate.run AS r WHERE r.id = p_run AND r.ended_at IS NULL AND NOT r.waiting),
    'migrations', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(m.version::text, m.checksum, m.run, m.generation::text,
        pg_catalog.to_char(m.applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), m.ms) ORDER BY m.version) FROM hasura_migrate.migration AS m), '[]'),
    'running', (SELECT pg_catalog.json_build_object('version', m.version::text, 'name', m.name, 'direction', m.direction, 'run', m.run, 'pid', m.pid,
        'outside', m.outside, 'alive', EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = m.pid AND a.backend_start = m.backend_start
          AND a.state IS DISTINCT FROM 'idle' AND a.pid <> pg_catalog.pg_backend_pid())) FROM hasura_migrate.running AS m LIMIT 1),
    'gone', COALESCE((SELECT pg_catalog.json_object_agg(s.version::text, s.generation::text) FROM (SELECT version, pg_catalog.max(generation) AS generation
        FROM hasura_migrate.step WHERE what IN ('down', 'marked pending', 'forgotten') GROUP BY version) AS s
      WHERE NOT EXISTS (SELECT FROM hasura_migrate.migration AS m WHERE m.version = s.version)), '{}'),
    'holder', (SELECT pg_catalog.json_build_object('pid', x.pid, 'state', x.state,
        'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - x.query_start) * 1000) FROM hasura_migrate.holders() AS x LIMIT 1),
    'others', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('run', r.id, 'actor', r.actor, 'operation', r.operation,
        'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.started_at) * 1000)) FROM hasura_migrate.live_runs(p_live_ms) AS r
      WHERE r.id IS DISTINCT FROM p_run), '[]')
  )::text FROM hasura_migrate.head AS h
$body$;
CREATE OR REPLACE FUNCTION hasura_migrate.begin_run(p_run text, p_operation text, p_actor jsonb, p_request_id text, p_image_commit text, p_options jsonb,
  p_live_ms double precision) RETURNS text LANGUAGE plpgsql AS $body$
DECLARE
  must_wait boolean;
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(${String(lockClass)}, ${String(lockOf.runs)});
  must_wait := EXISTS (SELECT FROM hasura_migrate.live_runs(p_live_ms) AS it WHERE it.id <> p_run);
  INSERT INTO hasura_migrate.run AS r (id, operation, actor, request_id, image_commit, options, waiting)
  VALUES (p_run, p_operation, p_actor, p_request_id, p_image_commit, p_options, must_wait)
  ON CONFLICT (id) DO UPDATE SET seen_at = pg_catalog.clock_timestamp(), ended_at = NULL, outcome = NULL, request_id = excluded.request_id,
    waiting = excluded.waiting;
  RETURN hasura_migrate.snapshot(p_run, p_live_ms);
END $body$;
CREATE OR REPLACE FUNCTION hasura_migrate.end_run(p_run text, p_outcome text, p_told bigint, p_server text, p_failure text) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE hasura_migrate.run SET outcome = p_outcome, failure = p_failure, waiting = false, seen_at = pg_catalog.clock_timestamp(),
    ended_at = CASE WHEN p_outcome <> 'paused' THEN pg_catalog.clock_timestamp() END WHERE id = p_run;
  UPDATE hasura_migrate.head SET synced = GREATEST(synced, p_told), server_id = COALESCE(p_server, server_id);
  RETURN hasura_migrate.snapshot(p_run, 0);
END $body$;`;
}
