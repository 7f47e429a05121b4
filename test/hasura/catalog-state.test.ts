import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { tableStore } from "../../src/engine/store/catalog/legacy-table.ts";
import { catalogVersionStore } from "../../src/engine/store/catalog/state-client.ts";
import { readCliState, versionAt, writeCliState } from "./support/claim-server.ts";
import { ErrorBody } from "./support/request.ts";
import { client, keepCatalogState, requests, server, uniqueName } from "./support/server.ts";

const CatalogState = z.object({
  id: z.string().min(1),
  cli_state: z.record(z.string(), z.unknown()),
  console_state: z.unknown(),
});

describe("the catalog state", () => {
  test("is answered with the id of the server, the same every time", async () => {
    const [one, two] = [
      await requests.metadata("get_catalog_state"),
      await requests.metadata("get_catalog_state"),
    ];
    assert.deepEqual([one.status, two.status], [200, 200]);
    assert.equal(CatalogState.parse(one.body).id, CatalogState.parse(two.body).id);
  });

  test("is replaced as a whole, including keys that the server does not know", async (t) => {
    await keepCatalogState(t);
    const database = uniqueName();
    const first = {
      migrations: { [database]: { [versionAt(1)]: false, [versionAt(2)]: true } },
      settings: { migration_mode: "true", hasura_migrate: JSON.stringify({ [database]: "7" }) },
      isStateCopyCompleted: true,
      unknown: { nested: [1, null, "ü"] },
    };
    const set = await requests.metadata("set_catalog_state", { type: "cli", state: first });
    assert.deepEqual(set, { status: 200, body: { message: "success" } });
    assert.deepEqual(await readCliState(requests), first);
    const second = { migrations: { [database]: {} } };
    await writeCliState(requests, second);
    assert.deepEqual(await readCliState(requests), second);
  });

  test("of the CLI does not touch the Console's", async (t) => {
    await keepCatalogState(t);
    const console_state = async (): Promise<unknown> =>
      CatalogState.parse((await requests.metadata("get_catalog_state")).body).console_state;
    const before = await console_state();
    await writeCliState(requests, { settings: {} });
    assert.deepEqual(await console_state(), before);
  });

  test("of another type is refused", async () => {
    const answer = await requests.metadata("set_catalog_state", { type: "other", state: {} });
    assert.equal(answer.status, 400);
    const { code, path } = ErrorBody.parse(answer.body);
    assert.deepEqual([code, path], ["parse-failed", "$.args.type"]);
  });

  test("does not move the resource version of the metadata", async (t) => {
    await keepCatalogState(t);
    const version = async (): Promise<unknown> => {
      const { body } = await requests.metadata("export_metadata", {}, { version: 2 });
      return z.object({ resource_version: z.int() }).parse(body).resource_version;
    };
    const before = await version();
    await writeCliState(requests, { settings: { migration_mode: "true" } });
    assert.equal(await version(), before);
  });
});

describe("get and set in one bulk on /v1/metadata", () => {
  test("answers the state that was replaced", async (t) => {
    await keepCatalogState(t);
    const hasura = client(t);
    const [first, second] = [{ settings: { test: "1" } }, { settings: { test: "2" } }];
    await hasura.exchangeCatalogState(first);
    assert.deepEqual((await hasura.exchangeCatalogState(second)).cliState, first);
    assert.deepEqual((await hasura.catalogState()).cliState, second);
  });
});

describe("versions in the catalog state", () => {
  test("are written without losing what another tool has written in between", async (t) => {
    await keepCatalogState(t);
    const hasura = client(t);
    const [ours, theirs] = [uniqueName(), uniqueName()];
    const start = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };
    await writeCliState(requests, start);
    const store = catalogVersionStore(hasura, {
      state: await hasura.catalogState(),
      copy: { databases: [], complete: false },
    });
    await writeCliState(requests, {
      ...start,
      migrations: { [theirs]: { [versionAt(1)]: false } },
    });
    await store.write([{ database: ours, version: versionAt(2), to: "applied" }]);
    assert.deepEqual((await readCliState(requests)).migrations, {
      [theirs]: { [versionAt(1)]: false },
      [ours]: { [versionAt(2)]: false },
    });
    await store.write([{ database: ours, version: versionAt(2), to: "absent" }]);
    assert.deepEqual((await readCliState(requests)).migrations, {
      [theirs]: { [versionAt(1)]: false },
      [ours]: {},
    });
  });

  test("of older projects are kept in a table of the source default", async (t) => {
    t.skip(server.source !== "default", `the source under test is ${server.source}`);
    const tables = ["hdb_catalog.schema_migrations", "hdb_catalog.migration_settings"];
    const [there] = await requests.rows(
      `SELECT to_regnamespace('hdb_catalog'), ${tables.map((table) => `to_regclass('${table}')`).join(", ")}`,
    );
    t.skip(!there?.[0], "the database of the source has no schema hdb_catalog");
    t.skip(Boolean(there?.[1] ?? there?.[2]), "the database of the source has such a table");
    t.onTestFinished(async () => {
      await requests.rows(`DROP TABLE IF EXISTS ${tables.join(", ")}`);
    });
    const hasura = client(t);
    const changes = [1, 2].map((n) => ({ database: "default", version: versionAt(n) }));
    const store = tableStore(hasura);
    assert.deepEqual(await store.read("default"), new Map());
    await store.write(changes.map((change) => ({ ...change, to: "applied" })));
    assert.deepEqual([...(await tableStore(hasura).read("default")).keys()].sort(), [
      versionAt(1),
      versionAt(2),
    ]);
    await store.write(changes.slice(0, 1).map((change) => ({ ...change, to: "absent" })));
    assert.deepEqual(
      await tableStore(hasura).read("default"),
      new Map([[versionAt(2), { dirty: false }]]),
    );
  });
});
