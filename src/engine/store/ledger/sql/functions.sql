-- The ledger's functions. SECURITY INVOKER. They run with whatever search_path the session or a
-- migration has left, so every name, type and operator in them resolves in pg_catalog, and nothing
-- that another user defines elsewhere is ever called. Most have a SET clause for that. Those that
-- read or restore settings cannot have one, as it would undo their work and hide the search_path:
-- these (marked "no SET clause") qualify every type and operator, and use no syntax that looks an
-- operator up by its name (IN, IS DISTINCT FROM, NULLIF, LIKE, CASE x WHEN, USING).

-- Settings whose values are restored after every migration, whatever its text contains.
CREATE OR REPLACE FUNCTION hasura_migrate.watched_names()
RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT ARRAY[
    'search_path',
    'client_min_messages',
    'session_replication_role',
    'row_security',
    'check_function_bodies',
    'standard_conforming_strings',
    'statement_timeout',
    'lock_timeout',
    'idle_in_transaction_session_timeout',
    'default_tablespace',
    'default_table_access_method',
    'default_transaction_isolation',
    'default_transaction_read_only',
    'xmloption',
    'client_encoding',
    'DateStyle',
    'IntervalStyle',
    'TimeZone',
    'synchronous_commit',
    'escape_string_warning',
    'constraint_exclusion'
  ]
$body$;

-- Their values in that order, separated by \x1f. A setting that an older server lacks counts as
-- empty. Only simple expressions, which PL/pgSQL evaluates without a query: this runs twice for
-- every migration. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.watched_settings()
RETURNS text
LANGUAGE plpgsql
VOLATILE
AS $body$
DECLARE
  setting_name pg_catalog.text;
  joined pg_catalog.text := '';
BEGIN
  FOREACH setting_name IN ARRAY hasura_migrate.watched_names() LOOP
    joined := pg_catalog.concat(joined, pg_catalog.current_setting(setting_name, true), E'\x1f');
  END LOOP;
  RETURN joined;
END
$body$;

-- Everything that was set in this session, except the search_path, which is a watched setting.
CREATE OR REPLACE FUNCTION hasura_migrate.session_settings()
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(
    pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name, true)),
    '{}'
  )::text
  FROM pg_catalog.pg_show_all_settings() AS s
  WHERE s.source = 'session'
    AND s.name NOT LIKE 'hasura_migrate.%'
    AND s.name NOT IN (
      'search_path', 'role', 'session_authorization', 'transaction_isolation',
      'transaction_read_only', 'transaction_deferrable'
    )
$body$;

-- Remembers the settings before a migration; with p_all also those outside the watched list. No SET
-- clause.
CREATE OR REPLACE FUNCTION hasura_migrate.remember_settings(p_all boolean)
RETURNS void
LANGUAGE plpgsql
AS $body$
BEGIN
  PERFORM pg_catalog.set_config('hasura_migrate.watched', hasura_migrate.watched_settings(), false);
  IF p_all THEN
    PERFORM pg_catalog.set_config(
      'hasura_migrate.session', hasura_migrate.session_settings(), false);
  END IF;
END
$body$;

-- Watched settings that are not as they were: an array of name and value, one after the other.
CREATE OR REPLACE FUNCTION hasura_migrate.changed_watched(p_before text, p_now text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(pg_catalog.array_agg(pair.part ORDER BY t.place, pair.place), '{}')
  FROM ROWS FROM (
    pg_catalog.unnest(hasura_migrate.watched_names()),
    pg_catalog.unnest(pg_catalog.string_to_array(p_before, E'\x1f')),
    pg_catalog.unnest(pg_catalog.string_to_array(p_now, E'\x1f'))
  ) WITH ORDINALITY AS t(name, setting, now, place),
  pg_catalog.unnest(ARRAY[t.name, t.setting]) WITH ORDINALITY AS pair(part, place)
  WHERE t.name IS NOT NULL AND t.now <> t.setting
$body$;

-- The same for the settings of session_settings. Those that were not set before are not among them:
-- RESET ALL has put them back.
CREATE OR REPLACE FUNCTION hasura_migrate.changed_session(p_before text, p_now text)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(pg_catalog.array_agg(pair.part ORDER BY before.key, pair.place), '{}')
  FROM pg_catalog.jsonb_each_text(p_before::jsonb) AS before,
    pg_catalog.unnest(ARRAY[before.key, before.value]) WITH ORDINALITY AS pair(part, place)
  WHERE before.value IS DISTINCT FROM p_now::jsonb ->> before.key
    AND before.key <> ALL (hasura_migrate.watched_names())
$body$;

-- Sets names and values, one after the other. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.apply_settings(p_pairs text[])
RETURNS void
LANGUAGE plpgsql
AS $body$
DECLARE
  part pg_catalog.text;
  setting_name pg_catalog.text;
BEGIN
  FOREACH part IN ARRAY p_pairs LOOP
    IF setting_name IS NULL THEN
      setting_name := part;
    ELSE
      PERFORM pg_catalog.set_config(setting_name, part, false);
      setting_name := NULL;
    END IF;
  END LOOP;
END
$body$;

-- Restores what remember_settings stored, and forgets it. RESET ALL reaches what no view lists:
-- settings of the file's own making (`SET app.tenant = …`), which would otherwise stay on the
-- pooled connection. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.restore_settings()
RETURNS void
LANGUAGE plpgsql
AS $body$
DECLARE
  watched pg_catalog.text := pg_catalog.current_setting('hasura_migrate.watched', true);
  session pg_catalog.text := pg_catalog.current_setting('hasura_migrate.session', true);
BEGIN
  IF session OPERATOR(pg_catalog.<>) '' THEN
    RESET ALL;
  END IF;
  IF watched OPERATOR(pg_catalog.<>) ''
    AND watched OPERATOR(pg_catalog.<>) hasura_migrate.watched_settings()
  THEN
    PERFORM hasura_migrate.apply_settings(
      hasura_migrate.changed_watched(watched, hasura_migrate.watched_settings()));
  END IF;
  IF session OPERATOR(pg_catalog.<>) '' THEN
    PERFORM hasura_migrate.apply_settings(
      hasura_migrate.changed_session(session, hasura_migrate.session_settings()));
    PERFORM pg_catalog.set_config('hasura_migrate.session', '', false);
  END IF;
  PERFORM pg_catalog.set_config('hasura_migrate.watched', '', false);
END
$body$;

-- Takes the lock of a migration until the end of the transaction, or refuses at once.
CREATE OR REPLACE FUNCTION hasura_migrate.lock_migrations()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF NOT pg_catalog.pg_try_advisory_xact_lock(${lock_class}, ${migration_lock}) THEN
    RAISE EXCEPTION 'hasura-migrate: another run is in the middle of a migration'
      USING ERRCODE = '${sqlstate_busy}';
  END IF;
END
$body$;

-- Compares and sets the generation; returns the new one.
CREATE OR REPLACE FUNCTION hasura_migrate.advance(p_expected bigint, p_synced bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  reached hasura_migrate.head;
BEGIN
  PERFORM hasura_migrate.lock_migrations();
  UPDATE hasura_migrate.head
  SET
    generation = generation + 1,
    synced = GREATEST(synced, p_synced),
    change = change + 1,
    mark = hasura_migrate.new_mark()
  WHERE generation = p_expected
  RETURNING * INTO reached;
  IF reached.generation IS NULL THEN
    RAISE EXCEPTION 'hasura-migrate: the ledger has changed since the plan was made'
      USING ERRCODE = '${sqlstate_moved}';
  END IF;
  PERFORM hasura_migrate.keep_change(reached);
  RETURN reached.generation;
END
$body$;

-- Begins a migration or a seed of a run: takes the lock, and refuses where the run was cancelled, or where a migration that
-- committed by itself has not reached its end.
CREATE OR REPLACE FUNCTION hasura_migrate.lock_for_run(p_run text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  PERFORM hasura_migrate.lock_migrations();
  IF EXISTS (
    SELECT FROM hasura_migrate.run AS r
    WHERE r.id = p_run AND (r.cancel_asked OR r.ended_at IS NOT NULL)
  ) THEN
    RAISE EXCEPTION 'hasura-migrate: the run was cancelled'
      USING ERRCODE = '${sqlstate_cancelled}';
  END IF;
  IF EXISTS (SELECT FROM hasura_migrate.running) THEN
    RAISE EXCEPTION 'hasura-migrate: a migration that committed by itself has not reached its end'
      USING ERRCODE = '${sqlstate_in_doubt}';
  END IF;
END
$body$;

-- Refuses where a commit of this run that made the generation was confirmed but did not happen, and another run took the
-- generation. p_own: the generation was made by this run.
CREATE OR REPLACE FUNCTION hasura_migrate.check_own_generation(
  p_run text,
  p_generation bigint,
  p_own boolean
)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  IF p_own
    AND NOT EXISTS (
      SELECT FROM hasura_migrate.step AS s WHERE s.generation = p_generation AND s.run = p_run
    )
    AND NOT EXISTS (
      SELECT FROM hasura_migrate.seed AS s WHERE s.generation = p_generation AND s.run = p_run
    )
  THEN
    RAISE EXCEPTION 'hasura-migrate: the ledger has changed since the plan was made'
      USING ERRCODE = '${sqlstate_moved}';
  END IF;
END
$body$;

-- The record of a migration that is about to run; see enter. p_step: run, version, name, checksum, direction, generation
-- (the one it expects), own_generation (that one was made by this run), synced, down_sql, outside
-- (not in a transaction), all_settings (see remember_settings).
CREATE OR REPLACE FUNCTION hasura_migrate.begin_step(p_step jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  step record;
  is_applied boolean;
BEGIN
  SELECT * INTO STRICT step
  FROM pg_catalog.jsonb_to_record(p_step) AS s(
    run text, version bigint, name text, checksum text, direction text, generation bigint,
    own_generation boolean, synced bigint, down_sql text, outside boolean, all_settings boolean
  );
  PERFORM hasura_migrate.lock_for_run(step.run);
  is_applied := EXISTS (
    SELECT FROM hasura_migrate.migration AS m WHERE m.version = step.version
  );
  IF (step.direction = 'up') = is_applied THEN
    RAISE EXCEPTION 'hasura-migrate: % is already %', step.version,
      CASE WHEN is_applied THEN 'applied' ELSE 'rolled back' END
      USING ERRCODE = '${sqlstate_done}';
  END IF;
  PERFORM hasura_migrate.check_own_generation(step.run, step.generation, step.own_generation);
  INSERT INTO hasura_migrate.running (
    version, name, checksum, direction, outside, txid, pid, backend_start, run, generation, down_sql
  )
  SELECT
    step.version, step.name, step.checksum, step.direction, step.outside,
    pg_catalog.txid_current(), pg_catalog.pg_backend_pid(), a.backend_start, step.run,
    hasura_migrate.advance(step.generation, step.synced), step.down_sql
  FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS a;
END
$body$;

-- The record of a seed that is about to run; see enter. p_seed: run, name, checksum, generation, own_generation and synced, as
-- for a migration. Whether it was run before is not examined: the generation shows that nothing was since the plan was made.
CREATE OR REPLACE FUNCTION hasura_migrate.begin_seed(p_seed jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  seed record;
BEGIN
  SELECT * INTO STRICT seed
  FROM pg_catalog.jsonb_to_record(p_seed) AS s(
    run text, name text, checksum text, generation bigint, own_generation boolean, synced bigint
  );
  PERFORM hasura_migrate.lock_for_run(seed.run);
  PERFORM hasura_migrate.check_own_generation(seed.run, seed.generation, seed.own_generation);
  INSERT INTO hasura_migrate.seed (generation, name, checksum, run, txid)
  VALUES (
    hasura_migrate.advance(seed.generation, seed.synced), seed.name, seed.checksum, seed.run,
    pg_catalog.txid_current()
  );
END
$body$;

-- Runs before the own SQL of a migration or a seed. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.enter(p_step jsonb)
RETURNS text
LANGUAGE plpgsql
AS $body$
BEGIN
  IF pg_catalog.jsonb_extract_path_text(p_step, 'direction') OPERATOR(pg_catalog.=) 'seed' THEN
    PERFORM hasura_migrate.begin_seed(p_step);
  ELSE
    PERFORM hasura_migrate.begin_step(p_step);
  END IF;
  PERFORM hasura_migrate.restore_settings();
  IF NOT pg_catalog.jsonb_extract_path_text(p_step, 'outside')::boolean THEN
    PERFORM hasura_migrate.remember_settings(
      pg_catalog.jsonb_extract_path_text(p_step, 'all_settings')::boolean);
  END IF;
  RETURN 'entered';
END
$body$;

-- Records the migration that has run; see leave. Returns 'applied' or 'own_commit' (the file
-- committed by itself), then the milliseconds since enter.
CREATE OR REPLACE FUNCTION hasura_migrate.finish_step(p_run text, p_version bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  entered hasura_migrate.running;
  own boolean;
  took double precision;
BEGIN
  -- Before the row of running, as in record: two sessions that lock both never wait for each other.
  IF hasura_migrate.kept_change() IS NULL THEN
    PERFORM FROM hasura_migrate.head FOR UPDATE;
  END IF;
  DELETE FROM hasura_migrate.running
  WHERE version = p_version AND run = p_run
  RETURNING * INTO entered;
  IF entered.version IS NULL THEN
    RAISE EXCEPTION 'hasura-migrate: the file rolled back its own transaction, nothing of it was kept'
      USING ERRCODE = '${sqlstate_gone}';
  END IF;
  own := entered.txid <> pg_catalog.txid_current() AND NOT entered.outside;
  took := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - entered.entered_at) * 1000::double precision;
  IF entered.direction = 'up' THEN
    INSERT INTO hasura_migrate.migration (
      version, name, checksum, own_commit, txid, run, generation, applied_at, ms, down_sql
    )
    VALUES (
      p_version, entered.name, entered.checksum, own, entered.txid, p_run, entered.generation,
      pg_catalog.clock_timestamp(), took, entered.down_sql
    );
  ELSE
    DELETE FROM hasura_migrate.migration WHERE version = p_version;
  END IF;
  INSERT INTO hasura_migrate.step (generation, run, version, name, what, ms)
  VALUES (entered.generation, p_run, p_version, entered.name, entered.direction, took);
  RETURN CASE WHEN own THEN 'own_commit' ELSE 'applied' END || ' ' || took::text;
END
$body$;

-- Runs after the migration's own SQL, and returns what finish_step does. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.leave(p_run text, p_version bigint)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
  recorded pg_catalog.text;
BEGIN
  recorded := hasura_migrate.finish_step(p_run, p_version);
  PERFORM hasura_migrate.restore_settings();
  RETURN recorded;
END
$body$;

-- Records the seed that has run, which made the generation p_generation; see leave_seed. Returns 'applied', then the milliseconds
-- since enter.
CREATE OR REPLACE FUNCTION hasura_migrate.finish_seed(p_run text, p_generation bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  took double precision;
BEGIN
  UPDATE hasura_migrate.seed
  SET
    ms = pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - applied_at) * 1000::double precision,
    applied_at = pg_catalog.clock_timestamp()
  WHERE generation = p_generation AND run = p_run AND txid = pg_catalog.txid_current()
  RETURNING ms INTO took;
  IF took IS NULL THEN
    RAISE EXCEPTION 'hasura-migrate: the file ended its own transaction'
      USING ERRCODE = '${sqlstate_gone}';
  END IF;
  RETURN 'applied ' || took::text;
END
$body$;

-- Runs after the seed's own SQL, and returns what finish_seed does. No SET clause.
CREATE OR REPLACE FUNCTION hasura_migrate.leave_seed(p_run text, p_generation bigint)
RETURNS text
LANGUAGE plpgsql
AS $body$
DECLARE
  recorded pg_catalog.text;
BEGIN
  recorded := hasura_migrate.finish_seed(p_run, p_generation);
  PERFORM hasura_migrate.restore_settings();
  RETURN recorded;
END
$body$;

-- Changes the record alone. p_changes: an array of version, name, checksum, down_sql and what ('adopted',
-- 'forgotten', 'squashed', 'marked applied' or 'marked pending'). An empty name stays as it was. Without a checksum,
-- a version that is marked as applied keeps the checksum and the down SQL that are recorded of it. Returns the new
-- generation.
CREATE OR REPLACE FUNCTION hasura_migrate.record(
  p_run text,
  p_generation bigint,
  p_synced bigint,
  p_changes jsonb
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  change record;
  reached bigint := p_generation;
  known record;
  interrupted record;
BEGIN
  FOR change IN
    SELECT *
    FROM pg_catalog.jsonb_to_recordset(p_changes)
      AS c(version bigint, name text, checksum text, what text, down_sql text)
  LOOP
    reached := hasura_migrate.advance(reached, p_synced);
    -- Of an interrupted rollback, the record of the migration has them.
    DELETE FROM hasura_migrate.running AS r WHERE r.version = change.version
    RETURNING r.name, r.checksum, r.down_sql INTO interrupted;
    DELETE FROM hasura_migrate.migration AS m WHERE m.version = change.version
    RETURNING m.version, m.name, m.checksum, m.down_sql INTO known;
    change.name := COALESCE(NULLIF(change.name, ''), known.name, interrupted.name, '');
    IF change.what = 'marked applied' AND change.checksum IS NULL THEN
      IF known.version IS NULL THEN
        change.checksum := interrupted.checksum;
        change.down_sql := interrupted.down_sql;
      ELSE
        change.checksum := known.checksum;
        change.down_sql := known.down_sql;
      END IF;
    END IF;
    IF change.what = 'marked applied' THEN
      INSERT INTO hasura_migrate.migration (
        version, name, checksum, run, generation, applied_at, down_sql
      )
      VALUES (
        change.version, change.name, change.checksum, p_run, reached, pg_catalog.clock_timestamp(),
        change.down_sql
      );
    ELSIF change.what = 'adopted' THEN
      INSERT INTO hasura_migrate.migration (version, name, checksum, generation)
      VALUES (change.version, change.name, change.checksum, reached);
    END IF;
    INSERT INTO hasura_migrate.step (generation, run, version, name, what)
    VALUES (reached, p_run, change.version, change.name, change.what);
  END LOOP;
  RETURN reached::text;
END
$body$;

-- Other sessions that hold the lock of a migration: at most one.
CREATE OR REPLACE FUNCTION hasura_migrate.holders()
RETURNS TABLE (pid integer, state text, query_start timestamptz)
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT l.pid, a.state, a.query_start
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)
  WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.classid = ${lock_class}::oid
    AND l.objid = ${migration_lock}::oid
    AND l.objsubid = 2::smallint
    AND l.database = (
      SELECT d.oid
      FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database()
    )
    AND l.pid <> pg_catalog.pg_backend_pid()
$body$;

-- The label of the rehearsal that a session is executing, which holds the lock of a migration too; empty where the
-- session's statement is not shown to this user. NULL for other sessions.
CREATE OR REPLACE FUNCTION hasura_migrate.label_of_rehearsal(p_pid integer)
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT
    CASE
      WHEN pg_catalog.starts_with(a.query, '${rehearsal_label_prefix}')
      THEN pg_catalog.split_part(a.query, '*/', 1) || '*/'
      ELSE ''
    END
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)
  WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.classid = ${lock_class}::oid
    AND l.objid = ${rehearsal_lock}::oid
    AND l.objsubid = 2::smallint
    AND l.database = (
      SELECT d.oid
      FROM pg_catalog.pg_database AS d
      WHERE d.datname = pg_catalog.current_database()
    )
    AND l.pid = p_pid
  LIMIT 1
$body$;

-- Who holds, or is queued before it for, the lock that the session of a migration is waiting for: one
-- JSON text, an array that is empty where it waits for none. Without the texts of their statements,
-- which may hold secrets. Sessions of other users show state and times only to members of
-- pg_read_all_stats.
CREATE OR REPLACE FUNCTION hasura_migrate.lock_holders()
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(
    pg_catalog.json_agg(
      pg_catalog.json_build_object(
        'pid', b.pid,
        'application', a.application_name,
        'user', a.usename,
        'state', a.state,
        'process', CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type END,
        'openMs', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start) * 1000::double precision,
        'waits', b.waits
      )
      ORDER BY b.waits, a.xact_start, b.pid
    ),
    '[]'
  )::text
  FROM (
    SELECT
      blocking.pid,
      EXISTS (
        SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid = blocking.pid AND NOT l.granted
      ) AS waits
    FROM (
      SELECT DISTINCT x.pid
      FROM (
        SELECT h.pid FROM hasura_migrate.holders() AS h
        UNION
        SELECT r.pid FROM hasura_migrate.running AS r
      ) AS migrating
      JOIN pg_catalog.pg_stat_activity AS m USING (pid)
      CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(m.pid)) AS x(pid)
      WHERE m.wait_event_type = 'Lock'
    ) AS blocking
  ) AS b
  LEFT JOIN pg_catalog.pg_stat_activity AS a USING (pid)
$body$;

-- Runs that have begun and not ended, and were active within p_live_ms. While a migration is
-- running, the run that was seen last counts as live, however long its statement takes.
CREATE OR REPLACE FUNCTION hasura_migrate.live_runs(p_live_ms double precision)
RETURNS SETOF hasura_migrate.run
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT r.*
  FROM hasura_migrate.run AS r
  WHERE r.ended_at IS NULL
    AND NOT r.waiting
    AND (
      GREATEST(
        r.seen_at,
        (SELECT pg_catalog.max(s.at) FROM hasura_migrate.step AS s WHERE s.run = r.id),
        (SELECT pg_catalog.max(s.applied_at) FROM hasura_migrate.seed AS s WHERE s.run = r.id)
      ) > pg_catalog.clock_timestamp() - p_live_ms * interval '1 millisecond'
      OR r.id = (
        SELECT last.id
        FROM hasura_migrate.run AS last
        WHERE last.ended_at IS NULL
          AND NOT last.waiting
          AND EXISTS (
            SELECT FROM hasura_migrate.holders() AS h
            WHERE hasura_migrate.label_of_rehearsal(h.pid) IS NULL
          )
        ORDER BY last.seen_at DESC
        LIMIT 1
      )
    )
$body$;

-- A time as JSON: UTC, with milliseconds. No SET clause, so that it is inlined.
CREATE OR REPLACE FUNCTION hasura_migrate.iso_time(p_time timestamptz)
RETURNS text
LANGUAGE sql
STABLE
AS $body$
  SELECT pg_catalog.to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$body$;

-- The state of the ledger as one JSON text, as the run p_run sees it. p_change and p_mark: those of an
-- earlier answer, or NULL. Where the ledger has gone on from there, `touched` lists the versions whose
-- record may have changed since, and `migrations` and `gone` have those alone; otherwise it is null, and
-- they are complete. All of it is one statement, so that it shows one moment.
CREATE OR REPLACE FUNCTION hasura_migrate.snapshot_since(
  p_run text,
  p_live_ms double precision,
  p_change bigint,
  p_mark text
)
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT pg_catalog.json_build_object(
    'schemaVersion', h.schema_version,
    'generation', h.generation::text,
    'synced', h.synced::text,
    'serverId', h.server_id,
    'change', h.change::text,
    'mark', h.mark,
    'touched', since.versions::text[],
    'cancelAsked', COALESCE(
      (SELECT r.cancel_asked FROM hasura_migrate.run AS r WHERE r.id = p_run),
      false
    ),
    'begun', EXISTS (
      SELECT FROM hasura_migrate.run AS r
      WHERE r.id = p_run AND r.ended_at IS NULL AND NOT r.waiting
    ),
    'halfRedone', (
      SELECT s.version::text
      FROM hasura_migrate.step AS s
      JOIN hasura_migrate.run AS r ON r.id = s.run
      WHERE s.generation = h.generation AND s.what = 'down' AND r.operation = 'redo'
    ),
    'planned', (
      SELECT pg_catalog.json_build_object(
        'steps', r.planned,
        'done', (
          SELECT pg_catalog.json_agg(s.what || ' ' || s.version::text)
          FROM hasura_migrate.step AS s
          WHERE s.run = r.id AND s.what IN ('up', 'down')
        )
      )
      FROM hasura_migrate.run AS r
      WHERE r.id = p_run AND r.planned IS NOT NULL
    ),
    'migrations', CASE WHEN since.versions = '{}' THEN '[]' ELSE COALESCE(
      (
        SELECT pg_catalog.json_agg(
          pg_catalog.json_build_array(
            m.version::text, m.checksum, m.run, m.generation::text,
            hasura_migrate.iso_time(m.applied_at), m.ms
          )
          ORDER BY m.version
        )
        FROM hasura_migrate.migration AS m
        WHERE since.versions IS NULL OR m.version = ANY (since.versions)
      ),
      '[]'
    ) END,
    'running', (
      SELECT pg_catalog.json_build_object(
        'version', m.version::text,
        'name', m.name,
        'direction', m.direction,
        'run', m.run,
        'pid', m.pid,
        'outside', m.outside,
        'alive', EXISTS (
          SELECT FROM pg_catalog.pg_stat_activity AS a
          WHERE a.pid = m.pid
            AND a.backend_start = m.backend_start
            AND a.state IS DISTINCT FROM 'idle'
            AND a.pid <> pg_catalog.pg_backend_pid()
        )
      )
      FROM hasura_migrate.running AS m
      LIMIT 1
    ),
    'gone', CASE WHEN since.versions = '{}' THEN '{}' ELSE COALESCE(
      (
        SELECT pg_catalog.json_object_agg(s.version::text, s.generation::text)
        FROM (
          SELECT version, pg_catalog.max(generation) AS generation
          FROM hasura_migrate.step
          WHERE what IN ('down', 'marked pending', 'forgotten', 'squashed')
            AND (since.versions IS NULL OR version = ANY (since.versions))
          GROUP BY version
        ) AS s
        WHERE NOT EXISTS (
          SELECT FROM hasura_migrate.migration AS m WHERE m.version = s.version
        )
      ),
      '{}'
    ) END,
    'seeds', COALESCE(
      (
        SELECT pg_catalog.json_object_agg(s.generation::text, s.name)
        FROM hasura_migrate.seed AS s
        WHERE s.run = p_run AND s.ms IS NOT NULL
      ),
      '{}'
    ),
    'holder', (
      SELECT pg_catalog.json_build_object(
        'pid', x.pid,
        'state', x.state,
        'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - x.query_start) * 1000::double precision,
        'rehearsal', hasura_migrate.label_of_rehearsal(x.pid)
      )
      FROM hasura_migrate.holders() AS x
      LIMIT 1
    ),
    'others', COALESCE(
      (
        SELECT pg_catalog.json_agg(
          pg_catalog.json_build_object(
            'run', r.id,
            'actor', r.actor,
            'operation', r.operation,
            'ms', pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.started_at) * 1000::double precision
          )
        )
        FROM hasura_migrate.live_runs(p_live_ms) AS r
        WHERE r.id IS DISTINCT FROM p_run
      ),
      '[]'
    )
  )::text
  FROM hasura_migrate.head AS h
  CROSS JOIN LATERAL (
    SELECT CASE
      WHEN h.change = p_change AND h.mark = p_mark THEN '{}'
      WHEN EXISTS (
        SELECT FROM hasura_migrate.change AS c WHERE c.number = p_change AND c.mark = p_mark
      )
      AND p_change >= h.complete_from
      THEN ARRAY(
        SELECT DISTINCT c.version FROM hasura_migrate.change AS c WHERE c.number > p_change
      )
    END AS versions
    OFFSET 0
  ) AS since
$body$;

-- The whole state of the ledger.
CREATE OR REPLACE FUNCTION hasura_migrate.snapshot(p_run text, p_live_ms double precision)
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT hasura_migrate.snapshot_since(p_run, p_live_ms, NULL, NULL)
$body$;

-- Registers a run, as waiting where another one is live, or continues it. Refused as data, because
-- errors do not arrive in full where Hasura hides internals: with `deliveredTwice` in the snapshot,
-- an invocation of the run that another request is already; with `runIdTaken`, an id that belongs to
-- another run (another operation or person, or one that has ended).
-- p_run: id, part, operation, actor, request_id, image_commit, source, options. Returns a snapshot.
CREATE OR REPLACE FUNCTION hasura_migrate.begin_run(p_run jsonb, p_live_ms double precision)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  run_id text := p_run ->> 'id';
  request text := p_run ->> 'request_id';
  part integer := (p_run ->> 'part')::integer;
  must_wait boolean;
  refusal text;
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(${lock_class}, ${runs_lock});
  must_wait := EXISTS (
    SELECT FROM hasura_migrate.live_runs(p_live_ms) AS r WHERE r.id <> run_id
  );
  INSERT INTO hasura_migrate.run AS r (
    id, operation, actor, request_id, request_ids, image_commit, source, options, waiting
  )
  VALUES (
    run_id, p_run ->> 'operation', p_run -> 'actor', request, ARRAY[request],
    p_run ->> 'image_commit', p_run -> 'source', p_run -> 'options', must_wait
  )
  ON CONFLICT (id) DO UPDATE SET
    seen_at = pg_catalog.clock_timestamp(),
    outcome = NULL,
    request_id = excluded.request_id,
    request_ids = CASE
      WHEN request = ANY (r.request_ids) THEN r.request_ids
      ELSE pg_catalog.array_append(r.request_ids, request)
    END,
    waiting = excluded.waiting
  WHERE r.ended_at IS NULL
    AND r.operation = excluded.operation
    AND r.actor ->> 'user' = excluded.actor ->> 'user'
    AND r.actor ->> 'host' = excluded.actor ->> 'host'
    AND (request = ANY (r.request_ids) OR part > pg_catalog.cardinality(r.request_ids));
  IF NOT FOUND THEN
    refusal := CASE
      WHEN EXISTS (
        SELECT FROM hasura_migrate.run AS r
        WHERE r.id = run_id
          AND r.operation = p_run ->> 'operation'
          AND r.actor ->> 'user' = p_run -> 'actor' ->> 'user'
          AND r.actor ->> 'host' = p_run -> 'actor' ->> 'host'
          AND request <> ALL (r.request_ids)
          AND part <= pg_catalog.cardinality(r.request_ids)
      )
      THEN 'deliveredTwice'
      ELSE 'runIdTaken'
    END;
    RETURN pg_catalog.jsonb_set(
      hasura_migrate.snapshot(run_id, p_live_ms)::jsonb, ARRAY[refusal], 'true')::text;
  END IF;
  RETURN hasura_migrate.snapshot(run_id, p_live_ms);
END
$body$;

-- Keeps what a run may do, an array of fingerprints: what was confirmed holds for all of its
-- invocations.
CREATE OR REPLACE FUNCTION hasura_migrate.keep_plan(p_run text, p_request text, p_steps jsonb)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  UPDATE hasura_migrate.run
  SET planned = p_steps
  WHERE id = p_run AND p_request = ANY (request_ids) AND ended_at IS NULL AND planned IS NULL;
  RETURN 'kept';
END
$body$;

-- Closes a run, by an invocation that registered or continued it; a paused one stays open, because
-- another invocation continues it. p_synced: the
-- generation up to which the catalog state was written, on the server p_server. Returns a snapshot.
CREATE OR REPLACE FUNCTION hasura_migrate.end_run(
  p_run text,
  p_request text,
  p_outcome text,
  p_failure text,
  p_synced bigint,
  p_server text
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  UPDATE hasura_migrate.run
  SET
    outcome = p_outcome,
    failure = p_failure,
    waiting = false,
    seen_at = pg_catalog.clock_timestamp(),
    ended_at = CASE WHEN p_outcome <> 'paused' THEN pg_catalog.clock_timestamp() END
  WHERE id = p_run AND p_request = ANY (request_ids) AND ended_at IS NULL;
  -- The row is locked by a migration that is running: a run that was refused must not wait for it.
  UPDATE hasura_migrate.head
  SET synced = GREATEST(synced, p_synced), server_id = COALESCE(p_server, server_id)
  WHERE synced < p_synced OR server_id IS DISTINCT FROM COALESCE(p_server, server_id);
  RETURN hasura_migrate.snapshot(p_run, 0);
END
$body$;

-- Waiting for another run: such a run registers itself again at least every four seconds. No SET
-- clause, so that it is inlined.
CREATE OR REPLACE FUNCTION hasura_migrate.is_waiting(p_run hasura_migrate.run)
RETURNS boolean
LANGUAGE sql
VOLATILE
AS $body$
  SELECT p_run.waiting
    AND p_run.ended_at IS NULL
    AND p_run.seen_at OPERATOR(pg_catalog.>)
      (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) interval '15 seconds')
$body$;

-- The ids of runs that are working, or waiting for one that is.
CREATE OR REPLACE FUNCTION hasura_migrate.active_runs(p_live_ms double precision)
RETURNS SETOF text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT live.id FROM hasura_migrate.live_runs(p_live_ms) AS live
  UNION
  SELECT r.id FROM hasura_migrate.run AS r WHERE hasura_migrate.is_waiting(r)
$body$;

-- Past runs, and the migrations and seeds of each, the newest first, as one JSON text. p_run: the beginning of
-- an id, or NULL for all. `query` is the statement that is running for a run, by its label.
CREATE OR REPLACE FUNCTION hasura_migrate.history(
  p_run text,
  p_limit integer,
  p_live_ms double precision
)
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(pg_catalog.json_agg(past ORDER BY past."startedAt" DESC), '[]')::text
  FROM (
    SELECT
      r.id AS "runId",
      r.operation,
      r.actor ->> 'user' AS user,
      r.actor ->> 'host' AS host,
      r.actor ->> 'gitCommit' AS "gitCommit",
      r.actor ->> 'gitBranch' AS "gitBranch",
      r.actor ->> 'ciJob' AS "ciJob",
      r.image_commit AS "imageCommit",
      r.source,
      r.request_id AS "requestId",
      r.request_ids AS "requestIds",
      hasura_migrate.iso_time(r.started_at) AS "startedAt",
      hasura_migrate.iso_time(r.ended_at) AS "endedAt",
      r.outcome,
      r.failure,
      hasura_migrate.is_waiting(r) AS waiting,
      r.id IN (SELECT hasura_migrate.active_runs(p_live_ms)) AS live,
      (
        SELECT a.query
        FROM hasura_migrate.holders() AS h
        JOIN pg_catalog.pg_stat_activity AS a USING (pid)
        WHERE pg_catalog.starts_with(a.query, '${label_prefix}' || r.id || ' ')
        LIMIT 1
      ) AS query,
      (
        SELECT pg_catalog.json_build_object('version', x.version::text, 'name', x.name, 'pid', x.pid)
        FROM hasura_migrate.running AS x
        WHERE x.run = r.id
        LIMIT 1
      ) AS running,
      COALESCE(
        (
          SELECT pg_catalog.json_agg(
            pg_catalog.json_build_object(
              'version', s.version::text, 'name', s.name, 'change', s.what, 'ms', s.ms
            )
            ORDER BY s.generation
          )
          FROM hasura_migrate.step AS s
          WHERE s.run = r.id
        ),
        '[]'
      ) AS steps,
      (
        SELECT pg_catalog.json_agg(
          pg_catalog.json_build_object('name', s.name, 'ms', s.ms) ORDER BY s.generation
        )
        FROM hasura_migrate.seed AS s
        WHERE s.run = r.id
      ) AS seeds
    FROM hasura_migrate.run AS r
    WHERE p_run IS NULL OR pg_catalog.starts_with(r.id, p_run)
    ORDER BY r.started_at DESC
    LIMIT p_limit
  ) AS past
$body$;

-- The ids of runs that have not ended, as JSON. p_run: the beginning of an id.
CREATE OR REPLACE FUNCTION hasura_migrate.open_runs(p_run text)
RETURNS text
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT COALESCE(pg_catalog.json_agg(r.id ORDER BY r.started_at), '[]')::text
  FROM hasura_migrate.run AS r
  WHERE r.ended_at IS NULL AND pg_catalog.starts_with(r.id, p_run)
$body$;

-- Asks runs that have not ended to stop before their next migration; returns their ids as JSON.
-- p_run: the id of one; without it: all of them. Those without a sign of life are asked too, since they may only be
-- slow, but not returned.
CREATE OR REPLACE FUNCTION hasura_migrate.cancel_runs(p_run text, p_live_ms double precision)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  asked text[];
BEGIN
  WITH updated AS (
    UPDATE hasura_migrate.run
    SET cancel_asked = true
    WHERE ended_at IS NULL AND (p_run IS NULL OR id = p_run)
    RETURNING id
  )
  SELECT COALESCE(pg_catalog.array_agg(u.id), '{}') INTO asked FROM updated AS u;
  IF p_run IS NULL THEN
    asked := ARRAY(
      SELECT u.id
      FROM pg_catalog.unnest(asked) AS u(id)
      WHERE u.id IN (SELECT hasura_migrate.active_runs(p_live_ms))
    );
  END IF;
  RETURN pg_catalog.to_json(asked)::text;
END
$body$;

-- Cancels the statement that is running for a run, and nothing else.
CREATE OR REPLACE FUNCTION hasura_migrate.cancel_statement(p_run text)
RETURNS SETOF boolean
LANGUAGE sql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $body$
  SELECT pg_catalog.pg_cancel_backend(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
  WHERE a.state = 'active'
    AND a.pid <> pg_catalog.pg_backend_pid()
    AND (
      (
        a.pid IN (SELECT h.pid FROM hasura_migrate.holders() AS h)
        AND pg_catalog.starts_with(a.query, '${label_prefix}' || p_run || ' ')
      )
      OR EXISTS (
        SELECT FROM hasura_migrate.running AS r
        WHERE r.run = p_run AND r.pid = a.pid AND r.backend_start = a.backend_start
      )
    )
$body$;
