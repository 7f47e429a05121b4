import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { adviseRestore } from "../../../src/engine/run/advise-restore.ts";
import type { MetadataChangeRecord, MetadataRecord } from "../../../src/engine/store/store.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { engineOf } from "../support/engine.ts";

/** A replacement at this minute. */
const replaced = (run: string, minute: number, isKept = true): MetadataChangeRecord => ({
  ...{ run, number: 1, at: `2026-11-24T12:0${String(minute)}:00Z` },
  replaced: { version: minute, checksum: "c", isKept },
});

/** The record in a ledger that has these changes, the newest first. */
const ledger = (...changes: MetadataChangeRecord[]): MetadataRecord =>
  recordOf(() => Promise.resolve(changes));
const unreadable = recordOf(() => Promise.reject(new Error("the database is gone")));

function recordOf(changes: MetadataRecord["changes"]): MetadataRecord {
  const unused = (): Promise<never> => Promise.reject(new Error("not used"));
  return {
    ...{ begin: unused, end: unused, forget: unused },
    ...{ openReplacements: unused, document: unused },
    changes,
  };
}

/** What is advised after these runs were rolled back. */
async function advice(runs: readonly string[], ...records: MetadataRecord[]): Promise<string[]> {
  const engine = engineOf();
  await adviseRestore(new Set(runs), () => Promise.resolve(records), "dev-3", engine);
  return engine.events.flatMap((event) => (event.type === "log" ? hintLines(event.hints) : []));
}

const restore = (run: string): string[] => [`hasura-migrate metadata restore dev-3 --run ${run}`];

describe("the advice to restore the metadata after a rollback", () => {
  test("names the oldest of the runs that were rolled back, whichever ledgers have recorded them", async () => {
    const one = ledger(replaced("b", 2));
    const other = ledger(replaced("c", 3), replaced("a", 1));
    assert.deepEqual(await advice(["a", "b", "c"], one, other), restore("a"));
    assert.deepEqual(await advice(["a", "b", "c"], other, one), restore("a"));
    assert.deepEqual(await advice(["b", "c"], other, one), restore("b"));
  });

  test("does not depend on a ledger that cannot be read", async () => {
    assert.deepEqual(await advice(["a"], unreadable, ledger(replaced("a", 1))), restore("a"));
    assert.deepEqual(await advice(["a"], unreadable), []);
  });

  test("is not given for other runs, or for metadata that is not kept", async () => {
    assert.deepEqual(await advice(["b"], ledger(replaced("a", 1))), []);
    assert.deepEqual(await advice(["a"], ledger(replaced("a", 1, false))), []);
  });
});
