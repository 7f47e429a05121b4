import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { assess } from "../../src/lambda/assess.ts";
import type { JsonMap } from "../../src/metadata/document/json.ts";
import { compareMetadata } from "../../src/metadata/diff/compare-metadata.ts";
import type { Ran } from "../engine/support/run.ts";
import { freshDatabase, query } from "../support/postgres.ts";
import { liveMs, newRequest } from "./support/bench.ts";
import { TestDatabase } from "./support/database.ts";
import { killAt } from "./support/kill-at.ts";
import { metadataFaultBench, tracking, type MetadataFaultBench } from "./support/metadata-bench.ts";
import { firstOf } from "./support/migrations.ts";
import { networkFaults } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { scale } from "./support/scale.ts";

interface Deployment extends MetadataFaultBench {
  deploy(): Promise<Ran>;
  reset(): Promise<void>;
  /** What is wrong after a plain re-run, in both databases and the metadata. */
  problemsAfter(): Promise<string[]>;
  /** Every n-th request of a deployment that nothing happens to. */
  readonly requests: readonly number[];
}

/** A deployment whose metadata adds the database `billing`, with a migration of its own. */
async function deployment(t: TestContext): Promise<Deployment> {
  const bench = await metadataFaultBench(t, firstOf(1), []);
  const url = await freshDatabase(t);
  const billing = new TestDatabase(url);
  await billing.open();
  t.onTestFinished(() => billing.close());
  const wanted = withBilling(bench.before, url);
  await writeFile(join(bench.root, "metadata.json"), JSON.stringify(wanted));
  const directory = join(bench.root, "migrations/billing/1_invoices");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "up.sql"), "CREATE TABLE invoices (id int PRIMARY KEY);");
  const deploy = (): Promise<Ran> =>
    bench.run(newRequest("apply", { metadata: true }), { ...bench.metadata, assess });
  const reset = async (): Promise<void> => {
    await bench.resetMetadata();
    await bench.database.reset(false);
    await billing.idle();
    await query(
      url,
      "DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS hasura_migrate CASCADE",
    );
  };
  const problemsAfter = async (): Promise<string[]> => {
    const { failure } = await deploy();
    const { ledger } = await bench.database.facts();
    const { document } = await bench.stored();
    const versions = await query(url, "SELECT version::text FROM hasura_migrate.migration");
    const state = [ledger, versions.map((row) => row["version"])].join(" | ");
    return [
      ...(failure ? [`${failure.code}: ${failure.message}`] : []),
      ...(state === "1 | 1" ? [] : [`applied: ${state}`]),
      ...compareMetadata(document, wanted).map(
        ({ path, change }) => `${change}: ${path.map(({ name }) => name).join("/")}`,
      ),
    ];
  };
  await reset();
  bench.network.expect(() => undefined);
  const { failure } = await deploy();
  assert.equal(failure, undefined);
  const requests = bench.network.passed.flatMap((_, index) =>
    index % scale.killStep === 0 ? [index] : [],
  );
  return { ...bench, deploy, reset, problemsAfter, requests };
}

function withBilling(before: JsonMap, url: string): JsonMap {
  const document = tracking(before, []);
  const billing: JsonMap = {
    ...{ name: "billing", kind: "postgres" },
    tables: [{ table: { schema: "public", name: "invoices" } }],
    configuration: { connection_info: { database_url: url } },
  };
  return { ...document, sources: [...(document["sources"] as JsonMap[]), billing] };
}

// Each test has its own databases and API.
describe.concurrent("a deployment that connects a new database", () => {
  for (const fault of networkFaults)
    test(`a request that is ${fault}, each one in turn: after one plain re-run every migration is applied once, and the metadata is the project's`, async (t) => {
      const bench = await deployment(t);
      const wrong: string[] = [];
      for (const at of bench.requests) {
        await bench.reset();
        bench.network.expect(({ index }) => (index === at ? fault : undefined));
        await bench.deploy();
        await bench.endFaults();
        const problems = await bench.problemsAfter();
        wrong.push(...problems.map((text) => `request ${String(at)}: ${text}`));
      }
      assert.deepEqual(wrong, []);
    });

  test("killed at its requests: after one plain re-run every migration is applied once, and the metadata is the project's", async (t) => {
    const bench = await deployment(t);
    const oneRun = await program(t, "one-run");
    const wrong: string[] = [];
    let kills = 0;
    for (const at of bench.requests) {
      await bench.reset();
      const run = oneRun(bench.network.url, bench.root, String(liveMs), "deploy");
      kills += await killAt(run, bench, ({ index }) => index === at);
      const problems = await bench.problemsAfter();
      wrong.push(...problems.map((text) => `killed at request ${String(at)}: ${text}`));
    }
    assert.deepEqual(wrong, []);
    assert.ok(kills > bench.requests.length / 2, `${String(kills)} kills`);
  });
});
