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

const modes = ["lost before", "lost after", "late", "refused", "killed"] as const;
type Mode = (typeof modes)[number];

/** Hasura whose n-th `run_sql` fails in this way. */
class FaultyHasura {
  readonly #inner: Hasura;
  readonly #mode: Mode;
  readonly #at: number;
  /** Requests that arrive later than anybody waits for. */
  readonly late: (() => Promise<unknown>)[] = [];
  sent = 0;

  constructor(inner: Hasura, mode: Mode, at: number) {
    this.#inner = inner;
    this.#mode = mode;
    this.#at = at;
  }

  readonly runSql: Hasura["runSql"] = async (request) => {
    this.sent += 1;
    const broken = new HasuraCallError("unknown", "the connection broke");
    if (this.#mode === "killed" && this.sent >= this.#at) throw broken;
    if (this.sent !== this.#at) return this.#inner.runSql(request);
    if (this.#mode === "refused")
      throw new HasuraCallError("rejected", "busy", { status: 429, code: "busy" });
    if (this.#mode === "late") this.late.push(() => this.#inner.runSql(request));
    if (this.#mode === "lost after") await this.#inner.runSql(request);
    throw broken;
  };
}

describe("a run of three seeds", () => {
  for (const mode of modes) {
    test(`each request once ${mode}, then a plain run: each row exactly once`, async (t) => {
      for (let at = 1, isReached = true; isReached; at += 1) {
        const it = await seedBench(t);
        const faulty = new FaultyHasura(it.hasura, mode, at);
        await it.seedAs(files, asked("seed"), {
          ...withLedger({ liveMs: 0 }),
          hasura: { ...it.hasura, runSql: faulty.runSql },
        });
        await it.seedAs(files, asked("seed"), withLedger({ liveMs: 0 }));
        for (const arrive of faulty.late) await arrive().catch(() => undefined);
        assert.deepEqual(await it.rows(), once, `request ${String(at)}`);
        assert.deepEqual(await it.recorded(), ["01_a.sql", "02_b.sql", "03_c.sql"]);
        isReached = faulty.sent >= at;
      }
    });
  }

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
