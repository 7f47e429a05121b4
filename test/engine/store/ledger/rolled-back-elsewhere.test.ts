import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { hintText } from "../../../../src/cli/output/hints.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import { tiny } from "../../support/shared-requests.ts";

const isProtected = withLedger({ protected: true });

/** Three applied versions, of which another tool has rolled back the last two; the fourth has only a file. */
async function rolledBackElsewhere(it: LedgerBench): Promise<void> {
  await it.run(tiny(3), undefined, isProtected);
  await query(it.url, "DROP TABLE t2, t3");
  await query(
    it.url,
    "UPDATE hdb_catalog.hdb_version SET cli_state = cli_state::jsonb #- '{migrations,default,2}' #- '{migrations,default,3}'",
  );
}

describe("a protected environment in which another tool has rolled back", () => {
  test("stops with one command that confirms the rollback, and one that rejects it", async (t) => {
    const it = await ledgerBench(t);
    await rolledBackElsewhere(it);
    const { failure } = await it.run(tiny(3), undefined, isProtected);
    assert.equal(failure?.code, "rolled-back-elsewhere");
    assert.deepEqual(
      failure.hints.slice(1).map((hint) => hintText(hint)),
      [
        "if that was intended, confirm it: hasura-migrate mark dev-3 --in-doubt --pending",
        "if they are still in effect: hasura-migrate mark dev-3 --in-doubt --applied",
      ],
    );
  });

  test("the first command does so: the versions are pending, and applied again", async (t) => {
    const it = await ledgerBench(t);
    await rolledBackElsewhere(it);
    const marking = asked("mark", { inDoubt: true, as: "pending" });
    const marked = await it.run(tiny(3), marking, isProtected);
    assert.deepEqual(
      marked.of("migration.marked").map(({ version }) => version),
      ["2", "3"],
    );
    assert.deepEqual([await it.ledger(), await it.catalog()], [["1"], ["1"]]);
    assert.deepEqual(versions(await it.run(tiny(3), undefined, isProtected)), ["2", "3"]);
  });

  test("the second one rewrites Hasura's state, and runs nothing", async (t) => {
    const it = await ledgerBench(t);
    await rolledBackElsewhere(it);
    await it.run(tiny(3), asked("mark", { inDoubt: true, as: "applied" }), isProtected);
    const all = ["1", "2", "3"];
    assert.deepEqual([await it.ledger(), await it.catalog()], [all, all]);
    const ran = await it.run(tiny(3), undefined, isProtected);
    assert.deepEqual([ran.failure, versions(ran)], [undefined, []]);
  });

  test("status shows the versions as in doubt", async (t) => {
    const it = await ledgerBench(t);
    await rolledBackElsewhere(it);
    const [status] = (await it.run(tiny(3), asked("status"), isProtected)).of("status");
    assert.deepEqual(
      status?.databases[0]?.migrations.map(({ state, evidence }) => [state, evidence?.[0]?.exists]),
      [
        ["applied", undefined],
        ["dirty", false],
        ["dirty", false],
      ],
    );
  });

  test("marking another version, or one of them, does not confirm it", async (t) => {
    const it = await ledgerBench(t);
    await rolledBackElsewhere(it);
    for (const version of ["4", "3"]) {
      const marking = asked("mark", { versions: [version], as: "applied" });
      assert.equal((await it.run(tiny(4), marking, isProtected)).failure, undefined);
      const { failure } = await it.run(tiny(4), undefined, isProtected);
      assert.equal(failure?.code, "rolled-back-elsewhere", version);
      assert.deepEqual(await it.ledger(), ["1", "2", "3", "4"]);
    }
  });
});
