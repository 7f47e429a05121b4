import assert from "node:assert/strict";
import { test } from "vitest";
import { startPostgres } from "../../src/local/postgres/index.ts";
import { freshDirectory, query } from "../support/postgres.ts";
import { faultBench, falselyReported } from "./support/bench.ts";
import { firstOf } from "./support/migrations.ts";

test("the database server crashes at a message of a run and recovers: after one plain re-run every migration is applied once", async (t) => {
  // A server of the test's own: a backend that is killed makes the whole server end all others and recover from its log.
  const server = await startPostgres({ directory: await freshDirectory(t) });
  t.onTestFinished(() => server.stop());
  await query(server.url, "CREATE DATABASE crashing");
  const url = new URL(server.url);
  url.pathname = "/crashing";
  const bench = await faultBench(t, firstOf(3), { url: url.href });
  await bench.run();
  const messages = bench.driver.passed.length;
  const wrong: string[] = [];
  const crash = async (): Promise<undefined> => {
    const [backend] = await query(
      url.href,
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1",
    );
    process.kill(Number(backend?.["pid"]), "SIGKILL");
    await bench.database.reopen();
  };
  for (let index = 1; index < messages; index += 2) {
    await bench.database.reset(false);
    bench.driver.expect((it) => (it.index === index ? crash() : undefined));
    const hit = await bench.run();
    await bench.endFaults();
    const missing = falselyReported(hit, await bench.database.facts());
    const found = [
      ...missing.map((version) => `reported as applied, but not in the ledger: ${version}`),
      ...(await bench.problems(await bench.run())),
    ];
    wrong.push(...found.map((text) => `message ${String(index)}: ${text}`));
  }
  assert.deepEqual(wrong, []);
  await t.annotate(`${String(Math.floor(messages / 2))} crashes`);
});
