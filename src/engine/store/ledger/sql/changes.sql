-- Which records have changed since when, for a function that keeps what it has read (snapshot_since). Each
-- transaction that changes something takes a number and a mark in the row `head`, and keeps that row locked
-- to its end, so numbers become visible in their order. A mark is never made twice: a database that was
-- restored to an earlier state and has gone on from there, or a ledger that was dropped and created again,
-- reaches the same numbers with other marks.

CREATE TABLE IF NOT EXISTS hasura_migrate.change (
  number bigint NOT NULL,
  mark text NOT NULL,
  version bigint NOT NULL,
  PRIMARY KEY (number, mark, version)
);
COMMENT ON TABLE hasura_migrate.change IS
  'versions whose record has changed, in order; written by triggers';

-- The time, the transaction and the connection, and a number that no restored copy repeats.
CREATE OR REPLACE FUNCTION hasura_migrate.new_mark()
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  RETURN pg_catalog.concat_ws(
    '-',
    (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000::double precision)::bigint,
    pg_catalog.txid_current(),
    pg_catalog.pg_backend_pid(),
    pg_catalog.random()
  );
END
$body$;

UPDATE hasura_migrate.head SET mark = hasura_migrate.new_mark() WHERE mark = '';

-- The number and the mark that this transaction has taken, until its end: the setting is undone with the
-- row of head where a part of the transaction is rolled back.
CREATE OR REPLACE FUNCTION hasura_migrate.keep_change(p_head hasura_migrate.head)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  PERFORM pg_catalog.set_config(
    'hasura_migrate.change',
    pg_catalog.concat_ws(' ', pg_catalog.txid_current(), p_head.change, p_head.mark),
    true);
END
$body$;

-- The same, as an array of transaction, number and mark; NULL where it has taken none, or is not known to.
CREATE OR REPLACE FUNCTION hasura_migrate.kept_change()
RETURNS text[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept text[] := pg_catalog.string_to_array(
    pg_catalog.current_setting('hasura_migrate.change', true), ' ');
BEGIN
  RETURN CASE WHEN kept[1] = pg_catalog.txid_current()::text THEN kept END;
END
$body$;

-- For each row of migration and step that is written or removed: notes its version.
CREATE OR REPLACE FUNCTION hasura_migrate.note_change()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  kept text[] := hasura_migrate.kept_change();
  taken hasura_migrate.head;
BEGIN
  IF kept IS NULL THEN
    UPDATE hasura_migrate.head
    SET change = change + 1, mark = hasura_migrate.new_mark()
    RETURNING * INTO taken;
    PERFORM hasura_migrate.keep_change(taken);
    kept := hasura_migrate.kept_change();
  END IF;
  INSERT INTO hasura_migrate.change (number, mark, version)
  SELECT kept[2]::bigint, kept[3], touched
  FROM pg_catalog.unnest(CASE TG_OP
    WHEN 'INSERT' THEN ARRAY[NEW.version]
    WHEN 'DELETE' THEN ARRAY[OLD.version]
    ELSE ARRAY[OLD.version, NEW.version]
  END) AS touched
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$body$;

-- Where it is not known what has changed: whoever has kept something reads everything again.
CREATE OR REPLACE FUNCTION hasura_migrate.forget_changes()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  UPDATE hasura_migrate.head
  SET change = change + 1, mark = hasura_migrate.new_mark(), complete_from = change + 1;
  PERFORM pg_catalog.set_config('hasura_migrate.change', '', true);
  RETURN NULL;
END
$body$;

-- ENABLE ALWAYS: a migration may have set session_replication_role to replica.
DO $triggers$
DECLARE
  watched record;
BEGIN
  FOR watched IN
    SELECT *
    FROM (
      VALUES
        ('migration', 'note_change', 'INSERT OR UPDATE OR DELETE', 'ROW'),
        ('step', 'note_change', 'INSERT OR UPDATE OR DELETE', 'ROW'),
        ('migration', 'forget_changes', 'TRUNCATE', 'STATEMENT'),
        ('step', 'forget_changes', 'TRUNCATE', 'STATEMENT'),
        ('change', 'forget_changes', 'UPDATE OR DELETE OR TRUNCATE', 'STATEMENT'),
        ('run', 'forget_changes', 'UPDATE OF id, actor OR DELETE OR TRUNCATE', 'STATEMENT')
    ) AS w(table_name, function_name, event, level)
    WHERE NOT EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t
      WHERE t.tgrelid = pg_catalog.concat('hasura_migrate.', w.table_name)::regclass
        AND t.tgname = w.function_name
    )
  LOOP
    EXECUTE pg_catalog.format(
      'CREATE TRIGGER %1$I AFTER %3$s ON hasura_migrate.%2$I FOR EACH %4$s EXECUTE PROCEDURE hasura_migrate.%1$I()',
      watched.function_name, watched.table_name, watched.event, watched.level);
    EXECUTE pg_catalog.format(
      'ALTER TABLE hasura_migrate.%I ENABLE ALWAYS TRIGGER %I',
      watched.table_name, watched.function_name);
  END LOOP;
END
$triggers$;
