import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { catalogVersionStore } from "../../../../src/engine/store/catalog/state-client.ts";
import { HasuraCallError } from "../../../../src/engine/hasura/client.ts";
import { createWriteQueue } from "../../../../src/engine/store/catalog/write-queue.ts";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import { scriptedHasura, type ScriptedHasura } from "../../support/scripted-hasura.ts";

const change = (version: string): StateChange => ({ database: "default", version, to: "applied" });
const versionOf = (it: StateChange): string => ("version" in it ? it.version : "generation");
const quick = { sleep: () => Promise.resolve(), random: () => 0.5 };
const lost = (): HasuraCallError => new HasuraCallError("unknown", "socket hang up");
const full = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };

async function storeOn(hasura: ScriptedHasura): Promise<ReturnType<typeof catalogVersionStore>> {
  return catalogVersionStore(hasura, {
    state: await hasura.catalogState(),
    copy: { databases: ["default"], complete: true },
  });
}
const versionsOf = (hasura: ScriptedHasura): unknown =>
  (hasura.cliState as { migrations: Record<string, unknown> }).migrations;

describe("write queue", () => {
  test("one write is in flight, and changes that arrive in the meantime share the next one", async () => {
    const writes: string[][] = [];
    const gates: (() => void)[] = [];
    const write = (changes: readonly StateChange[]): Promise<void> => {
      writes.push(changes.map(versionOf));
      return new Promise((done) => gates.push(done));
    };
    const writer = createWriteQueue({ write }, quick);
    writer.record(change("1"));
    writer.record(change("2"));
    writer.record(change("3"));
    assert.deepEqual(writes, [["1"]]);
    const settled = writer.settle();
    gates[0]?.();
    await new Promise((done) => setImmediate(done));
    assert.deepEqual(writes, [["1"], ["2", "3"]]);
    gates[1]?.();
    assert.equal(await settled, undefined);
  });

  test("a write whose answer was lost is repeated until it is answered", async () => {
    let tries = 0;
    const writer = createWriteQueue(
      { write: () => (++tries < 3 ? Promise.reject(lost()) : Promise.resolve()) },
      quick,
    );
    writer.record(change("1"));
    assert.equal(await writer.settle(), undefined);
    assert.equal(tries, 3);
  });

  test("a write that finally fails names everything that was not written, including later changes", async () => {
    let broken = true;
    const written: string[][] = [];
    const write = (changes: readonly StateChange[]): Promise<void> => {
      if (broken) return Promise.reject(new HasuraCallError("rejected", "no", { status: 400 }));
      written.push(changes.map(versionOf));
      return Promise.resolve();
    };
    const writer = createWriteQueue({ write }, quick);
    writer.record(change("1"));
    writer.record(change("2"));
    assert.deepEqual((await writer.settle())?.changes.map(versionOf), ["1", "2"]);
    assert.ok(writer.failedWrite());
    broken = false;
    writer.record(change("3"));
    assert.equal(await writer.settle(), undefined);
    assert.deepEqual(written, [["1", "2", "3"]]);
  });

  test("a refusal is not repeated", async () => {
    let tries = 0;
    const writer = createWriteQueue(
      {
        write: () => (
          tries++,
          Promise.reject(new HasuraCallError("rejected", "no", { status: 401 }))
        ),
      },
      quick,
    );
    writer.record(change("1"));
    assert.ok(await writer.settle());
    assert.equal(tries, 1);
  });

  test("a change that another tool wrote since the last read is put back", async () => {
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "1": false } } },
    });
    const store = await storeOn(hasura);
    hasura.cliState = {
      ...full,
      migrations: { default: { "1": false }, other: { "50": false } },
      note: 1,
    };
    await store.write([change("2")]);
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { default: { "1": false, "2": false }, other: { "50": false } },
      note: 1,
    });
    assert.equal(hasura.calls.filter((it) => it === "exchangeCatalogState").length, 2);
  });

  test("a change of ours that another tool dropped is written again", async () => {
    const hasura = scriptedHasura({ cliState: { ...full, migrations: { default: {} } } });
    const store = await storeOn(hasura);
    await store.write([change("1")]);
    hasura.cliState = { ...full, migrations: { default: {}, other: { "9": false } } };
    await store.write([change("2")]);
    assert.deepEqual(versionsOf(hasura), {
      default: { "1": false, "2": false },
      other: { "9": false },
    });
  });

  test("a write that took effect but lost its answer is not undone by repeating it", async () => {
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "1": false } } },
    });
    const store = await storeOn(hasura);
    const answers = [true];
    hasura.after = () => {
      if (answers.pop()) throw lost();
    };
    const writer = createWriteQueue(store, quick);
    writer.record(change("2"));
    assert.equal(await writer.settle(), undefined);
    assert.deepEqual(versionsOf(hasura), { default: { "1": false, "2": false } });
  });

  test("a tool that never stops writing makes the write fail as busy", async () => {
    const hasura = scriptedHasura({ cliState: full });
    const store = await storeOn(hasura);
    let n = 100;
    hasura.before = () => {
      hasura.cliState = { ...full, migrations: { other: { [String(n++)]: false } } };
    };
    await assert.rejects(store.write([change("1")]), { code: "catalog-contended" });
  });

  test("noted changes are written once a second, and always at the end", async () => {
    let now = 0;
    const writes: number[] = [];
    const write = (changes: readonly unknown[]): Promise<void> => {
      writes.push(changes.length);
      return Promise.resolve();
    };
    const writer = createWriteQueue({ write }, { ...quick, now: () => now });
    writer.note(change("1"));
    writer.note(change("2"));
    assert.deepEqual(writes, []);
    now = 1000;
    writer.note(change("3"));
    assert.deepEqual(writes, [3]);
    writer.note(change("4"));
    await writer.settle();
    assert.deepEqual(writes, [3, 1]);
  });
});
