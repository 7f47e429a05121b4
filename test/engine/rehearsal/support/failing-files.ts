/** What the files below find in the database. */
export const schema = `
  CREATE TABLE a (id int PRIMARY KEY, b int CHECK (b >= 0), c text NOT NULL DEFAULT '');
  CREATE TABLE d (id serial PRIMARY KEY, a int REFERENCES a, u text UNIQUE);
  CREATE TABLE later (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE slots (during int4range, EXCLUDE USING gist (during WITH &&));
  CREATE DOMAIN small AS int CHECK (VALUE < 10);
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE VIEW v AS SELECT id, b FROM a;
  CREATE FUNCTION fails() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1 / 0; END';
  CREATE FUNCTION looks_up() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT x FROM gone); END';
  CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'b is too large' USING HINT = 'Lower it.'; END $$;
  CREATE TRIGGER refuses BEFORE UPDATE ON a FOR EACH ROW WHEN (NEW.b > 100) EXECUTE FUNCTION refuses();
  CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
  CREATE ROLE reader;
  INSERT INTO a VALUES (1, 1), (2, 2);
  INSERT INTO d (a, u) VALUES (1, 'x'), (2, 'y');
`;

/**
 * Files, each as its statements; the database refuses one of each. The name that the error quotes occurs in several statements, or in none,
 * unless the case is about a name.
 */
export const failingFiles: Readonly<Record<string, readonly string[]>> = {
  "division by zero": ["SELECT 1", "SELECT 1 / 0", "SELECT 2 / 0"],
  "division by zero in a where": ["UPDATE a SET b = 3", "DELETE FROM a WHERE 1 / (b - 3) = 1"],
  "unique violation": [
    "INSERT INTO a VALUES (3, 3)",
    "INSERT INTO a VALUES (4, 4)",
    "INSERT INTO a VALUES (3, 5)",
    "INSERT INTO a VALUES (5, 5)",
  ],
  "unique violation of a text": [
    "INSERT INTO d (u) VALUES ('z')",
    "INSERT INTO d (u) VALUES ('x')",
  ],
  "unique index on rows": [
    "INSERT INTO a VALUES (3, 1)",
    "CREATE INDEX a_b ON a (b)",
    "DROP INDEX a_b",
    "CREATE UNIQUE INDEX a_b ON a (b)",
  ],
  "check violation": [
    "INSERT INTO a VALUES (3, 0)",
    "INSERT INTO a VALUES (4, -1)",
    "INSERT INTO a VALUES (5, 1)",
  ],
  "not null violation": [
    "INSERT INTO a (id, c) VALUES (3, 'x')",
    "INSERT INTO a (id, c) VALUES (4, NULL)",
  ],
  "not null on rows": [
    "ALTER TABLE d ALTER COLUMN a SET NOT NULL",
    "INSERT INTO d (id, u) SELECT 50, 'new' WHERE false",
    "INSERT INTO d (id, u) VALUES (50, 'new')",
  ],
  "foreign key violation": [
    "INSERT INTO d (a) VALUES (1)",
    "INSERT INTO d (a) VALUES (9)",
    "INSERT INTO d (a) VALUES (2)",
  ],
  "foreign key from the other side": [
    "UPDATE a SET c = 'x'",
    "DELETE FROM a WHERE id = 3",
    "DELETE FROM a WHERE id = 1",
  ],
  "foreign key on rows": [
    "ALTER TABLE d DROP CONSTRAINT d_a_fkey",
    "INSERT INTO d (a) VALUES (9)",
    "ALTER TABLE d ADD CONSTRAINT d_a_fkey FOREIGN KEY (a) REFERENCES a",
  ],
  "exclusion violation": [
    "INSERT INTO slots VALUES ('[1,3)')",
    "INSERT INTO slots VALUES ('[3,5)')",
    "INSERT INTO slots VALUES ('[2,4)')",
  ],
  "domain violation": ["SELECT 5::small", "SELECT 9::small", "SELECT 10::small", "SELECT 1::small"],
  "invalid text": ["SELECT '1'::int", "SELECT concat('x', '')::int"],
  "invalid text, twice the same": ["SELECT 'x'::text", "SELECT 'x'::int"],
  "out of range": ["SELECT 32767::smallint", "SELECT 32768::smallint"],
  "value too long": [
    "CREATE TABLE t (s varchar(3))",
    "INSERT INTO t VALUES ('abc')",
    "INSERT INTO t VALUES ('abcd')",
  ],
  "invalid enum value": [
    "SELECT 'sad'::mood",
    "SELECT lower('SAD')::mood",
    "SELECT lower('BAD')::mood",
  ],
  "invalid date": ["SELECT date '2024-02-29'", "SELECT (concat('2023', '-02-29'))::date"],
  "invalid json": ["SELECT '{}'::json", "SELECT concat('{')::json"],
  "invalid regular expression": ["SELECT 'a' ~ 'a'", "SELECT 'a' ~ concat('(')"],
  "more than one row": ["SELECT (SELECT 1)", "SELECT (SELECT id FROM a)"],
  "an array subscript": ["SELECT array_fill(1, ARRAY[2])", "SELECT array_fill(1, ARRAY[-2])"],
  "a missing column, mentioned twice": [
    "ALTER TABLE a ADD COLUMN e int",
    "ALTER TABLE a DROP COLUMN e",
    "UPDATE a SET e = 1",
  ],
  "a missing table, mentioned twice": [
    "CREATE TABLE t (id int)",
    "DROP TABLE t",
    "INSERT INTO t VALUES (1)",
  ],
  "a missing function": ["SELECT upper('x')", "SELECT uper('x')"],
  "a function with other arguments": ["SELECT abs(1)", "SELECT abs('x', 2)", "SELECT abs(2)"],
  "a missing operator": ["SELECT 1 + 1", "SELECT 1 || 1", "SELECT 1 + 2"],
  "a type that cannot be compared": ["SELECT 1 = 1", "SELECT 1 = true"],
  "an ambiguous column": ["SELECT a.id FROM a", "SELECT id FROM a, d", "SELECT d.id FROM d"],
  "a column in no group": ["SELECT b FROM a GROUP BY b", "SELECT b, c FROM a GROUP BY b"],
  "an error in a function": ["SELECT 1", "SELECT fails()", "SELECT 2"],
  "a table that a function misses": ["SELECT 1", "SELECT looks_up()"],
  "an error in a trigger": ["UPDATE a SET b = 100", "UPDATE a SET b = 101", "UPDATE a SET b = 99"],
  "an error in a new function": [
    "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS $$ SELECT 10 / n; $$",
    "SELECT f(1)",
    "SELECT f(0)",
    "SELECT f(2)",
  ],
  "an error in a function of BEGIN ATOMIC": [
    "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 10 / n; END",
    "SELECT f(2)",
    "SELECT f(0)",
  ],
  "a procedure that commits": ["SELECT 1", "CALL commits()"],
  "a DO block": [
    "SELECT 1",
    "DO $$ BEGIN PERFORM 1; RAISE EXCEPTION 'no; not this'; END $$",
    "SELECT 2",
  ],
  "the second of two DO blocks": [
    "DO $$ BEGIN IF false THEN RAISE EXCEPTION 'stop'; END IF; END $$",
    "DO $$ BEGIN IF true THEN RAISE EXCEPTION 'stop'; END IF; END $$",
  ],
  "a DO block with an assertion": [
    "DO $$ BEGIN ASSERT true; END $$",
    "DO $$ BEGIN ASSERT 1 = 2; END $$",
  ],
  "a DO block with dynamic SQL": [
    "SELECT 1",
    "DO $$ BEGIN EXECUTE 'SELECT 1; SELECT 1 / 0'; END $$",
  ],
  "a DO block that handles its error": [
    "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END $$",
    "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN no_data_found THEN NULL; END $$",
  ],
  "a DO block that swallows cancelling": [
    "DO $$ BEGIN PERFORM 1; EXCEPTION WHEN query_canceled THEN NULL; END $$",
    "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN query_canceled THEN NULL; END $$",
  ],
  "strings with semicolons": [
    "SELECT 'a; SELECT 1 / 0;'",
    "SELECT ';', 1 / 0, '; ;'",
    "SELECT ';'",
  ],
  "strings with escapes": [
    "SELECT E'it\\'s; fine'",
    "SELECT E'\\\\', 1 / 0",
    "SELECT 'back\\slash'",
  ],
  "dollar quotes": ["SELECT $a$ ; $b$ ; $a$", "SELECT $a$ ; $a$, 1 / 0", "SELECT $$ ; $$"],
  "quoted identifiers with semicolons": ['SELECT 1 AS "a;b"', 'SELECT 1 / 0 AS "c;d"'],
  "comments with semicolons": [
    "SELECT 1 -- ; not here",
    "/* ; /* nested ; */ */ SELECT 1 / 0 -- ;",
    "SELECT 2",
  ],
  "text that is not ASCII": [
    "SELECT 'größer; 𝒳 🐘'",
    "SELECT 'ü', 1 / 0 AS \"größe\"",
    "SELECT 'é'",
  ],
  "statements on one line": ["SELECT 1; SELECT 1 / 0; SELECT 2"],
  "a search path of its own": ["SET search_path = ''", "SELECT 1 / 1", "SELECT 1 / 0"],
  "operators of its own": [
    "CREATE SCHEMA own",
    "CREATE FUNCTION own.never(int, int) RETURNS bool LANGUAGE sql AS 'SELECT false'",
    "CREATE OPERATOR own.= (LEFTARG = int, RIGHTARG = int, FUNCTION = own.never)",
    "SET search_path = own, pg_catalog, public",
    "SELECT 1 / 1",
    "SELECT 1 / 0",
  ],
  "a missing permission": [
    "GRANT SELECT ON a TO reader",
    "SET ROLE reader",
    "SELECT 1 FROM a",
    "UPDATE a SET b = 1",
    "SELECT 2 FROM a",
  ],
  "a file that changes its role": ["SET ROLE reader", "CREATE TABLE t (id int)", "RESET ROLE"],
  "a policy": [
    "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
    "GRANT ALL ON a TO reader",
    "CREATE POLICY p ON a TO reader USING (true) WITH CHECK (b > 1)",
    "SET ROLE reader",
    "INSERT INTO a VALUES (3, 2)",
    "INSERT INTO a VALUES (4, 1)",
  ],
  "settings of its own": [
    "SET lock_timeout = 0",
    "SET statement_timeout = 0",
    "RESET ALL",
    "SELECT 1 / 0",
  ],
  "a temporary table": [
    "CREATE TEMP TABLE t (id int) ON COMMIT DROP",
    "INSERT INTO t VALUES (1)",
    "SELECT 1 / (id - 1) FROM t",
  ],
  "a cursor": [
    "DECLARE c CURSOR FOR SELECT 1 / (id - 2) FROM a ORDER BY id",
    "FETCH 1 FROM c",
    "FETCH 1 FROM c",
  ],
  "a view that cannot be replaced": [
    "CREATE OR REPLACE VIEW v AS SELECT id, b, c FROM a",
    "CREATE OR REPLACE VIEW v AS SELECT b, id, c FROM a",
  ],
  "a materialized view": [
    "CREATE MATERIALIZED VIEW m AS SELECT 1 / b AS x FROM a",
    "UPDATE a SET b = 0",
    "REFRESH MATERIALIZED VIEW m",
  ],
  "a generated column": [
    "ALTER TABLE a ADD COLUMN g int GENERATED ALWAYS AS (10 / (b + 1)) STORED",
    "UPDATE a SET b = 2",
    "UPDATE a SET g = 2",
  ],
  "a type change": [
    "ALTER TABLE a ALTER COLUMN c TYPE text",
    "ALTER TABLE a ALTER COLUMN c TYPE int USING c::int",
  ],
  "dependent objects": [
    "ALTER TABLE a ALTER COLUMN c SET DEFAULT 'x'",
    "ALTER TABLE a ALTER COLUMN b TYPE bigint",
  ],
  "a common table expression": [
    "WITH w AS (SELECT 1) TABLE w",
    "WITH w AS (INSERT INTO a VALUES (7, 7) RETURNING id) SELECT 1 / (id - 7) FROM w",
  ],
  "a merge": [
    "MERGE INTO a USING (VALUES (1)) AS s (id) ON a.id = s.id WHEN MATCHED THEN UPDATE SET b = 5",
    "MERGE INTO a USING (VALUES (1), (1)) AS s (id) ON a.id = s.id WHEN MATCHED THEN UPDATE SET b = 6",
  ],
  "an index concurrently": ["SELECT 1", "CREATE INDEX CONCURRENTLY a_c ON a (c)", "SELECT 2"],
  vacuum: ["ANALYZE a", "VACUUM a"],
  "pending trigger events": [
    "INSERT INTO later VALUES (1, 1)",
    "ALTER TABLE later ADD COLUMN n int",
  ],
  "constraints made immediate, of rows of two statements": [
    "INSERT INTO later VALUES (1, 1)",
    "INSERT INTO later VALUES (2, 9)",
    "SET CONSTRAINTS later_a_fkey IMMEDIATE",
    "SELECT 1",
  ],
  "a savepoint in a function": ["SELECT 1", "DO 'BEGIN ROLLBACK; END'"],
};
