import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { AppliedMigration } from "../../../src/engine/store/store.ts";
import type { Migration, MigrationFile } from "../../../src/engine/project/scan.ts";
import {
  recordedDownFile,
  selectSteps,
  type Selection,
} from "../../../src/engine/plan/select-steps.ts";
import {
  appliedWithoutFile,
  pendingMetadataMigrations,
  type DatabaseFacts,
} from "../../../src/engine/plan/indexed-database.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { compareVersions } from "../../../src/protocol/migration.ts";
import { hintLines } from "../../support/hint-lines.ts";

const file = (path: string): MigrationFile => ({
  path,
  runnable: true,
  body: () => Promise.reject(new Error("a plan reads no file")),
  checksum: () => Promise.reject(new Error("a plan reads no file")),
});

/** `"1 2u 3d"`: version 1 with both files, 2 with up alone, 3 with down alone; `"1 2!"`: 1 applied, 2 dirty. */
function known(files: string, store: string): DatabaseFacts {
  const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
  const migrations = words(files).map((word): Migration => {
    const version = word.replace(/[ud]$/, "");
    return {
      version,
      name: "x",
      ...(!word.endsWith("d") && { up: file(`${version}/up`) }),
      ...(!word.endsWith("u") && { down: file(`${version}/down`) }),
    };
  });
  const recorded = words(store).map((word): [string, AppliedMigration] => [
    word.replace(/[!?]$/, ""),
    { state: word.endsWith("!") ? "dirty" : word.endsWith("?") ? "interrupted" : "applied" },
  ]);
  return {
    database: { name: "default", kind: "postgres" },
    migrations,
    recorded: new Map(recorded),
  };
}

/** What a selection is refused with. */
function refusal(files: string, store: string, selection: Selection): Failure {
  try {
    selectSteps(known(files, store), selection, "dev-3");
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  return assert.fail("it was planned");
}

const planned = (files: string, store: string, selection: Selection): string =>
  selectSteps(known(files, store), selection, "dev-3")
    .map((it) => `${it.direction} ${it.migration.version}${it.outOfOrder ? " late" : ""}`)
    .join(", ");

const apply = (more: Partial<Selection> = {}): Selection => ({ operation: "apply", ...more });
const down = (more: Partial<Selection> = {}): Selection => ({ operation: "down", ...more });

const plans: [string, string, string, Selection, string][] = [
  ["apply takes what is pending", "1 2 3", "1", apply(), "up 2, up 3"],
  ["apply fills an older gap and says so", "1 2 3", "1 3", apply(), "up 2 late"],
  ["apply takes at most so many steps", "1 2 3", "", apply({ steps: 2 }), "up 1, up 2"],
  ["more steps than pending are fine", "1 2", "1", apply({ steps: 9 }), "up 2"],
  ["a target includes gaps and stops there", "1 2 3 4", "2", apply({ to: "3" }), "up 1 late, up 3"],
  [
    "a target below what is applied still fills gaps",
    "1 2 3",
    "3",
    apply({ to: "2" }),
    "up 1 late, up 2 late",
  ],
  ["one version alone", "1 2 3", "", apply({ only: "3" }), "up 3"],
  ["a dirty version that is not the highest counts as applied", "1 2 3", "1! 2", apply(), "up 3"],
  [
    "a dirty highest version does not stop a number of steps",
    "1 2 3",
    "1 2!",
    apply({ steps: 1 }),
    "up 3",
  ],
  [
    "a dirty highest version does not stop one version alone",
    "1 2 3",
    "1 2!",
    apply({ only: "3" }),
    "up 3",
  ],
  ["down takes the highest applied version", "1 2 3", "1 2", down(), "down 2"],
  [
    "down goes by version, not by number of files",
    "9 10",
    "9 10",
    down({ steps: 2 }),
    "down 10, down 9",
  ],
  ["down to a version leaves it applied", "1 2 3", "1 2 3", down({ to: "1" }), "down 3, down 2"],
  [
    "down to a version takes at most so many steps",
    "1 2 3 4",
    "1 2 3 4",
    down({ to: "1", steps: 2 }),
    "down 4, down 3",
  ],
  [
    "a dirty highest version does not stop redo",
    "1 2",
    "1 2!",
    { operation: "redo" },
    "down 2, up 2",
  ],
  ["down of all", "1 2", "1 2", down({ all: true }), "down 2, down 1"],
  ["down of one in the middle", "1 2 3", "1 2 3", down({ only: "2" }), "down 2"],
  [
    "down goes by version, in whatever order they are recorded",
    "1 2 3",
    "2 3 1",
    down({ all: true }),
    "down 3, down 2, down 1",
  ],
  ["down with nothing applied", "1", "", down(), ""],
  ["redo goes down and up again", "1 2", "1 2", { operation: "redo" }, "down 2, up 2"],
  ["redo with nothing applied", "1", "", { operation: "redo" }, ""],
];
describe("select steps", () => {
  for (const [name, files, store, selection, expected] of plans) {
    test(name, () => assert.equal(planned(files, store, selection), expected));
  }

  const newest = (version: string) => `The newest version is ${version} (x).`;
  const mark = (version: string, as: string) => `hasura-migrate mark dev-3 ${version} --${as}`;
  const status = "hasura-migrate status dev-3";
  const check = "Check whether the migration took effect, then record it.";
  const writeUp = "Write its up.sql, or remove the migration.";
  const writeDown = "Write its down.sql, or use the branch or image that it was applied from.";
  const doubtful = (version: string) => [
    check,
    status,
    mark(version, "applied"),
    mark(version, "pending"),
  ];
  const redo: Selection = { operation: "redo" };

  /** What is refused, and each suggestion that is made. */
  const refusals: [string, string, string, Selection, string, string[]][] = [
    ["an unknown target", "1 3 4", "", apply({ to: "2" }), "usage/unknown-version", [newest("4")]],
    [
      "an unknown version alone",
      "1",
      "",
      apply({ only: "7" }),
      "usage/unknown-version",
      [newest("1")],
    ],
    [
      "a version where there are no files",
      "",
      "",
      apply({ only: "7" }),
      "usage/unknown-version",
      [],
    ],
    ["an applied version alone", "1", "1", apply({ only: "1" }), "usage/already-applied", []],
    [
      "a version without up file, before the ones that have it",
      "1 2d",
      "",
      apply(),
      "usage/no-up-file",
      [writeUp],
    ],
    [
      "an older version where that is not wanted",
      "1 2",
      "2",
      apply({ outOfOrder: false }),
      "usage/out-of-order",
      ["Give the migration a newer version.", "retry --out-of-order: apply it out of order"],
    ],
    ["a dirty highest version", "1 2 3", "1 2!", apply(), "migration/dirty", doubtful("2")],
    [
      "a dirty highest version that is not the last record",
      "1 2 3",
      "3! 1",
      apply(),
      "migration/dirty",
      doubtful("3"),
    ],
    [
      "a dirty highest version going down to a target",
      "1 2",
      "1 2!",
      down({ to: "1" }),
      "migration/dirty",
      doubtful("2"),
    ],
    [
      "an interrupted version, wherever it is",
      "1 2",
      "1? 2",
      apply({ steps: 1 }),
      "migration/interrupted",
      doubtful("1"),
    ],
    [
      "down without a down file, before the ones that have it",
      "1u 2",
      "1 2",
      down({ steps: 2 }),
      "usage/no-down-file",
      [writeDown, mark("1", "pending")],
    ],
    [
      "down of a version that has no file here",
      "1",
      "1 99",
      down(),
      "usage/no-down-file",
      [writeDown, mark("99", "pending")],
    ],
    [
      "down to a version that is not applied",
      "1 2",
      "2",
      down({ to: "1" }),
      "usage/not-applied",
      [status],
    ],
    [
      "down of a version that is not applied",
      "1 2",
      "1",
      down({ only: "2" }),
      "usage/not-applied",
      [status],
    ],
    [
      "redo without a down file",
      "1u",
      "1",
      redo,
      "usage/no-down-file",
      [writeDown, mark("1", "pending")],
    ],
    ["redo without an up file", "1d", "1", redo, "usage/no-up-file", [writeUp]],
  ];
  for (const [name, files, store, selection, code, hints] of refusals) {
    test(`refuses ${name}`, () => {
      const failure = refusal(files, store, selection);
      assert.equal(`${failure.kind}/${failure.code}`, code);
      assert.deepEqual(hintLines(failure.hints), hints);
    });
  }

  test("a missing file is refused, and the existing one is named", () => {
    assert.match(refusal("1d", "", apply()).message, /there is only 1\/down\.$/);
    assert.match(refusal("1u", "1", down()).message, /there is only 1\/up\.$/);
    assert.match(refusal("", "1", down()).message, /there is no file for that version\.$/);
  });

  test("applied versions without a file are listed in numeric order", () => {
    assert.deepEqual(appliedWithoutFile(known("1", "1 100 20")), ["20", "100"]);
  });

  /** Applied in this order, whatever their versions. */
  const inOrder = (...versions: string[]): DatabaseFacts => ({
    ...known("1 2 3", ""),
    recorded: new Map(
      versions
        .map((v, i): [string, AppliedMigration] => [v, { state: "applied", order: BigInt(i) }])
        .sort(([a], [b]) => compareVersions(a, b)),
    ),
  });
  const stepsOf = (facts: DatabaseFacts, selection: Selection): string[] =>
    selectSteps(facts, selection, "dev-3").map((s) => `${s.direction} ${s.migration.version}`);

  test("the last one is the one that was applied last, if the order is known", () => {
    const facts = inOrder("2", "3", "1");
    assert.deepEqual(stepsOf(facts, down()), ["down 1"]);
    assert.deepEqual(stepsOf(facts, down({ steps: 2 })), ["down 1", "down 3"]);
    assert.deepEqual(stepsOf(facts, down({ all: true })), ["down 1", "down 3", "down 2"]);
    assert.deepEqual(stepsOf(facts, down({ to: "1" })), ["down 3", "down 2"]);
    assert.deepEqual(stepsOf(facts, { operation: "redo" }), ["down 1", "up 1"]);
  });

  test("redo takes a version, and only applies one that is pending", () => {
    const redo = (only: string): Selection => ({ operation: "redo", only });
    assert.deepEqual(stepsOf(inOrder("1", "2"), redo("1")), ["down 1", "up 1"]);
    assert.deepEqual(stepsOf(inOrder("1"), redo("2")), ["up 2"]);
    assert.throws(() => stepsOf(inOrder("1"), redo("9")), { code: "unknown-version" });
  });

  test("redo after one that failed half-way applies what is rolled back, and rolls back nothing else", () => {
    assert.deepEqual(stepsOf({ ...inOrder("1", "2"), halfRedone: "3" }, redo), ["up 3"]);
    assert.deepEqual(stepsOf({ ...inOrder("3", "1"), halfRedone: "3" }, redo), ["down 1", "up 1"]);
    assert.deepEqual(stepsOf({ ...inOrder("1", "2"), halfRedone: "9" }, redo), ["down 2", "up 2"]);
  });

  test("only what a redo has rolled back is applied as such", () => {
    const redoneOf = (selection: Selection, store = "") =>
      selectSteps(known("1", store), selection, "dev-3").map(({ redone }) => redone === true);
    assert.deepEqual(redoneOf(apply({ only: "1" })), [false]);
    assert.deepEqual(redoneOf(apply({ only: "1", redone: true })), [true]);
    assert.deepEqual(redoneOf(redo, "1"), [false, true]);
  });

  test("a ledger keeps the down file only of an applied migration, if it can be run", () => {
    const keptOf = (facts: DatabaseFacts, selection: Selection) =>
      selectSteps(facts, selection, "dev-3").map((step) => recordedDownFile(step)?.path);
    assert.deepEqual(keptOf(known("1 2u", ""), apply()), ["1/down", undefined]);
    assert.deepEqual(keptOf(known("1", "1"), down()), [undefined]);
    const metadata = { ...file("1/down"), runnable: false };
    const mixed = {
      ...known("1u", ""),
      migrations: [{ version: "1", name: "x", up: file("1/up"), down: metadata }],
    };
    assert.deepEqual(keptOf(mixed, apply()), [undefined]);
  });

  test("a migration without an up file is not a metadata migration", () => {
    assert.deepEqual(pendingMetadataMigrations(known("1 2d", "")), []);
  });
});
