import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { findChecksumDrift, refuseChecksumDrift } from "../../../src/engine/plan/checksum-drift.ts";
import type { DatabaseFacts } from "../../../src/engine/plan/indexed-database.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import type { AppliedMigration } from "../../../src/engine/store/store.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { engineOf, warningsOf } from "../support/engine.ts";
import { fileOf, unreadable } from "../support/ready-steps.ts";

const applied = (checksum?: string): AppliedMigration => ({
  state: "applied",
  ...(checksum !== undefined && { checksum }),
});
const migration = (version: string, up = fileOf(`${version}/up.sql`, version)): Migration => ({
  version,
  name: "x",
  up,
});
const facts = (
  migrations: readonly Migration[],
  recorded: Readonly<Record<string, AppliedMigration>>,
): DatabaseFacts => ({
  database: { name: "default", kind: "postgres" },
  migrations,
  recorded: new Map(Object.entries(recorded)),
});
/** 1 is unchanged, 2 and 4 have changed, 3 is pending. */
const drifted = facts(
  ["1", "2", "3", "4"].map((version) => migration(version)),
  {
    "1": applied(checksumOf("1")),
    "2": applied(checksumOf("another")),
    "4": applied(checksumOf("another")),
  },
);

describe("a file that changed after it was applied", () => {
  test("is found by its checksum", async () => {
    assert.deepEqual([...(await findChecksumDrift(drifted))], ["2", "4"]);
  });

  test("is found without reading it if its checksum is known and it cannot change", async () => {
    const sealed = (version: string, sealedChecksum: string): Migration => ({
      ...{ version, name: "x" },
      up: { ...unreadable(`${version}/up.sql`), sealedChecksum },
    });
    const both = facts([sealed("1", "a"), sealed("2", "b"), migration("4")], {
      "1": applied("a"),
      "2": applied("another"),
      "4": applied(checksumOf("another")),
    });
    assert.deepEqual([...(await findChecksumDrift(both))], ["2", "4"]);
  });

  test("is found in what is recorded now, whatever was recorded before", async () => {
    const { migrations } = drifted;
    const restored = new Map([["1", applied(checksumOf("another"))]]);
    assert.deepEqual([...(await findChecksumDrift(drifted))], ["2", "4"]);
    assert.deepEqual([...(await findChecksumDrift({ migrations, recorded: restored }))], ["1"]);
  });

  test("is not detected without a file or a checksum, and such a file is not read", async () => {
    const gone: Migration = { version: "1", name: "x", up: unreadable("1/up.sql") };
    const down: Migration = { version: "2", name: "x", down: fileOf("2/down.sql", "x") };
    const unknown = facts([gone, down], { "1": applied(), "2": applied("x"), "3": applied("x") });
    assert.deepEqual([...(await findChecksumDrift(unknown))], []);
  });

  test("is a warning", async () => {
    const engine = engineOf();
    const same = facts([migration("1")], { "1": applied(checksumOf("1")) });
    await refuseChecksumDrift([same, drifted], false, engine);
    assert.deepEqual(warningsOf(engine.events), [
      "changed-file: Files changed after they were applied in default: 2, 4.",
    ]);
  });

  test("is refused by a strict run", async () => {
    const engine = engineOf();
    await assert.rejects(refuseChecksumDrift([drifted], true, engine), (thrown) => {
      assert(thrown instanceof Failure);
      assert.deepEqual([thrown.kind, thrown.code], ["differs", "changed-file"]);
      assert.match(thrown.message, /2, 4/);
      assert.equal(thrown.hints.length, 1);
      return true;
    });
    assert.deepEqual(engine.events, []);
    await refuseChecksumDrift([facts([], {})], true, engine);
  });
});
