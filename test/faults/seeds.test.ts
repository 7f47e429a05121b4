import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { HasuraCallError, type Hasura } from "../../src/engine/hasura/client.ts";
import { asked } from "../engine/support/ledger-bench.ts";
import { withLedger } from "../engine/support/ledger.ts";
import { row, seedBench } from "../engine/support/seed-bench.ts";

const files = {
  "default/01_a.sql": row("a"),
  "default/02_b.sql": row("b"),
  "default/03_c.sql": row("c"),
};
const once = ["a", "b", "c"];

/** Hasura whose answer to the n-th `run_sql` is lost. */
class LosingHasura {
  readonly #inner: Hasura;
  readonly #at: number;
  sent = 0;

  constructor(inner: Hasura, at: number) {
    this.#inner = inner;
    this.#at = at;
  }

  readonly runSql: Hasura["runSql"] = async (request) => {
    this.sent += 1;
    const isLost = this.sent === this.#at;
    const result = await this.#inner.runSql(request);
    if (isLost) throw new HasuraCallError("unknown", "the connection broke");
    return result;
  };
}

describe("a run of three seeds", () => {
  test("the answer to each request is lost once, then a plain run: each row exactly once", async (t) => {
    for (let at = 1, isReached = true; isReached; at += 1) {
      const it = await seedBench(t);
      const losing = new LosingHasura(it.hasura, at);
      await it.seedAs(files, asked("seed"), {
        ...withLedger({ liveMs: 0 }),
        hasura: { ...it.hasura, runSql: losing.runSql },
      });
      await it.seedAs(files, asked("seed"), withLedger({ liveMs: 0 }));
      assert.deepEqual(await it.rows(), once, `request ${String(at)}`);
      assert.deepEqual(await it.recorded(), ["01_a.sql", "02_b.sql", "03_c.sql"]);
      isReached = losing.sent >= at;
    }
  });

  test("two at once: each row exactly once", async (t) => {
    const it = await seedBench(t);
    const runs = await Promise.all([1, 2].map(async () => it.seed(files)));
    assert.deepEqual(
      runs.map(({ failure }) => failure?.code),
      [undefined, undefined],
    );
    assert.deepEqual(await it.rows(), once);
  });
});
