import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { claimServer, readCliState, versionAt, writeCliState } from "./support/claim-server.ts";
import { testProject } from "./support/engine.ts";
import { keepCatalogState, ownSchema, requests, server, uniqueName } from "./support/server.ts";

const refusal = /holds the state of other migrations/;

describe("these tests refuse a server", () => {
  test("whose catalog state names another version, and leave it as it is", async (t) => {
    await keepCatalogState(t);
    const state = { migrations: { [uniqueName()]: { 1700000000000: false } }, settings: {} };
    await writeCliState(requests, state);
    await assert.rejects(claimServer(server), refusal);
    assert.deepEqual(await readCliState(requests), state);
  });

  test("whose ledger has somebody else's run", async (t) => {
    const project = await testProject(t);
    await project.write([{ n: 1 }]);
    await project.run("apply", { database: server.source });
    await requests.rows(
      `UPDATE hasura_migrate.run SET actor = '{"user": "ada", "host": "laptop"}'`,
    );
    await assert.rejects(claimServer(server), refusal);
    assert.deepEqual((await project.truth()).ledger, [1]);
  });
});

test("what an interrupted run of these tests left behind is removed, and nothing else", async (t) => {
  await keepCatalogState(t);
  const schema = await ownSchema(t);
  const other = uniqueName();
  const settings = { migration_mode: "true", hasura_migrate: JSON.stringify({ [other]: "1" }) };
  await writeCliState(requests, {
    migrations: { [server.source]: { [versionAt(1)]: false } },
    settings: {
      ...settings,
      hasura_migrate: JSON.stringify({ [other]: "1", [server.source]: "2" }),
    },
  });
  await claimServer(server);
  assert.deepEqual(await readCliState(requests), {
    migrations: { [server.source]: {} },
    settings,
  });
  assert.equal(await requests.value(`SELECT to_regnamespace('${schema}')`), null);
});
