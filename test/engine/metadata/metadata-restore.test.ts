import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { query } from "../../support/postgres.ts";
import { withLedger } from "../support/ledger.ts";
import { asked } from "../support/ledger-bench.ts";
import { askedToApply, metadataBench, projectWith } from "../support/metadata-bench.ts";
import type { Ran } from "../support/run.ts";

const failureOf = ({ failure }: Ran): string | undefined =>
  failure && `${failure.kind}/${failure.code}`;

/** Names of the tables that a document tracks. */
const tablesOf = ({ sources }: JsonMap): string[] =>
  (sources as { tables: { table: { name: string } }[] }[]).flatMap(({ tables }) =>
    tables.map(({ table }) => table.name),
  );

describe("metadata restore", () => {
  test("puts back what the last run replaced, and can be undone in the same way", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    await it.apply(it.document(["orders", "items"]));
    const restored = await it.run({}, asked("metadata-restore"));
    assert.equal(restored.failure, undefined, restored.failure?.message);
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
    assert.deepEqual(
      restored.of("metadata.diff").map(({ changes }) => changes.map(({ change }) => change).sort()),
      [["added", "removed", "removed"]],
    );
    await it.run({}, asked("metadata-restore"));
    assert.deepEqual(tablesOf((await it.stored()).document).sort(), ["items", "orders"]);
  });

  test("goes back to before a run that is named by the beginning of its id", async (t) => {
    const it = await metadataBench(t);
    const first = askedToApply();
    await it.run({}, first, projectWith(it.document(["users"])));
    await it.apply(it.document(["users", "orders"]));
    await it.apply(it.document(["items"]));
    await it.run({}, asked("metadata-restore", { run: first.runId.slice(0, 13) }));
    assert.deepEqual(tablesOf((await it.stored()).document), []);
  });

  test("is refused where several runs have an id that begins so", async (t) => {
    const it = await metadataBench(t);
    const ids = ["0199a7c0-0000-7000-8000-000000000001", "0199a7c0-0000-7000-8000-000000000002"];
    for (const [index, runId] of ids.entries()) {
      const wanted = it.document(["users", "orders"].slice(0, index + 1));
      await it.run({}, { ...askedToApply(), runId }, projectWith(wanted));
    }
    const refused = await it.run({}, asked("metadata-restore", { run: "0199a7c0" }));
    assert.equal(failureOf(refused), "usage/run-ambiguous");
    assert.deepEqual(tablesOf((await it.stored()).document).sort(), ["orders", "users"]);
    await it.run({}, asked("metadata-restore", { run: ids[1] }));
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
  });

  test("undoes all replacements of the last run, of which a deployment has several", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    const deployed = askedToApply();
    await it.run({}, deployed, projectWith(it.document([])));
    await it.apply(it.document(["orders"]));
    await query(
      it.url,
      `UPDATE hasura_migrate.metadata_change SET run = '${deployed.runId}', number = 2
       WHERE at = (SELECT max(at) FROM hasura_migrate.metadata_change)`,
    );
    await it.run({}, asked("metadata-restore"));
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
  });

  test("undoes the last replacement that took effect, not one of a run that was killed before it", async (t) => {
    const it = await metadataBench(t);
    const applied = askedToApply();
    await it.run({}, applied, projectWith(it.document(["users"])));
    const { version } = await it.stored();
    await query(
      it.url,
      `INSERT INTO hasura_migrate.metadata_change (run, number, version_before, checksum_before)
       VALUES ('killed', 1, ${String(version)}, 'x')`,
    );
    const status = await it.run({}, asked("metadata-status"));
    assert.deepEqual(
      status.of("metadata.status").map(({ replaced }) => replaced?.runId),
      [applied.runId],
    );
    await it.run({}, asked("metadata-restore"));
    assert.deepEqual(tablesOf((await it.stored()).document), []);
  });

  test("a dry run shows what would change, with a fingerprint that the restoration can be bound to", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    const before = await it.stored();
    const shown = await it.run({}, asked("metadata-restore", { dryRun: true }));
    const [diff] = shown.of("metadata.diff");
    assert.deepEqual([diff?.dryRun, diff?.changes.length], [true, 1]);
    assert.deepEqual(await it.stored(), before);
    await it.write(it.document(["users", "items"]));
    const expectedPlan = diff?.fingerprint;
    const ran = await it.run({}, asked("metadata-restore", { expectedPlan }));
    assert.equal(failureOf(ran), "busy/plan-changed");
    assert.deepEqual(tablesOf((await it.stored()).document).sort(), ["items", "users"]);
  });

  test("is refused, and changes nothing, where nothing is recorded or kept", async (t) => {
    const it = await metadataBench(t);
    const nothing = await it.run({}, asked("metadata-restore"));
    assert.equal(failureOf(nothing), "usage/metadata-not-kept");
    await it.apply(it.document(["users"]), {}, withLedger({ keepsMetadata: false }));
    const notKept = await it.run({}, asked("metadata-restore"));
    assert.equal(failureOf(notKept), "usage/metadata-not-kept");
    assert.match(notKept.failure?.message ?? "", /was not kept/);
    const unknown = await it.run({}, asked("metadata-restore", { run: "0000" }));
    assert.match(unknown.failure?.message ?? "", /no record that run 0000 on/);
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
  });

  test("metadata that another role could have written is not restored", async (t) => {
    const it = await metadataBench(t);
    await it.apply(it.document(["users"]));
    await query(it.url, "CREATE ROLE intruder");
    t.onTestFinished(async () => {
      await query(it.url, "DROP OWNED BY intruder; DROP ROLE intruder");
    });
    await query(
      it.url,
      "GRANT USAGE ON SCHEMA hasura_migrate TO intruder; GRANT UPDATE ON hasura_migrate.metadata_document TO intruder",
    );
    const ran = await it.run({}, asked("metadata-restore"));
    assert.equal(failureOf(ran), "usage/ledger-writable");
    assert.match(
      ran.failure?.message ?? "",
      /intruder can write to hasura_migrate\.metadata_document/,
    );
    assert.deepEqual(tablesOf((await it.stored()).document), ["users"]);
  });
});
