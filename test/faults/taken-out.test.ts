import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { assess } from "../../src/lambda/assess.ts";
import type { JsonMap } from "../../src/metadata/document/json.ts";
import type { Ran } from "../engine/support/run.ts";
import { liveMs, newRequest } from "./support/bench.ts";
import { killAt } from "./support/kill-at.ts";
import { metadataFaultBench, type MetadataFaultBench } from "./support/metadata-bench.ts";
import type { Sql } from "./support/migrations.ts";
import { networkFaults, type NetworkFault } from "./support/network.ts";
import { program } from "./support/programs.ts";
import { scale } from "./support/scale.ts";

/*
 * A deployment removes from the metadata what its migrations would break, and is killed, or loses requests, before it ends.
 */

const drops: Sql = {
  "1_note": "ALTER TABLE IF EXISTS notes DROP COLUMN note;",
  "2_remark": "ALTER TABLE IF EXISTS notes DROP COLUMN remark;",
};

/** The roles that may select, and the column besides `id` that each of them sees. */
const roles = { reader: [], noter: ["note"], remarker: ["remark"] } as const;
type Role = keyof typeof roles;

/** The document with the table `notes`, and permissions for these roles. */
function permitting(document: JsonMap, names: readonly Role[]): JsonMap {
  const [source, ...others] = document["sources"] as JsonMap[];
  const table = {
    table: { schema: "public", name: "notes" },
    select_permissions: names.map((role) => ({
      role,
      permission: { columns: ["id", ...roles[role]], filter: {} },
    })),
  };
  return { ...document, sources: [{ ...source, tables: [table] }, ...others] };
}

interface Deployment extends MetadataFaultBench {
  deploy(): Promise<Ran>;
  /** Two columns, and permissions on both, which the project does not have any more. */
  reset(): Promise<void>;
  /** Requests of a deployment, from that which removes permissions to the last one. */
  readonly requests: readonly number[];
  /** By how much the version of the metadata moves in a deployment that nothing happens to. */
  readonly versions: number;
}

/** A deployment of the two migrations; `failing`: the version that fails. */
async function deployment(t: TestContext, failing?: number): Promise<Deployment> {
  const bench = await metadataFaultBench(t, drops, []);
  const project = JSON.stringify(permitting(bench.before, ["reader"]));
  await writeFile(join(bench.root, "metadata.json"), project);
  for (const [name, sql] of Object.entries(drops))
    if (name.startsWith(`${String(failing)}_`))
      await writeFile(join(bench.root, `migrations/default/${name}/up.sql`), `${sql} SELECT 1/0;`);
  const deploy = (): Promise<Ran> =>
    bench.run(newRequest("apply", { metadata: true }), { ...bench.metadata, assess });
  const reset = async (): Promise<void> => {
    await bench.database.reset(false);
    await bench.database.query("CREATE TABLE notes (id int PRIMARY KEY, note text, remark text)");
    await bench.write(permitting(bench.before, ["reader", "noter", "remarker"]));
  };
  await reset();
  bench.network.expect(() => undefined);
  const { version } = await bench.stored();
  await deploy();
  const versions = (await bench.stored()).version - version;
  const first = bench.network.passed.findIndex(({ body }) => body.includes('"replace_metadata"'));
  assert.ok(first > 0);
  const requests = bench.network.passed.flatMap((_, index) =>
    index < first || (index - first) % scale.killStep > 0 ? [] : [index],
  );
  return { ...bench, deploy, reset, requests, versions };
}

/** The roles that may select from `notes` now. */
async function rolesIn(bench: Deployment): Promise<string[]> {
  const { sources } = (await bench.stored()).document as {
    sources: { tables: { select_permissions?: { role: string }[] }[] }[];
  };
  return sources
    .flatMap(({ tables }) => tables.flatMap(({ select_permissions: all = [] }) => all))
    .map(({ role }) => role)
    .sort();
}

/** Kills a deployment at each of its requests, and collects what is wrong after a plain re-run. */
async function killedAtEach(
  bench: Deployment,
  t: TestContext,
  problems: (again: Ran) => Promise<string[]>,
): Promise<string[]> {
  const oneRun = await program(t, "one-run");
  const wrong: string[] = [];
  let kills = 0;
  for (const at of bench.requests) {
    await bench.reset();
    const run = oneRun(bench.network.url, bench.root, String(liveMs), "deploy");
    kills += await killAt(run, bench, ({ index }) => index === at);
    const again = await bench.deploy();
    const reload = await bench.run(newRequest("metadata-reload"));
    const found = [
      ...(await problems(again)),
      ...(reload.failure ? [`inconsistent: ${reload.failure.message}`] : []),
    ];
    wrong.push(...found.map((text) => `killed at request ${String(at)}: ${text}`));
  }
  assert.ok(kills > bench.requests.length / 2, `${String(kills)} kills`);
  return wrong;
}

/** Lets this happen to each of the requests of a deployment, and collects what is wrong after a plain re-run. */
async function disturbedAtEach(
  bench: Deployment,
  fault: NetworkFault,
  problems: (again: Ran) => Promise<string[]>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const at of bench.requests) {
    await bench.reset();
    const { version } = await bench.stored();
    bench.network.expect(({ index }) => (index === at ? fault : undefined));
    await bench.deploy();
    await bench.endFaults();
    const again = await bench.deploy();
    const moved = (await bench.stored()).version - version;
    // A deployment that fails again has removed and put back twice.
    const expected = again.failure ? 2 * bench.versions : bench.versions;
    const found = [
      ...(await problems(again)),
      ...(moved === expected ? [] : [`the version has moved by ${String(moved)}`]),
    ];
    wrong.push(...found.map((text) => `request ${String(at)}: ${text}`));
  }
  return wrong;
}

/** The document with one more role that may select. */
function withRole(document: JsonMap, role: string): JsonMap {
  const text = JSON.stringify(document).replace(
    '"select_permissions":[',
    `"select_permissions":[${JSON.stringify({ role, permission: { columns: ["id"], filter: {} } })},`,
  );
  return JSON.parse(text) as JsonMap;
}

/** What a plain re-run has left: how it ended, what is applied, and the roles that may select. */
async function stateAfter(bench: Deployment, { failure }: Ran): Promise<string> {
  const [found, { ledger }] = [await rolesIn(bench), await bench.database.facts()];
  return `${failure?.code ?? "done"}, ${ledger.join(" ")}, ${found.join(" ")}`;
}

// Each test has its own database and API.
describe.concurrent("a deployment that removes objects from the metadata first", () => {
  for (const fault of networkFaults)
    test(`a request that is ${fault}, each one in turn: a plain re-run completes the deployment`, async (t) => {
      const bench = await deployment(t);
      const wrong = await disturbedAtEach(bench, fault, async (again) => {
        const state = await stateAfter(bench, again);
        return state === "done, 1 2, reader" ? [] : [state];
      });
      assert.deepEqual(wrong, []);
    });

  for (const fault of networkFaults)
    test(`a request that is ${fault}, each one in turn: a re-run that fails puts back all that the schema still has`, async (t) => {
      const bench = await deployment(t, 2);
      const wrong = await disturbedAtEach(bench, fault, async (again) => {
        const state = await stateAfter(bench, again);
        return state === "sql-failed, 1, reader remarker" ? [] : [state];
      });
      assert.deepEqual(wrong, []);
    });
});

// Each test has its own database and API.
describe.concurrent("objects that a killed deployment has removed from the metadata", () => {
  test("are not put back over a change that somebody else has made since", async (t) => {
    const bench = await deployment(t, 1);
    const oneRun = await program(t, "one-run");
    // What records the removal, which then never happens, and the removal itself.
    for (const request of ["SELECT hasura_migrate.begin_metadata", '"replace_metadata"']) {
      await bench.reset();
      const run = oneRun(bench.network.url, bench.root, String(liveMs), "deploy");
      assert.equal(await killAt(run, bench, ({ body }) => body.includes(request)), 1);
      await bench.write(withRole((await bench.stored()).document, "other"));
      const before = await rolesIn(bench);
      const again = await bench.deploy();
      assert.ok(again.failure);
      assert.deepEqual(await rolesIn(bench), before);
      const warned = again.of("log").some(({ code }) => code === "metadata-not-put-back");
      assert.ok(warned, `killed at ${request}`);
    }
  });

  test("a plain re-run completes the deployment", async (t) => {
    const bench = await deployment(t);
    const wrong = await killedAtEach(bench, t, async (again) => {
      const state = await stateAfter(bench, again);
      return state === "done, 1 2, reader" ? [] : [state];
    });
    assert.deepEqual(wrong, []);
  });

  for (const { failing, applied, left } of [
    { failing: 1, applied: "", left: "noter reader remarker" },
    { failing: 2, applied: "1", left: "reader remarker" },
  ])
    test(`a re-run whose migration ${String(failing)} fails puts back all that the schema still has`, async (t) => {
      const bench = await deployment(t, failing);
      const wrong = await killedAtEach(bench, t, async (again) => {
        const state = await stateAfter(bench, again);
        return state === `sql-failed, ${applied}, ${left}` ? [] : [state];
      });
      assert.deepEqual(wrong, []);
    });
});
