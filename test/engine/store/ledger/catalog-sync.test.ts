import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import type { FailedWrite, WriteQueue } from "../../../../src/engine/store/catalog/write-queue.ts";
import { CatalogSync } from "../../../../src/engine/store/ledger/catalog-sync.ts";

/** A write queue that lists what it is given: `record` or `note`, then the changes. */
class ListingQueue implements WriteQueue {
  readonly written: string[][] = [];
  failure: FailedWrite | undefined;

  record(...changes: readonly StateChange[]): void {
    this.written.push(["record", ...changes.map(textOf)]);
  }

  note(...changes: readonly StateChange[]): void {
    this.written.push(["note", ...changes.map(textOf)]);
  }

  settle(): Promise<FailedWrite | undefined> {
    return Promise.resolve(this.failure);
  }

  failedWrite(): FailedWrite | undefined {
    return this.failure;
  }
}

function textOf(change: StateChange): string {
  const what =
    "version" in change ? `${change.version} ${change.to}` : `generation ${change.generation}`;
  return `${change.database}: ${what}`;
}

/** A sync of the database `audit` whose catalog holds generation 5. `stored`: the generation that the catalog answers later. */
function start(stored?: bigint) {
  const queue = new ListingQueue();
  const sync = new CatalogSync({
    database: "audit",
    writer: queue,
    versions: { generation: () => stored },
    synced: 5n,
  });
  return { queue, sync };
}

describe("catalog sync", () => {
  test("a confirmed step is noted together with its generation", () => {
    const { queue, sync } = start();
    sync.confirmed({ version: "1", direction: "up" }, 6n);
    sync.confirmed({ version: "2", direction: "down" }, 7n);
    assert.deepEqual(queue.written, [
      ["note", "audit: 1 applied", "audit: generation 6"],
      ["note", "audit: 2 absent", "audit: generation 7"],
    ]);
  });

  test("a step that did not happen is taken back without a generation", () => {
    const { queue, sync } = start();
    sync.undone({ version: "1", direction: "up" });
    sync.undone({ version: "2", direction: "down" });
    assert.deepEqual(queue.written, [
      ["record", "audit: 1 absent"],
      ["record", "audit: 2 applied"],
    ]);
  });

  test("if ledger and catalog agree, nothing is written", () => {
    const { queue, sync } = start();
    sync.found({ inDoubt: [], rolledBack: [] });
    sync.reconciled({ catalogChanges: [] }, 5n, 5n);
    assert.deepEqual(queue.written, []);
    assert.equal(sync.isSyncing, true);
  });

  test("a catalog with an older generation gets the newer one, even without changes", () => {
    const { queue, sync } = start();
    sync.reconciled({ catalogChanges: [] }, 6n, 5n);
    assert.deepEqual(queue.written, [["record", "audit: generation 6"]]);
  });

  test("a catalog without a generation gets it, unless the ledger is as new", () => {
    const older = start();
    older.sync.reconciled({ catalogChanges: [] }, 6n, undefined);
    assert.deepEqual(older.queue.written, [["record", "audit: generation 6"]]);
    const fresh = start();
    fresh.sync.reconciled({ catalogChanges: [] }, 0n, undefined);
    assert.deepEqual(fresh.queue.written, []);
  });

  test("changes that both reads found are written with the generation", () => {
    const { queue, sync } = start();
    const catalogChanges = [
      { version: "1", to: "applied" },
      { version: "2", to: "absent" },
    ] as const;
    sync.reconciled({ catalogChanges }, 5n, 5n);
    assert.deepEqual(queue.written, [
      ["record", "audit: 1 applied", "audit: 2 absent", "audit: generation 5"],
    ]);
  });

  test("while a version is in doubt no generation is written", () => {
    const { queue, sync } = start();
    sync.found({ inDoubt: ["7"], rolledBack: ["8"] });
    sync.reconciled({ catalogChanges: [] }, 6n, 9n);
    sync.reconciled({ catalogChanges: [{ version: "1", to: "applied" }] }, 6n, 9n);
    assert.equal(sync.isSyncing, false);
    sync.recorded({ removed: ["7"] }, 7n);
    sync.recorded({ applied: ["8"] }, 8n);
    assert.deepEqual(queue.written, [
      ["record", "audit: 1 applied"],
      ["record", "audit: 7 absent"],
      ["record", "audit: 8 applied", "audit: generation 8"],
    ]);
  });

  test("a squash and its parts are written together, with the generation that recorded both", () => {
    const { queue, sync } = start();
    sync.recorded({ applied: ["8"], removed: ["5", "6"] }, 8n);
    assert.deepEqual(queue.written, [
      ["record", "audit: 8 applied", "audit: 5 absent", "audit: 6 absent", "audit: generation 8"],
    ]);
  });

  for (const [name, stored, certain, synced] of [
    ["the generation that is certain", 9n, 8n, 8n],
    ["no more than the catalog holds", 6n, 8n, 6n],
    ["the generation that is certain where the catalog answers none", undefined, 8n, 8n],
  ] as const) {
    test(`after the writes the catalog counts as synced up to ${name}`, async () => {
      const { sync } = start(stored);
      assert.equal(await sync.settle(certain), "written");
      assert.equal(sync.synced, synced);
    });
  }

  test("a failed write is reported once and leaves the synced generation", async () => {
    const { queue, sync } = start(9n);
    queue.failure = { changes: [], cause: new Error("no answer") };
    assert.equal(await sync.settle(8n), "failed");
    assert.equal(await sync.settle(8n), "failed-again");
    assert.equal(sync.synced, 5n);
    queue.failure = undefined;
    assert.equal(await sync.settle(8n), "written");
    assert.equal(sync.synced, 8n);
  });
});
