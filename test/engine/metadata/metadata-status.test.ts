import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { query } from "../../support/postgres.ts";
import { asked } from "../support/ledger-bench.ts";
import { askedToApply, metadataBench, projectWith } from "../support/metadata-bench.ts";
import type { Ran } from "../support/run.ts";

const statusOf = (ran: Ran) => ran.of("metadata.status")[0];

describe("metadata status", () => {
  test("of consistent metadata, with the last replacement, writes nothing", async (t) => {
    const it = await metadataBench(t);
    const unknown = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual([unknown?.inconsistent, unknown?.replaced], [[], undefined]);
    assert.deepEqual(await query(it.url, "SELECT to_regnamespace('hasura_migrate') AS schema"), [
      { schema: null },
    ]);
    const applied = askedToApply();
    await it.run({}, applied, projectWith(it.document(["users"])));
    const { version } = await it.stored();
    const status = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      [status?.resourceVersion, status?.inconsistent, status?.replaced?.runId],
      [version, [], applied.runId],
    );
    assert.deepEqual(
      [status?.replaced?.operation, status?.replaced?.canRestore],
      ["metadata-apply", true],
    );
  });

  test("an object that was inconsistent when a run applied it is inconsistent since that run", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    const applied = askedToApply({ allowInconsistent: true });
    await it.run({}, applied, projectWith(it.document(["users", "missing"])));
    await it.apply(it.document(["users", "missing", "orders"]), { allowInconsistent: true });
    const status = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      status?.inconsistent.map(({ type, since }) => [type, since?.relation, since?.runId]),
      [["table", "since-run", applied.runId]],
    );
  });

  test("one that became inconsistent without a run did so after the newest record", async (t) => {
    const it = await metadataBench(t);
    const applied = askedToApply();
    await it.run({}, applied, projectWith(it.document(["users"])));
    await query(it.url, "DROP TABLE users");
    await it.hasura.reloadAll({ recreateEventTriggers: false });
    const status = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      status?.inconsistent.map(({ since }) => [since?.relation, since?.runId]),
      [["after-run", applied.runId]],
    );
    const reload = asked("metadata-reload");
    await it.run({}, reload);
    const found = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      found?.inconsistent.map(({ since }) => [since?.relation, since?.runId]),
      [["before-run", reload.runId]],
    );
  });

  test("one that migrations have made inconsistent has been so since their run", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users", "orders"]));
    const files = {
      "1_orders/up": "DROP TABLE orders;",
      "1_orders/down": "CREATE TABLE orders (id int PRIMARY KEY);",
      "2_users/up": "ALTER TABLE users ADD COLUMN note text;",
    };
    const migrating = asked("apply", { confirm: "dev-3" });
    const applied = await it.run(files, migrating);
    assert.equal(applied.failure, undefined, applied.failure?.message);
    const broken = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      broken?.inconsistent.map(({ name, since }) => [name, since?.relation, since?.runId]),
      [["table orders in source default", "since-run", migrating.runId]],
    );
    await it.run({ ...files, "2_users/down": "SELECT 1;" }, asked("down", { all: true }));
    assert.deepEqual(statusOf(await it.run({}, asked("metadata-status")))?.inconsistent, []);
    const again = asked("apply", { confirm: "dev-3" });
    await it.run(files, again);
    const brokenAgain = statusOf(await it.run({}, asked("metadata-status")));
    assert.deepEqual(
      brokenAgain?.inconsistent.map(({ since }) => [since?.relation, since?.runId]),
      [["since-run", again.runId]],
    );
  });

  test("works with a ledger that has no record of metadata yet, and does not upgrade it", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    await query(
      it.url,
      "DROP TABLE hasura_migrate.metadata_change, hasura_migrate.metadata_document; UPDATE hasura_migrate.head SET schema_version = 5",
    );
    const ran = await it.run({}, asked("metadata-status"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.equal(statusOf(ran)?.replaced, undefined);
    assert.deepEqual(
      await query(it.url, "SELECT schema_version AS version FROM hasura_migrate.head"),
      [{ version: 5 }],
    );
  });

  test("reads the server's metadata once", async (t) => {
    const it = await metadataBench(t);
    const reads: string[] = [];
    const hasura: Hasura = {
      ...it.hasura,
      exportMetadata: () => (reads.push("exportMetadata"), it.hasura.exportMetadata()),
      inconsistentObjects: () => (
        reads.push("inconsistentObjects"),
        it.hasura.inconsistentObjects()
      ),
      readMetadata: () => (reads.push("readMetadata"), it.hasura.readMetadata()),
    };
    const ran = await it.run({}, asked("metadata-status"), { hasura });
    assert.equal(statusOf(ran)?.inconsistent.length, 0);
    assert.deepEqual(reads, ["readMetadata"]);
  });
});

describe("metadata reload", () => {
  test("makes Hasura see what has changed, and is recorded", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users", "missing"]), { allowInconsistent: true });
    await query(it.url, "CREATE TABLE missing (id int PRIMARY KEY)");
    const reload = asked("metadata-reload");
    const ran = await it.run({}, reload);
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(
      ran.of("metadata.reloaded").map(({ inconsistent }) => inconsistent),
      [{ broken: [], before: 0 }],
    );
    assert.deepEqual(statusOf(ran)?.inconsistent, []);
    assert.deepEqual(
      (await it.recorded()).map(({ inconsistent }) => (inconsistent as unknown[]).length),
      [1, 0],
    );
  });

  for (const [what, options, isCreated] of [
    ["does not create a ledger to be recorded in", {}, false],
    ["that recreates event triggers creates one", { recreateEventTriggers: true }, true],
  ] as const)
    test(what, async (t) => {
      const it = await metadataBench(t);
      const ran = await it.run({}, asked("metadata-reload", options));
      assert.equal(ran.failure, undefined, ran.failure?.message);
      const [row] = await query(it.url, "SELECT to_regnamespace('hasura_migrate') AS schema");
      assert.equal(row?.["schema"] !== null, isCreated);
    });

  test("fails if anything is inconsistent afterwards, and names it", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users", "orders"]));
    await query(it.url, "DROP TABLE orders");
    const ran = await it.run({}, asked("metadata-reload"));
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["metadata", "metadata-inconsistent"]);
    assert.match(ran.failure?.message ?? "", /1 object is inconsistent: table orders/);
    assert.equal(statusOf(ran)?.inconsistent.length, 1);
  });
});
