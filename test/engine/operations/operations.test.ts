import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../src/engine/execute.ts";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { retryHint } from "../../../src/protocol/hint.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { migrationsOf, projectOnDisk, requestFor, run } from "../support/run.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

const full = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };
const flags = (versions: string[]): object => Object.fromEntries(versions.map((it) => [it, false]));
const state = (...versions: string[]): unknown => ({
  ...full,
  migrations: { default: flags(versions) },
});
const two = migrationsOf(["1_a", "2_b"]);
const both = { ...migrationsOf(["1_a"], "a"), ...migrationsOf(["2_b"], "b") };
const sources = [
  { name: "b", kind: "postgres" },
  { name: "a", kind: "citus" },
  { name: "empty", kind: "snowflake" },
];

describe("operations", () => {
  test("redo takes the last one down and up again", async (t) => {
    const hasura = scriptedHasura({ cliState: state("1", "2") });
    await run(hasura, await projectOnDisk(t, two), requestFor("redo"));
    assert.deepEqual(
      hasura.sent.map((it) => it.args.sql),
      ["SELECT '2_b down';", "SELECT '2_b up';"],
    );
    assert.deepEqual(hasura.cliState, state("1", "2"));
  });

  test("mark changes only the record, and skips versions already in that state", async (t) => {
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "1": false, "2": true } } },
    });
    const ran = await run(
      hasura,
      await projectOnDisk(t, two),
      requestFor("mark", { versions: ["2", "1"], as: "applied" }),
    );
    assert.deepEqual(
      [
        ran.of("migration.marked").map((it) => it.version),
        ran.of("migration.skipped").map((it) => it.version),
      ],
      [["2"], ["1"]],
    );
    assert.deepEqual([hasura.cliState, hasura.sent], [state("1", "2"), []]);
  });

  for (const [as, flag, left] of [
    ["pending", true, state("1")],
    ["applied", true, state("1", "2")],
  ] as const) {
    test(`mark as ${as} changes a dirty version`, async (t) => {
      const hasura = scriptedHasura({
        cliState: { ...full, migrations: { default: { "1": false, "2": flag } } },
      });
      const ran = await run(
        hasura,
        await projectOnDisk(t, two),
        requestFor("mark", { versions: ["2"], as }),
      );
      assert.deepEqual(
        [ran.of("migration.marked").map((event) => event.version), ran.of("migration.skipped")],
        [["2"], []],
      );
      assert.deepEqual(hasura.cliState, left);
    });
  }

  test("mark requires a database, even if one of them has only records", async (t) => {
    const hasura = scriptedHasura({
      sources,
      cliState: { ...full, migrations: { a: { "9": false } } },
    });
    const ran = await run(
      hasura,
      await projectOnDisk(t, migrationsOf(["2_b"], "b")),
      requestFor("mark", { versions: ["2"], as: "applied" }),
    );
    assert.equal(ran.failure?.code, "database-needed");
  });

  test("mark refuses an unknown version before it changes any", async (t) => {
    const hasura = scriptedHasura({ cliState: state() });
    const ran = await run(
      hasura,
      await projectOnDisk(t, two),
      requestFor("mark", { versions: ["1", "77"], as: "applied" }),
    );
    assert.deepEqual([ran.failure?.code, hasura.cliState], ["unknown-version", state()]);
  });

  test("status has a row for every file and every record", async (t) => {
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "1": false, "3": true, "9": false } } },
    });
    const ran = await run(
      hasura,
      await projectOnDisk(t, migrationsOf(["1_a", "2_b", "3_c"])),
      requestFor("status"),
    );
    assert.deepEqual(
      ran
        .of("status")[0]
        ?.databases[0]?.migrations.map((it) => `${it.version} ${it.name} ${it.state}`),
      ["1 a applied", "2 b pending", "3 c dirty", "9  unknown"],
    );
  });

  test("status and apply name what is out of order", async (t) => {
    const hasura = scriptedHasura({ cliState: state("2", "4") });
    const root = await projectOnDisk(t, migrationsOf(["1_a", "2_b", "3_c", "4_d", "5_e"]));
    const rows = (await run(hasura, root, requestFor("status"))).of("status")[0]?.databases[0];
    assert.deepEqual(
      rows?.migrations.flatMap(({ version, outOfOrder }) => (outOfOrder ? [version] : [])),
      ["1", "3"],
    );
    const warnings = async (options: object): Promise<string[]> =>
      (await run(hasura, root, requestFor("apply", options)))
        .of("log")
        .map(({ code, message }) => `${code}: ${message}`);
    assert.deepEqual(await warnings({ only: "5", dryRun: true }), []);
    assert.deepEqual(await warnings({}), [
      "out-of-order: Out of order, older than an applied version in default: 1_a, 3_c.",
    ]);
    assert.deepEqual(await warnings({}), []);
  });

  test("an empty up file is named by status, apply and plan", async (t) => {
    const root = await projectOnDisk(t, { ...two, "migrations/default/3_foo/up.sql": "" });
    for (const operation of ["status", "apply", "plan"]) {
      const ran = await run(scriptedHasura({ cliState: state() }), root, requestFor(operation));
      assert.deepEqual(
        ran.of("log").map(({ message }) => message),
        ["1 empty: 3_foo (no SQL in up.sql yet)."],
      );
    }
  });

  test("plan includes the SQL, but apply's plan does not", async (t) => {
    const root = await projectOnDisk(t, two);
    const itemsOf = async (operation: string): Promise<unknown> =>
      (await run(scriptedHasura({ cliState: state("2") }), root, requestFor(operation))).of(
        "plan",
      )[0]?.databases[0]?.items;
    const item = {
      version: "1",
      name: "a",
      direction: "up",
      file: "migrations/default/1_a/up.sql",
      lines: 1,
      transaction: true,
      outOfOrder: true,
    };
    assert.deepEqual(await itemsOf("plan"), [{ ...item, sql: "SELECT '1_a up';" }]);
    assert.deepEqual(await itemsOf("apply"), [item]);
  });

  for (const operation of ["cancel", "history"]) {
    test(`${operation} needs the ledger`, async (t) => {
      const ran = await run(scriptedHasura(), await projectOnDisk(t, two), requestFor(operation));
      assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["usage", "needs-ledger"]);
    });
  }

  test("several databases are migrated in the order of Hasura's metadata, each by its kind", async (t) => {
    const hasura = scriptedHasura({ sources, cliState: full });
    const ran = await run(hasura, await projectOnDisk(t, both), requestFor("apply"));
    assert.equal(ran.failure, undefined);
    assert.deepEqual(
      hasura.sent.map((it) => `${it.type} ${it.args.source ?? ""}`),
      ["run_sql b", "citus_run_sql a"],
    );
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { a: { "1": false }, b: { "2": false } },
    });
  });

  for (const [name, operation, options, code] of [
    ["migrations of a database that Hasura does not know", "apply", {}, "unknown-database"],
    ["a database that is not there", "status", { database: "nope" }, "unknown-database"],
  ] as const) {
    test(`${name}: nothing runs`, async (t) => {
      const hasura = scriptedHasura({ sources: [{ name: "a", kind: "postgres" }], cliState: full });
      const ran = await run(hasura, await projectOnDisk(t, both), requestFor(operation, options));
      assert.deepEqual([ran.failure?.kind, ran.failure?.code, hasura.sent], ["usage", code, []]);
    });
  }

  test("down with a target and a number of steps rolls back no more than those steps", async (t) => {
    const names = ["1_a", "2_b", "3_c", "4_d"];
    const hasura = scriptedHasura({ cliState: state("1", "2", "3", "4") });
    await run(
      hasura,
      await projectOnDisk(t, migrationsOf(names)),
      requestFor("down", { to: "1", steps: 2 }),
    );
    assert.deepEqual(
      hasura.sent.map((sent) => sent.args.sql),
      ["SELECT '4_d down';", "SELECT '3_c down';"],
    );
    assert.deepEqual(hasura.cliState, state("1", "2"));
  });

  test("migrations of a database that cannot be migrated are refused, and nothing runs", async (t) => {
    const hasura = scriptedHasura({ sources, cliState: full });
    const root = await projectOnDisk(t, { ...both, ...migrationsOf(["3_c"], "empty") });
    const ran = await run(hasura, root, requestFor("apply"));
    assert.deepEqual([ran.failure?.code, hasura.sent], ["unsupported-kind", []]);
  });

  test("a database that cannot be migrated is left out, unless it is the requested one", async (t) => {
    const root = await projectOnDisk(t, both);
    const all = await run(scriptedHasura({ sources, cliState: full }), root, requestFor("status"));
    assert.deepEqual(
      all.of("status")[0]?.databases.map((status) => status.database),
      ["b", "a"],
    );
    const one = await run(
      scriptedHasura({ sources, cliState: full }),
      root,
      requestFor("status", { database: "empty" }),
    );
    assert.equal(one.failure?.code, "unsupported-kind");
  });

  const version2 = { "config.yaml": "version: 2", "migrations/1_a/up.sql": "SELECT 1;" };
  for (const [what, files, connected, code] of [
    ["version 1", { ...version2, "config.yaml": "version: 1" }, ["default"], "config-too-old"],
    ["version 2 with several databases", version2, ["default", "other"], "config-too-old"],
    ["version 2 with a database of another name", version2, ["main"], "config-too-old"],
    ["version 2 without a database", version2, [], "no-source"],
    ["version 2 with the database default", version2, ["default"], undefined],
  ] as const) {
    test(`config ${what}: ${code ?? "is served"}`, async (t) => {
      const hasura = scriptedHasura({
        sources: connected.map((name) => ({ name, kind: "postgres" })),
        cliState: full,
      });
      const ran = await run(hasura, await projectOnDisk(t, files), requestFor("apply"));
      assert.equal(ran.failure?.code, code);
      assert.equal(hasura.sent.length, code === undefined ? 1 : 0);
    });
  }

  test("down requires a database if there are several", async (t) => {
    const ran = await run(
      scriptedHasura({ sources, cliState: full }),
      await projectOnDisk(t, both),
      requestFor("down"),
    );
    assert.deepEqual(
      [ran.failure?.code, ran.failure?.hints],
      [
        "database-needed",
        [retryHint({ with: ["--database", "b"] }), retryHint({ with: ["--database", "a"] })],
      ],
    );
  });

  for (const operation of ["down", "redo"])
    test(`${operation} asks which database, even where one of them only has records`, async (t) => {
      const ran = await run(
        scriptedHasura({
          sources,
          cliState: { ...full, migrations: { a: { "9": false }, b: { "2": false } } },
        }),
        await projectOnDisk(t, migrationsOf(["2_b"], "b")),
        requestFor(operation),
      );
      assert.equal(ran.failure?.code, "database-needed");
    });

  test("a problem in the second database is found before the first one is touched", async (t) => {
    const hasura = scriptedHasura({ sources, cliState: full });
    const ran = await run(
      hasura,
      await projectOnDisk(t, { ...both, "migrations/a/3_c/down.sql": "SELECT 1;" }),
      requestFor("apply"),
    );
    assert.deepEqual([ran.failure?.code, hasura.sent], ["no-up-file", []]);
  });

  test("a file without a statement is recorded and not sent", async (t) => {
    const hasura = scriptedHasura({ cliState: state() });
    const ran = await run(
      hasura,
      await projectOnDisk(t, {
        "config.yaml": "version: 3",
        "migrations/default/1_a/up.sql": "-- later\n",
      }),
      requestFor("apply"),
    );
    assert.deepEqual([hasura.sent, hasura.cliState], [[], state("1")]);
    assert.equal(ran.of("migration.applied")[0]?.notices?.length, 1);
  });

  const concurrent = {
    "config.yaml": "version: 3",
    "migrations/default/1_a/up.sql":
      "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY i ON t (c);",
  };
  for (const [version, refused] of [
    ["v2.44.0", true],
    ["v2.45.2", true],
    ["v2.45.3", false],
    ["v2.48.0-ce", false],
    ["v3.0.0", false],
    ["dev-abc123", false],
  ] as const) {
    test(`a file outside a transaction on Hasura ${version} is ${refused ? "refused before anything runs" : "sent as such"}`, async (t) => {
      const hasura = scriptedHasura({ version, cliState: state() });
      const ran = await run(hasura, await projectOnDisk(t, concurrent), requestFor("apply"));
      assert.equal(ran.failure?.code, refused ? "no-transaction-unsupported" : undefined);
      assert.deepEqual(
        hasura.sent.map((it) => it.args.no_transaction),
        refused ? [] : [true],
      );
    });
  }

  const brokenView = { type: "table", name: "orders", reason: "no such table" };
  const old = { type: "table", name: "old", reason: "gone" };
  for (const [name, options, deps, code] of [
    ["a warning", {}, {}, undefined],
    ["a failure where strict", { strict: true }, {}, "metadata-inconsistent"],
    ["a failure where protected", {}, { protected: true }, "metadata-inconsistent"],
  ] as [string, object, Partial<EngineContext>, string | undefined][]) {
    test(`metadata that a run broke is ${name}, and named apart from what was broken before`, async (t) => {
      const hasura = scriptedHasura({ cliState: state() });
      hasura.inconsistent = [old];
      hasura.before = (call) => {
        if (call === "reloadMetadata") hasura.inconsistent = [old, brokenView];
      };
      const ran = await run(
        hasura,
        await projectOnDisk(t, two),
        requestFor("apply", options),
        deps,
      );
      assert.deepEqual(ran.of("metadata.reloaded")[0]?.inconsistent, {
        broken: [brokenView],
        before: 1,
      });
      assert.deepEqual([ran.failure?.code, ran.failure?.kind], [code, code && "metadata"]);
      assert.equal(
        ran.of("log").filter((it) => it.code === "metadata-inconsistent").length,
        code ? 0 : 1,
      );
      assert.deepEqual(hasura.cliState, state("1", "2"));
    });
  }

  test("nothing is reloaded if nothing was applied, or with noReload", async (t) => {
    const root = await projectOnDisk(t, two);
    for (const [applied, options] of [
      [["1", "2"], {}],
      [[], { reload: false }],
    ] as const) {
      const hasura = scriptedHasura({ cliState: state(...applied) });
      await run(hasura, root, requestFor("apply", options));
      assert.ok(
        !hasura.calls.includes("reloadMetadata") && !hasura.calls.includes("inconsistentObjects"),
      );
    }
  });

  test("the old table is copied once, and the copy is marked as done once every database has taken part", async (t) => {
    const hasura = scriptedHasura({
      sources: [
        { name: "a", kind: "postgres" },
        { name: "b", kind: "postgres" },
      ],
      table: { "1": false },
    });
    const root = await projectOnDisk(t, both);
    await run(hasura, root, requestFor("apply", { database: "b" }));
    assert.deepEqual(hasura.cliState, {
      settings: full.settings,
      isStateCopyCompleted: false,
      migrations: { b: { "1": false, "2": false } },
    });
    hasura.table = undefined;
    await run(hasura, root, requestFor("apply"));
    assert.deepEqual(hasura.cliState, {
      ...full,
      migrations: { a: { "1": false }, b: { "1": false, "2": false } },
    });
  });

  test("a server before metadata v3 keeps its versions in the table, without a source", async (t) => {
    const hasura = scriptedHasura({ metadataVersion: 2, sources: [], table: { "1": false } });
    const ran = await run(
      hasura,
      await projectOnDisk(t, {
        "config.yaml": "version: 2",
        "migrations/1_a/up.sql": "SELECT 1;",
        "migrations/2_b/up.sql": "SELECT 2;",
      }),
      requestFor("apply"),
    );
    assert.equal(ran.failure, undefined);
    assert.deepEqual(hasura.sent, [
      { type: "run_sql", args: { sql: "SELECT 2;", check_metadata_consistency: false } },
    ]);
    assert.deepEqual(
      [...(hasura.table ?? [])],
      [
        ["1", false],
        ["2", false],
      ],
    );
  });

  test("a recorded version without a file is reported, but does not stop the run", async (t) => {
    const ran = await run(
      scriptedHasura({ cliState: state("1", "99") }),
      await projectOnDisk(t, two),
      requestFor("apply"),
    );
    assert.equal(ran.failure, undefined);
    assert.match(ran.of("log").find((it) => it.code === "missing-files")?.message ?? "", /99/);
  });

  test("a protected environment accepts an older version only on request", async (t) => {
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "2": false } } },
    });
    const root = await projectOnDisk(t, migrationsOf(["1_a", "2_b"]));
    const refused = await run(hasura, root, requestFor("apply"), { protected: true });
    assert.deepEqual(
      [refused.failure?.kind, refused.failure?.code, hasura.sent.length],
      ["usage", "out-of-order", 0],
    );
    const asked = await run(hasura, root, requestFor("apply", { outOfOrder: true }), {
      protected: true,
    });
    assert.deepEqual(
      asked.of("migration.applied").map((it) => it.version),
      ["1"],
    );
  });

  const refusal = (sql: string): Record<string, HasuraCallError> => ({
    [sql]: new HasuraCallError("rejected", "query execution failed", {
      ...{ status: 400, code: "postgres-error" },
      database: { sqlstate: "42704", message: 'type "numerc" does not exist' },
    }),
  });
  test("a redo that fails half-way names the migration and apply, never redo", async (t) => {
    const failSql = refusal("SELECT '2_b up';");
    const hasura = scriptedHasura({ cliState: state("1", "2"), failSql });
    const ran = await run(hasura, await projectOnDisk(t, two), requestFor("redo"));
    const commands = ["2_b has been rolled back and is pending.", "hasura-migrate dev-3"];
    assert.deepEqual(hintLines(ran.failure?.hints), commands);
    assert.deepEqual(hintLines(ran.of("migration.failed")[0]?.failure.hints), commands);
    assert.deepEqual(hasura.cliState, state("1"));
  });

  test("a redo whose rollback fails is repeated unchanged", async (t) => {
    const failSql = refusal("SELECT '2_b down';");
    const hasura = scriptedHasura({ cliState: state("1", "2"), failSql });
    const ran = await run(hasura, await projectOnDisk(t, two), requestFor("redo"));
    assert.deepEqual(hintLines(ran.failure?.hints), ["retry: fix the file, then run it again"]);
  });

  test("a redo that is stopped half-way is reported as such", async (t) => {
    const stop = new AbortController();
    const hasura = scriptedHasura({ cliState: state("1", "2") });
    const ran = await run(hasura, await projectOnDisk(t, two), requestFor("redo"), {
      stop: stop.signal,
      emit: (event) => {
        if (event.type === "migration.applied") stop.abort();
      },
    });
    assert.deepEqual(
      ran.of("log").flatMap(({ message, hints }) => [message, ...hintLines(hints)]),
      ["2_b has been rolled back and is pending.", "hasura-migrate dev-3"],
    );
  });

  for (const operation of ["apply", "down", "redo"])
    test(`${operation} does only what was shown`, async (t) => {
      const root = await projectOnDisk(t, two);
      const hasura = scriptedHasura({ cliState: state("1") });
      const shown = await run(hasura, root, requestFor(operation, { dryRun: true }));
      const plan = shown.of("plan")[0];
      assert.ok(plan?.fingerprint !== undefined && plan.dryRun === true);
      assert.deepEqual(hasura.sent, []);
      const asShown = { expectedPlan: plan.fingerprint };

      const other = scriptedHasura({ cliState: state("1", "2") });
      const refused = await run(other, root, requestFor(operation, asShown));
      assert.deepEqual(
        [refused.failure?.kind, refused.failure?.code, other.sent, refused.of("plan")],
        ["busy", "plan-changed", [], []],
      );
      assert.deepEqual(hintLines(refused.failure?.hints), [
        "retry: see the new plan and confirm it",
      ]);

      const edited = await projectOnDisk(t, {
        ...two,
        "migrations/default/1_a/down.sql": "SELECT 'other';",
        "migrations/default/2_b/up.sql": "SELECT 'other';",
      });
      const changed = await run(hasura, edited, requestFor(operation, asShown));
      assert.deepEqual([changed.failure?.code, hasura.sent], ["plan-changed", []]);

      const ran = await run(hasura, root, requestFor(operation, asShown));
      assert.equal(ran.failure, undefined);
      assert.notDeepEqual(hasura.sent, []);
    });

  test("mark --in-doubt shows what is in doubt, and records exactly that", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a", "2_b", "3_c"]));
    const doubtful = { ...full, migrations: { default: { "1": true, "2": false, "3": true } } };
    const hasura = scriptedHasura({ cliState: doubtful });
    const mark = { inDoubt: true, as: "applied" };
    const shown = (await run(hasura, root, requestFor("mark", { ...mark, dryRun: true }))).of(
      "status",
    )[0];
    assert.deepEqual(
      (shown?.databases ?? [])
        .flatMap(({ migrations }) => migrations)
        .map(({ version }) => version),
      ["1", "3"],
    );
    assert.deepEqual(hasura.cliState, doubtful);
    const { fingerprint: expectedPlan } = shown ?? {};
    const pending = { inDoubt: true, as: "pending", expectedPlan };
    assert.equal(
      (await run(hasura, root, requestFor("mark", pending))).failure?.code,
      "plan-changed",
    );
    const ran = await run(hasura, root, requestFor("mark", { ...mark, expectedPlan }));
    assert.deepEqual(
      ran.of("migration.marked").map(({ version }) => version),
      ["1", "3"],
    );
    assert.deepEqual(hasura.cliState, state("1", "2", "3"));
    const none = await run(hasura, root, requestFor("mark", mark));
    assert.deepEqual(
      none.of("log").map(({ code }) => code),
      ["nothing-in-doubt"],
    );
  });

  const unclear = [
    {},
    { versions: ["1"], inDoubt: true },
    { versions: ["1"], upTo: "1" },
    { inDoubt: true, pending: true },
    // What is pending cannot be marked as that.
    { pending: true },
    { upTo: "2" },
  ];
  for (const options of unclear)
    test(`mark needs one selection of versions, and something to change: ${JSON.stringify(options)}`, async (t) => {
      const hasura = scriptedHasura({ cliState: state("1") });
      const request = requestFor("mark", { ...options, as: "pending" });
      const ran = await run(hasura, await projectOnDisk(t, two), request);
      assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["usage", "usage"]);
      assert.deepEqual(hasura.cliState, state("1"));
    });

  test("unavailable evidence is omitted, and the run continues", async (t) => {
    const root = await projectOnDisk(t, {
      ...two,
      "migrations/default/1_a/up.sql": "CREATE TABLE a (id int);",
    });
    const hasura = scriptedHasura({
      cliState: { ...full, migrations: { default: { "1": true } } },
    });
    hasura.before = (call) => {
      if (call === "runSql") throw new HasuraCallError("rejected", "permission denied");
    };
    const ran = await run(hasura, root, requestFor("status"));
    assert.equal(ran.failure, undefined);
    assert.equal(ran.of("status")[0]?.databases[0]?.migrations[0]?.evidence, undefined);
  });
});
