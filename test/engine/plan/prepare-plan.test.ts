import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { preparePlan, type PlanOptions } from "../../../src/engine/plan/prepare-plan.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import type { DatabaseState } from "../../../src/engine/session.ts";
import type {
  AppliedMigration,
  Database,
  MigrationStore,
} from "../../../src/engine/store/store.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { notSent } from "../support/call-errors.ts";
import { engineOf, warningsOf } from "../support/engine.ts";
import { fileOf, storeOf, unreadable } from "../support/ready-steps.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

const marker = "-- hasura:no-transaction\n";

interface Given {
  readonly name?: string;
  readonly kind?: Database["kind"];
  /** SQL of the up files by version. */
  readonly files?: Readonly<Record<string, string>>;
  readonly applied?: readonly string[];
  readonly appliedAt?: Date;
  /** That is recorded of the applied ones. */
  readonly checksum?: string;
  readonly migrationName?: string;
  readonly store?: MigrationStore;
}

function stateOf({
  name = "default",
  kind = "postgres",
  files = {},
  applied = [],
  appliedAt,
  checksum,
  migrationName = "x",
  store = storeOf(),
}: Given): DatabaseState {
  return {
    database: { name, kind },
    migrations: Object.entries(files).map(([version, sql]): Migration => ({
      version,
      name: migrationName,
      up: fileOf(`${name}/${version}/up.sql`, sql),
      down: fileOf(`${name}/${version}/down.sql`, "SELECT 1;\nSELECT 2;\n"),
    })),
    recorded: new Map(
      applied.map((version): [string, AppliedMigration] => [
        version,
        { state: "applied", ...(appliedAt && { appliedAt }), ...(checksum && { checksum }) },
      ]),
    ),
    store,
  };
}

interface Planning {
  readonly options?: Partial<PlanOptions>;
  readonly version?: string | Error;
}

async function prepare(given: readonly Given[], { options, version = "v2.48.0" }: Planning = {}) {
  const hasura = scriptedHasura({ version: typeof version === "string" ? version : "" });
  hasura.before = () => {
    if (version instanceof Error) throw version;
  };
  const engine = engineOf({ hasura });
  const plan = await preparePlan(
    given.map(stateOf),
    { selection: { operation: "apply" }, environment: "dev-3", ...options },
    engine,
  );
  return { ...plan, warnings: warningsOf(engine.events), calls: hasura.calls };
}

async function refusal(given: readonly Given[], planning: Planning = {}): Promise<Failure> {
  const failure = await prepare(given, planning).then(
    () => assert.fail("it was planned"),
    (thrown: unknown) => thrown,
  );
  assert(failure instanceof Failure, String(failure));
  return failure;
}

const one = { files: { "1": "SELECT 1;" } };

describe("preparing a plan", () => {
  test("lists every database in order, with what is applied and its files", async () => {
    const { databases, steps, warnings, calls } = await prepare([
      {
        name: "b",
        kind: "citus",
        files: { "1": "SELECT 1;", "3": "SELECT 1;\n\n" },
        applied: ["1"],
      },
      { name: "a", ...one },
      { name: "none" },
    ]);
    const item = { version: "1", name: "x", direction: "up", lines: 1, transaction: true };
    assert.deepEqual(databases, [
      {
        database: "b",
        kind: "citus",
        applied: 1,
        items: [{ ...item, version: "3", file: "b/3/up.sql", lines: 2 }],
        files: ["1", "3"],
      },
      {
        database: "a",
        kind: "postgres",
        applied: 0,
        items: [{ ...item, file: "a/1/up.sql" }],
        files: ["1"],
      },
      { database: "none", kind: "postgres", applied: 0, items: [], files: [] },
    ]);
    assert.deepEqual(
      steps.map(({ database, migration }) => `${database.name} ${migration.version}`),
      ["b 3", "a 1"],
    );
    assert.deepEqual([warnings, calls], [[], []]);
  });

  test("has the SQL only if requested, and marks what is out of order", async () => {
    const files = { "1": "SELECT 1;", "2": "SELECT 2;" };
    const itemOf = async (options: Partial<PlanOptions>) =>
      (await prepare([{ files, applied: ["2"] }], { options })).databases[0]?.items[0];
    const item = await itemOf({});
    assert.deepEqual([item?.outOfOrder, item && "sql" in item], [true, false]);
    assert.equal((await itemOf({ withSql: true }))?.sql, "SELECT 1;");
  });

  test("shows when a migration was applied if it is rolled back, but not on the way up", async () => {
    const appliedAt = new Date(Date.UTC(2026, 10, 24));
    const timesOf = async (operation: "down" | "redo", given: Given) => {
      const { databases } = await prepare([given], { options: { selection: { operation } } });
      return databases[0]?.items.map((item) => ("appliedAt" in item ? item.appliedAt : "none"));
    };
    const known = { ...one, applied: ["1"], appliedAt };
    assert.deepEqual(await timesOf("down", known), [appliedAt.toISOString()]);
    assert.deepEqual(await timesOf("redo", known), [appliedAt.toISOString(), "none"]);
    assert.deepEqual(await timesOf("down", { ...one, applied: ["1"] }), ["none"]);
  });

  test("reads a down file only if its text will be recorded", async () => {
    const planWith = (store: MigrationStore) => {
      const state = stateOf({ ...one, store });
      const migrations = state.migrations.map((migration) => ({
        ...migration,
        down: unreadable("1/down.sql"),
      }));
      const options: PlanOptions = { selection: { operation: "apply" }, environment: "dev-3" };
      return preparePlan([{ ...state, migrations }], options, engineOf());
    };
    assert.equal((await planWith(storeOf())).steps.length, 1);
    await assert.rejects(planWith(storeOf({ keepsDownSql: true })), /1\/down\.sql is gone/);
  });

  test("runs files outside a transaction that request it, or all, if the kind allows it", async () => {
    const transactions = async (given: Given, options: Partial<PlanOptions> = {}) => {
      const { steps } = await prepare([given], { options });
      assert(steps.every(({ noTransaction, item }) => item.transaction === !noTransaction));
      return steps.map(({ noTransaction }) => !noTransaction);
    };
    const files = { "1": `${marker}SELECT 1;`, "2": "SELECT 2;" };
    assert.deepEqual(await transactions({ files }), [false, true]);
    assert.deepEqual(await transactions({ files }, { noTransaction: true }), [false, false]);
    assert.deepEqual(await transactions({ files }, { noTransaction: false }), [false, true]);
    assert.deepEqual(await transactions({ files, kind: "mssql" }, { noTransaction: true }), [
      true,
      true,
    ]);
  });
});

describe("a plan for several databases", () => {
  const two = [
    { name: "a", ...one, applied: ["1"] },
    { name: "b", ...one, applied: ["1"] },
  ];
  const needsOne = async (operation: "apply" | "down" | "redo", more: object = {}) => {
    const failure = await refusal(two, { options: { selection: { operation, ...more } } });
    assert.deepEqual([failure.kind, failure.code], ["usage", "database-needed"]);
    assert.match(failure.message, /a, b/);
    assert.deepEqual(
      failure.hints.map((hint) => hint.kind === "retry" && hint.with),
      [
        ["--database", "a"],
        ["--database", "b"],
      ],
    );
  };

  test("needs one of them for a version, a target or a rollback", async () => {
    await needsOne("down");
    await needsOne("redo");
    await needsOne("apply", { to: "1" });
    await needsOne("apply", { only: "1" });
  });

  test("needs none for an apply, or if only one has migrations", async () => {
    await prepare(two, { options: { selection: { operation: "apply", steps: 1 } } });
    const single = [{ name: "a", ...one, applied: ["1"] }, { name: "b" }];
    const { steps } = await prepare(single, { options: { selection: { operation: "down" } } });
    assert.equal(steps.length, 1);
  });
});

describe("a warning before a run", () => {
  test("names the newest five applied versions without a file", async () => {
    const applied = ["1", "2", "3", "4", "5", "6", "7"];
    const missing = async (some: readonly string[]) =>
      (await prepare([{ files: { "9": "SELECT 1;" }, applied: some }])).warnings;
    const text = "missing-files: Applied in default, but without a migration file:";
    assert.deepEqual(await missing(applied), [`${text} 3, 4, 5, 6, 7 and 2 older.`]);
    assert.deepEqual(await missing(applied.slice(0, 5)), [`${text} 1, 2, 3, 4, 5.`]);
    assert.deepEqual(await missing(["1"]), [`${text} 1.`]);
  });

  test("is not given for a database without files", async () => {
    assert.deepEqual((await prepare([{ applied: ["1"] }])).warnings, []);
  });

  test("names a metadata migration, which is not run", async () => {
    const up = { ...fileOf("1_m/up.yaml", "[]"), runnable: false };
    const engine = engineOf();
    const state = { ...stateOf({}), migrations: [{ version: "1", name: "m", up }] };
    const options: PlanOptions = { selection: { operation: "apply" }, environment: "dev-3" };
    assert.deepEqual((await preparePlan([state], options, engine)).steps, []);
    assert.deepEqual(warningsOf(engine.events), [
      "metadata-migration: 1_m/up.yaml is a metadata migration and is ignored.",
    ]);
  });
});

describe("a file outside a transaction", () => {
  const outside = { files: { "1": "SELECT 1;", "2": `${marker}SELECT 2;` } };

  test("is refused by a server that ignores no_transaction, before anything runs", async () => {
    const failure = await refusal([outside], { version: "v2.45.2" });
    assert.deepEqual([failure.kind, failure.code], ["usage", "no-transaction-unsupported"]);
    assert.match(failure.message, /^default\/2\/up\.sql .*Hasura v2\.45\.2/);
    assert.match(JSON.stringify(failure.hints), /2\.45\.3 or newer/);
    assert.equal(failure.hints.length, 2);
  });

  test("is accepted by a newer server, or one whose version is not a number", async () => {
    for (const version of ["v2.45.3", "v3.0.0", "dev-build"]) {
      const { steps, calls } = await prepare([outside], { version });
      assert.deepEqual([steps.length, calls], [2, ["version"]]);
    }
  });

  test("is refused where the version cannot be read", async () => {
    const failure = await refusal([outside], { version: notSent() });
    assert.equal(failure.code, "hasura-unreachable");
    assert.match(failure.message, /reading its version/);
  });

  test("is refused with its line if Hasura would mistake quoted text for a comment", async () => {
    const quoted = "SELECT 1;\nSELECT 'a -- b';";
    const failure = await refusal([{ files: { "1": quoted, "2": `${marker}${quoted}` } }]);
    assert.deepEqual([failure.kind, failure.code], ["usage", "no-transaction-misread"]);
    assert.match(failure.message, /^default\/2\/up\.sql, line 3:/);
    assert.equal(failure.hints.length, 1);
    assert.equal((await prepare([{ files: { "1": quoted } }])).steps.length, 1);
  });
});

describe("an applied version whose file has changed", () => {
  const kept = (name: string) =>
    storeOf({
      kept: (versions) =>
        Promise.resolve(
          new Map(versions.map((version) => [version, { name, downSql: "DROP TABLE a;" }])),
        ),
    });
  const changed = (store: MigrationStore): Given => ({
    ...one,
    applied: ["1"],
    checksum: "another",
    store,
  });
  const redo: Planning = { options: { selection: { operation: "redo" } } };

  test("is rolled back with the stored SQL, and applied with the new text", async () => {
    const { databases } = await prepare([changed(kept("x"))], redo);
    assert.deepEqual(
      databases[0]?.items.map(({ direction, file }) => [direction, file]),
      [
        ["down", "ledger:1_x/down.sql"],
        ["up", "default/1/up.sql"],
      ],
    );
  });

  test("is rolled back with its file if no SQL is stored", async () => {
    const { databases } = await prepare([changed(storeOf())], redo);
    assert.equal(databases[0]?.items[0]?.file, "default/1/down.sql");
  });

  test("is refused if its name has changed, too", async () => {
    for (const planning of [{}, redo])
      assert.equal((await refusal([changed(kept("y"))], planning)).code, "other-migration");
  });

  test("is another migration only if its name is written with other letters", async () => {
    const same = { ...changed(kept("\u00e9")), migrationName: "e\u0301" };
    assert.equal((await prepare([same])).databases[0]?.items.length, 0);
  });
});
