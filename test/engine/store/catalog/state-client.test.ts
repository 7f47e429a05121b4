import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { catalogVersionStore } from "../../../../src/engine/store/catalog/state-client.ts";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import { Failure } from "../../../../src/protocol/failure.ts";
import { unknown } from "../../support/call-errors.ts";
import { scriptedHasura, type ScriptedHasura } from "../../support/scripted-hasura.ts";

const full = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };
const stateOf = (...versions: string[]) => ({
  ...full,
  migrations: { default: Object.fromEntries(versions.map((version) => [version, false])) },
});
const change = (version: string, to: "applied" | "absent" = "applied"): StateChange => ({
  database: "default",
  version,
  to,
});
const storeOn = (hasura: ScriptedHasura, complete = true) =>
  catalogVersionStore(hasura, {
    state: { id: "server", cliState: structuredClone(hasura.cliState) },
    copy: { databases: ["default"], complete },
  });
const writesOf = ({ calls }: ScriptedHasura): number =>
  calls.filter((call) => call === "exchangeCatalogState").length;
const copiesOf = ({ calls }: ScriptedHasura): number =>
  calls.filter((call) => call === "runSql").length;

describe("versions in the catalog state", () => {
  test("are written in one request, if nobody else writes", async () => {
    const hasura = scriptedHasura({ cliState: stateOf("1") });
    const store = storeOn(hasura);
    await store.write([change("2")]);
    await store.write([change("1", "absent")]);
    assert.deepEqual([writesOf(hasura), hasura.cliState], [2, stateOf("2")]);
    assert.equal(copiesOf(hasura), 0);
  });

  test("are read from the document as it was at the beginning", async () => {
    const hasura = scriptedHasura({ cliState: stateOf("1") });
    const store = storeOn(hasura);
    hasura.cliState = stateOf("1", "2");
    assert.deepEqual([...(await store.read("default")).keys()], ["1"]);
    await store.refresh?.("default");
    assert.deepEqual([...(await store.read("default")).keys()], ["1", "2"]);
  });

  test("that this run wrote before it read again are not put back", async () => {
    const hasura = scriptedHasura({ cliState: stateOf() });
    const store = storeOn(hasura);
    await store.write([change("1")]);
    hasura.cliState = stateOf();
    await store.refresh?.("default");
    await store.write([change("2")]);
    assert.deepEqual(hasura.cliState, stateOf("2"));
  });

  test("that this run wrote in another database are still put back", async () => {
    const hasura = scriptedHasura({ cliState: stateOf() });
    const store = storeOn(hasura);
    await store.write([{ ...change("1"), database: "b" }]);
    hasura.cliState = stateOf();
    await store.refresh?.("default");
    await store.write([change("2")]);
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { default: { "2": false }, b: { "1": false } },
    });
  });

  test("of two databases with the same version are two", async () => {
    const hasura = scriptedHasura({ cliState: stateOf() });
    await storeOn(hasura).write([change("1"), { ...change("1"), database: "b" }]);
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { default: { "1": false }, b: { "1": false } },
    });
  });

  test("are given up after eight writes that another tool undid", async () => {
    const hasura = scriptedHasura({ cliState: stateOf() });
    const store = storeOn(hasura);
    let others = 100;
    hasura.before = () => {
      hasura.cliState = { ...full, migrations: { other: { [String(others++)]: false } } };
    };
    await assert.rejects(store.write([change("1")]), (thrown) => {
      assert(thrown instanceof Failure);
      assert.deepEqual([thrown.kind, thrown.code], ["busy", "catalog-contended"]);
      assert.deepEqual(
        thrown.hints.map(({ kind }) => kind),
        ["retry"],
      );
      return true;
    });
    assert.equal(writesOf(hasura), 8);
  });
});

describe("the copy of an older table", () => {
  const old = { settings: { migration_mode: "true" } };

  test("is made once, and written with the first change", async () => {
    const hasura = scriptedHasura({ cliState: old, table: { "1": true } });
    const store = storeOn(hasura);
    assert.deepEqual([...(await store.read("default"))], [["1", { dirty: true }]]);
    assert.deepEqual(hasura.cliState, old);
    await store.write([change("2")]);
    await store.write([change("3")]);
    assert.equal(copiesOf(hasura), 2);
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { default: { "1": true, "2": false, "3": false } },
    });
  });

  test("is not marked as completed if other databases are left", async () => {
    const hasura = scriptedHasura({ cliState: old, table: { "1": false } });
    await storeOn(hasura, false).write([change("2")]);
    assert.deepEqual(hasura.cliState, {
      ...full,
      isStateCopyCompleted: false,
      migrations: { default: { "1": false, "2": false } },
    });
  });

  test("is not repeated", async () => {
    const hasura = scriptedHasura({ cliState: stateOf(), table: { "1": false } });
    assert.deepEqual([...(await storeOn(hasura).read("default"))], []);
    assert.equal(copiesOf(hasura), 0);
  });

  test("is tried again after a lost answer", async () => {
    const hasura = scriptedHasura({ cliState: old, table: { "1": false } });
    const store = storeOn(hasura);
    hasura.before = () => {
      throw unknown();
    };
    await assert.rejects(store.read("default"), { outcome: "unknown" });
    hasura.before = () => undefined;
    assert.deepEqual([...(await store.read("default")).keys()], ["1"]);
  });
});
