${label}
-- Every statement runs in a block that always ends with an error, so that PostgreSQL rolls back all of it. Inside such a block, and
-- through EXECUTE, no statement can commit. The result is a report in JSON.
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = ${lock_timeout};
SET LOCAL statement_timeout = ${statement_timeout};
SELECT pg_catalog.set_config('hasura_migrate.rehearsal', ${input}, true);
DO $rehearsal$
DECLARE
  input CONSTANT pg_catalog.json := pg_catalog.current_setting('hasura_migrate.rehearsal')::pg_catalog.json;
  -- The statements of all files, in order, and the number of the last one of each file.
  statements CONSTANT pg_catalog.text[] := ARRAY(
    SELECT pg_catalog.json_array_elements_text(pg_catalog.json_extract_path(input, 'statements')));
  ends CONSTANT pg_catalog.int4[] := ARRAY(
    SELECT pg_catalog.json_array_elements_text(pg_catalog.json_extract_path(input, 'ends'))::pg_catalog.int4);
  has_several CONSTANT pg_catalog.bool := pg_catalog.array_length(ends, 1) OPERATOR(pg_catalog.>) 1;
  -- Returns another run in progress, if there is one; empty where no runs are recorded.
  other_run_query CONSTANT pg_catalog.text := ${other_run};
  busy pg_catalog.json;
  own_database CONSTANT pg_catalog.oid := (
    SELECT d.oid FROM pg_catalog.pg_database AS d
    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database());
  settings pg_catalog.jsonb := '{}';
  statement pg_catalog.text;
  number pg_catalog.int4 := 0;
  file pg_catalog.int4 := 1;
  -- Who is to blame for an error: a statement, what a commit checks, or this block.
  stage pg_catalog.text := 'block';
  is_over pg_catalog.bool := false;
  began pg_catalog.float8;
  took pg_catalog.float8;
  held pg_catalog.text[] := '{}';
  locks pg_catalog.text[];
  files pg_catalog.jsonb[] := '{}';
  failed pg_catalog.jsonb;
  names pg_catalog.text;
  state pg_catalog.text;
  message pg_catalog.text;
  details pg_catalog.text;
  hint pg_catalog.text;
BEGIN
  IF pg_catalog.current_setting('standard_conforming_strings') OPERATOR(pg_catalog.<>) 'on' THEN
    busy := '"strings"';
  -- This lock first: whoever sees the one of a migration also sees that it belongs to a rehearsal.
  ELSIF NOT pg_catalog.pg_try_advisory_xact_lock(${lock_class}, ${rehearsal_lock}) THEN
    busy := '"rehearsal"';
  ELSIF NOT pg_catalog.pg_try_advisory_xact_lock(${lock_class}, ${migration_lock}) THEN
    busy := '"migration"';
  ELSIF other_run_query OPERATOR(pg_catalog.<>) '' THEN
    -- A run that is being registered either is visible here, or sees the locks and waits. Rolling back the block releases its lock.
    BEGIN
      PERFORM pg_catalog.pg_advisory_xact_lock(${lock_class}, ${runs_lock});
      EXECUTE other_run_query INTO busy;
      is_over := true;
      RAISE EXCEPTION 'hasura-migrate: the run was looked for';
    EXCEPTION
      WHEN raise_exception THEN
        IF NOT is_over THEN
          RAISE;
        END IF;
        is_over := false;
    END;
  END IF;
  IF busy IS NOT NULL THEN
    PERFORM pg_catalog.set_config(
      'hasura_migrate.rehearsal', pg_catalog.json_build_object('busy', busy)::pg_catalog.text, true);
    RETURN;
  END IF;
  IF has_several THEN
    SELECT pg_catalog.jsonb_object_agg(s.name, pg_catalog.current_setting(s.name, true)) INTO settings
    FROM pg_catalog.pg_show_all_settings() AS s
    WHERE s.context OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'superuser']);
  END IF;
  BEGIN
    began := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp());
    FOREACH statement IN ARRAY statements LOOP
      number := number OPERATOR(pg_catalog.+) 1;
      stage := 'statement';
      EXECUTE statement;
      stage := 'block';
      CONTINUE WHEN ends[file] OPERATOR(pg_catalog.<>) number;
      -- What a commit checks. Then the constraints are as at the beginning of a transaction.
      SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') INTO names
      FROM pg_catalog.pg_constraint AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.connamespace
      WHERE c.condeferrable;
      IF names IS NOT NULL THEN
        stage := 'commit';
        EXECUTE pg_catalog.concat('SET CONSTRAINTS ', names, ' IMMEDIATE');
        stage := 'block';
      END IF;
      took := (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.-) began) OPERATOR(pg_catalog.*) 1000;
      locks := ARRAY(
        SELECT DISTINCT pg_catalog.concat(l.relation::pg_catalog.text, ' ', l.mode)
        FROM pg_catalog.pg_locks AS l
        WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
          AND l.locktype OPERATOR(pg_catalog.=) 'relation'
          AND l.database OPERATOR(pg_catalog.=) own_database
          -- Not those of the system catalogs.
          AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
          AND l.granted);
      files := pg_catalog.array_append(files, pg_catalog.jsonb_build_object(
        'ms', took,
        'locks', ARRAY(SELECT pg_catalog.unnest(locks) EXCEPT SELECT pg_catalog.unnest(held))));
      held := locks;
      IF has_several THEN
        SELECT pg_catalog.string_agg(c.name, ', ') INTO names
        FROM (
          SELECT pg_catalog.format('%I.%I', n.nspname, c.conname) AS name
          FROM pg_catalog.pg_constraint AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.connamespace
          GROUP BY 1
          -- One that is not deferrable makes the statement fail for all of its name.
          HAVING pg_catalog.bool_and(c.condeferrable) AND pg_catalog.bool_or(c.condeferred)
        ) AS c;
        IF names IS NOT NULL THEN
          EXECUTE pg_catalog.concat('SET CONSTRAINTS ', names, ' DEFERRED');
        END IF;
        RESET SESSION AUTHORIZATION;
        RESET ROLE;
        -- It also reaches the settings that no view lists: SET app.tenant = …
        RESET ALL;
        PERFORM pg_catalog.set_config(s.name, COALESCE(pg_catalog.jsonb_extract_path_text(settings, s.name), ''), true)
        FROM pg_catalog.pg_show_all_settings() AS s
        WHERE s.context OPERATOR(pg_catalog.=) ANY (ARRAY['user', 'superuser'])
          AND s.name OPERATOR(pg_catalog.<>) ALL (ARRAY[
            'transaction_isolation', 'transaction_read_only', 'transaction_deferrable'])
          AND COALESCE(pg_catalog.current_setting(s.name, true), '')
            OPERATOR(pg_catalog.<>) COALESCE(pg_catalog.jsonb_extract_path_text(settings, s.name), '');
      END IF;
      file := file OPERATOR(pg_catalog.+) 1;
      began := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp());
    END LOOP;
    is_over := true;
    RAISE EXCEPTION 'hasura-migrate: the rehearsal is over and is rolled back';
  EXCEPTION
    -- OTHERS does not include these two.
    WHEN others OR query_canceled OR assert_failure THEN
      IF stage OPERATOR(pg_catalog.=) 'block' AND NOT is_over THEN
        RAISE;
      END IF;
      GET STACKED DIAGNOSTICS
        state = RETURNED_SQLSTATE,
        message = MESSAGE_TEXT,
        details = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT;
  END;
  IF NOT is_over THEN
    failed := pg_catalog.jsonb_build_object(
      'statement', number, 'stage', stage,
      'sqlstate', state, 'message', message, 'detail', details, 'hint', hint);
  END IF;
  -- Relations that were created have been rolled back and are not found any more; dropped ones are there again.
  PERFORM pg_catalog.set_config('hasura_migrate.rehearsal', pg_catalog.jsonb_build_object(
    'files', pg_catalog.to_jsonb(files),
    'failed', failed,
    'relations', COALESCE((
      SELECT pg_catalog.jsonb_object_agg(c.oid::pg_catalog.text, pg_catalog.jsonb_build_array(n.nspname, c.relname))
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      WHERE c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f', 'S']::"char"[])
        AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog', 'information_schema', 'pg_toast', 'hasura_migrate']::pg_catalog.name[])
        AND c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(
          SELECT pg_catalog.split_part(lock, ' ', 1)::pg_catalog.oid FROM pg_catalog.unnest(held) AS lock))
    ), '{}'))::pg_catalog.text, true);
END
$rehearsal$;
SELECT pg_catalog.current_setting('hasura_migrate.rehearsal')
