import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { Hasura } from "../../src/engine/hasura/client.ts";
import { hasuraOverHttp } from "../../src/lambda/hasura/hasura-http.ts";
import { startHasuraApi } from "../../src/local/hasura-api/index.ts";
import { freshDatabase, query } from "../support/postgres.ts";
import { projectOnDisk, requestFor, run, type Ran } from "./support/run.ts";

/** The engine over HTTP and Hasura's API on a real Postgres. */
async function hasuraOn(t: TestContext, databaseUrl: string): Promise<Hasura> {
  const api = await startHasuraApi({
    metadataUrl: databaseUrl,
    sources: [{ name: "default", kind: "postgres", url: databaseUrl }],
    adminSecret: "s3cret",
  });
  const hasura = hasuraOverHttp({
    endpoint: api.url,
    adminSecret: () => Promise.resolve("s3cret"),
  });
  t.onTestFinished(async () => {
    hasura.close();
    await api.stop();
  });
  return hasura;
}

const files = (ups: Record<string, string>): Record<string, string> => ({
  "config.yaml": "version: 3\n",
  ...Object.fromEntries(
    Object.entries(ups).map(([path, sql]) => [`migrations/default/${path}.sql`, sql]),
  ),
});
const tables = async (url: string): Promise<string[]> =>
  (
    await query(
      url,
      "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    )
  ).map((row) => String(row["name"]));
const versions = (ran: Ran): string[] => ran.of("migration.applied").map((it) => it.version);

describe("engine PostgreSQL", () => {
  test("the third of four migrations fails: two stay applied and recorded, and the corrected file continues from there", async (t) => {
    const url = await freshDatabase(t);
    const hasura = await hasuraOn(t, url);
    const ups = {
      "1_a/up": "CREATE TABLE a (id int);",
      "2_b/up": "CREATE TABLE b (id int);",
      "3_c/up": "CREATE TABLE c (id int);\nCREATE TABL d (id int);",
      "4_d/up": "CREATE TABLE d (id int);",
    };
    const first = await run(hasura, await projectOnDisk(t, files(ups)), requestFor("apply"));
    assert.deepEqual(versions(first), ["1", "2"]);
    assert.deepEqual(await tables(url), ["a", "b"]);
    assert.deepEqual([first.failure?.kind, first.failure?.sql?.sqlstate], ["migration", "42601"]);
    assert.deepEqual(first.failure?.sql?.place, {
      line: 2,
      column: 8,
      text: "CREATE TABL d (id int);",
    });

    const second = await run(
      hasura,
      await projectOnDisk(t, files({ ...ups, "3_c/up": "CREATE TABLE c (id int);" })),
      requestFor("apply"),
    );
    assert.equal(second.failure, undefined);
    assert.deepEqual(versions(second), ["3", "4"]);
    assert.deepEqual(await tables(url), ["a", "b", "c", "d"]);
  });

  test("up, status and down leave nothing behind", async (t) => {
    const url = await freshDatabase(t);
    const hasura = await hasuraOn(t, url);
    const root = await projectOnDisk(
      t,
      files({
        "1_a/up": "\uFEFFCREATE TABLE a (id int);\r\n",
        "1_a/down": "DROP TABLE a;",
        "2_b/up": "-- nothing yet",
        "2_b/down": "SELECT 1;",
      }),
    );
    assert.deepEqual(versions(await run(hasura, root, requestFor("apply"))), ["1", "2"]);
    const status = await run(hasura, root, requestFor("status"));
    assert.deepEqual(
      status.of("status")[0]?.databases[0]?.migrations.map((it) => it.state),
      ["applied", "applied"],
    );
    assert.deepEqual(versions(await run(hasura, root, requestFor("apply"))), []);
    assert.deepEqual(versions(await run(hasura, root, requestFor("down", { all: true }))), [
      "2",
      "1",
    ]);
    assert.deepEqual(await tables(url), []);
  });

  test("a file outside a transaction may build an index concurrently", async (t) => {
    const url = await freshDatabase(t);
    const hasura = await hasuraOn(t, url);
    const ups = {
      "1_a/up": "CREATE TABLE a (id int);",
      "2_b/up": "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY a_id ON a (id);",
    };
    const ran = await run(hasura, await projectOnDisk(t, files(ups)), requestFor("apply"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.equal((await query(url, "SELECT 1 FROM pg_indexes WHERE indexname = 'a_id'")).length, 1);
  });

  test("an older project keeps its versions in the table of its database", async (t) => {
    const url = await freshDatabase(t);
    const hasura = await hasuraOn(t, url);
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 2",
      "migrations/1_a/up.sql": "CREATE TABLE a (id int);",
      "migrations/1_a/down.sql": "DROP TABLE a;",
    });
    const ran = await run(hasura, root, requestFor("apply"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      await query(url, "SELECT version::text, dirty FROM hdb_catalog.schema_migrations"),
      [{ version: "1", dirty: false }],
    );
    await run(hasura, root, requestFor("down"));
    assert.deepEqual(await query(url, "SELECT version FROM hdb_catalog.schema_migrations"), []);
  });
});
