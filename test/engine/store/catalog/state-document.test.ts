import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  isDisabled,
  readCatalogState,
  versionsIn,
  withChanges,
  withCopied,
} from "../../../../src/engine/store/catalog/state-document.ts";
import type { StateChange } from "../../../../src/engine/store/catalog/version-store.ts";
import { Failure } from "../../../../src/protocol/failure.ts";

const applied = (version: string, database = "default"): StateChange => ({
  database,
  version,
  to: "applied",
});
const absent = (version: string, database = "default"): StateChange => ({
  database,
  version,
  to: "absent",
});
const after = (state: unknown, ...changes: StateChange[]): unknown =>
  withChanges(readCatalogState(state), changes, true).json;
const versions = (state: unknown): unknown =>
  Object.fromEntries(versionsIn(readCatalogState(state), "default"));
const defaults = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };

describe("state document", () => {
  test("an empty document and a missing one both mean a new server", () => {
    for (const state of [{}, null, undefined, { migrations: null, settings: null }])
      assert.deepEqual(versions(state), {});
    assert.deepEqual(after(null, applied("1")), {
      ...defaults,
      migrations: { default: { "1": false } },
    });
  });
  test("flags are read as Go reads them", () => {
    assert.deepEqual(
      versions({ migrations: { default: { "1": true, "2": null, "003": false } } }),
      {
        "1": { dirty: true },
        "2": { dirty: false },
        "3": { dirty: false },
      },
    );
  });
  test("names are matched in any case, and written in their own", () => {
    assert.deepEqual(versions({ Migrations: { default: { "1": false } } }), {
      "1": { dirty: false },
    });
    assert.deepEqual(after({ Settings: { a: "b" } }), {
      ...defaults,
      settings: { a: "b", migration_mode: "true" },
    });
  });
  test("unknown parts of the document are preserved", () => {
    const state = {
      ...defaults,
      settings: { migration_mode: "true", x: 5 },
      mine: [1],
      migrations: { other: { abc: "odd" }, default: {} },
    };
    assert.deepEqual(after(state, applied("7")), {
      ...state,
      migrations: { other: { abc: "odd" }, default: { "7": false } },
    });
  });
  test("applying clears a flag, and a padded key is the same version", () => {
    assert.deepEqual(
      after({ ...defaults, migrations: { default: { "01": true, "2": null } } }, applied("1")),
      {
        ...defaults,
        migrations: { default: { "01": false, "2": false } },
      },
    );
  });
  test("removing the last version keeps the database's entry", () => {
    assert.deepEqual(
      after({ ...defaults, migrations: { default: { "001": false } } }, absent("1")),
      {
        ...defaults,
        migrations: { default: {} },
      },
    );
  });
  test("copied versions do not overwrite existing entries", () => {
    const copied = withCopied(
      readCatalogState({ migrations: { default: { "1": true } } }),
      "default",
      new Map([
        ["1", { dirty: false }],
        ["2", { dirty: true }],
      ]),
    );
    assert.deepEqual(copied.json["migrations"], { default: { "1": true, "2": true } });
  });
  test("the copy counts as completed only when it covers every database", () => {
    assert.equal(withChanges(readCatalogState({}), [], false).json["isStateCopyCompleted"], false);
    assert.equal(
      withChanges(readCatalogState({ isStateCopyCompleted: true }), [], false).json[
        "isStateCopyCompleted"
      ],
      true,
    );
  });
  test("any migration_mode but true disables migrations", () => {
    const disabled = (mode: unknown): boolean =>
      isDisabled(readCatalogState({ settings: { migration_mode: mode } }));
    assert.deepEqual(["true", "", undefined, "false", "yes"].map(disabled), [
      false,
      false,
      false,
      true,
      true,
    ]);
  });
  for (const [name, state] of [
    ["a list", []],
    ["a text", "x"],
    ["migrations that are a list", { migrations: [] }],
    ["versions that are a list", { migrations: { default: [] } }],
    ["a key that is not a number", { migrations: { default: { abc: false } } }],
    ["a negative key", { migrations: { default: { "-1": false } } }],
    ["a flag that is a text", { migrations: { default: { "1": "true" } } }],
    ["a copy mark that is a text", { isStateCopyCompleted: "yes" }],
  ] as const) {
    test(`a document with ${name} is refused`, () => {
      assert.throws(
        () => versions(state),
        (error) => error instanceof Failure && error.code === "catalog-state-unreadable",
      );
    });
  }
});
