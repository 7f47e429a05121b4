import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import { markVersions } from "../../../src/engine/operations/mark.ts";
import { showStatus } from "../../../src/engine/operations/status.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import type { DatabaseState } from "../../../src/engine/session.ts";
import type {
  AppliedMigration,
  RunRegistry,
  VersionMark,
} from "../../../src/engine/store/store.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { engineOf } from "../support/engine.ts";
import { fileOf, storeOf } from "../support/ready-steps.ts";
import { applied, databaseOf, requestOf, sessionOf } from "../support/sessions.ts";

const dirty: AppliedMigration = { state: "dirty" };

describe("marking versions", () => {
  interface Given {
    readonly recorded?: Record<string, AppliedMigration>;
    readonly others?: readonly DatabaseState[];
    readonly files?: readonly string[];
  }

  async function mark(versions: readonly string[], as: "applied" | "pending", given: Given = {}) {
    const { files = ["1", "2", "10"], recorded = {}, others = [] } = given;
    const calls: unknown[] = [];
    const store = storeOf({
      mark: (marks: readonly VersionMark[], to) => {
        calls.push(...marks.map(({ version, checksum }) => [version, checksum, to]));
        return Promise.resolve();
      },
      settle: () => {
        calls.push("settled");
        return Promise.resolve();
      },
    });
    const engine = engineOf();
    const session = sessionOf(databaseOf({ files, recorded, store }), ...others);
    await markVersions(requestOf("mark", { versions, as }), session, engine);
    return { calls, events: engine.events };
  }

  test("writes those that change, in order and once, with the checksums of their files", async () => {
    const { calls, events } = await mark(["10", "2", "2", "1"], "applied", {
      recorded: { ...applied("1"), "2": dirty },
    });
    assert.deepEqual(calls, [
      ["2", checksumOf("SELECT 2;"), "applied"],
      ["10", checksumOf("SELECT 10;"), "applied"],
      "settled",
    ]);
    const of = { database: "default", name: "x" };
    assert.deepEqual(events, [
      {
        type: "migration.skipped",
        ...of,
        version: "1",
        direction: "up",
        reason: "already applied",
      },
      { type: "migration.marked", ...of, version: "2", as: "applied" },
      { type: "migration.marked", ...of, version: "10", as: "applied" },
    ]);
  });

  test("as pending changes what is recorded in any state", async () => {
    const { calls, events } = await mark(["1", "2", "10", "99"], "pending", {
      recorded: { ...applied("1", "99"), "2": { state: "interrupted" } },
    });
    assert.deepEqual(calls, [
      ["1", undefined, "pending"],
      ["2", undefined, "pending"],
      ["99", undefined, "pending"],
      "settled",
    ]);
    assert.deepEqual(events[2], {
      type: "migration.skipped",
      database: "default",
      name: "x",
      version: "10",
      direction: "down",
      reason: "already pending",
    });
    assert.deepEqual(events[3], {
      type: "migration.marked",
      database: "default",
      name: "",
      version: "99",
      as: "pending",
    });
  });

  test("in doubt records every such version in order, even one without an up file", async () => {
    const marked: unknown[] = [];
    const store = storeOf({
      mark: (marks) => {
        marked.push(...marks.map(({ version, checksum }) => [version, checksum]));
        return Promise.resolve();
      },
    });
    const state: DatabaseState = {
      ...databaseOf({ files: ["2"], store }),
      recorded: new Map([
        ["10", dirty],
        ["2", dirty],
        ["1", { state: "applied" }],
      ]),
    };
    const down = { version: "10", name: "y", down: fileOf("10/down.sql", "SELECT 1;") };
    const session = sessionOf({ ...state, migrations: [...state.migrations, down] });
    const engine = engineOf();
    await markVersions(requestOf("mark", { inDoubt: true, as: "applied" }), session, engine);
    assert.deepEqual(marked, [
      ["2", checksumOf("SELECT 2;")],
      ["10", undefined],
    ]);
    const none = engineOf();
    await markVersions(
      requestOf("mark", { inDoubt: true, as: "applied" }),
      sessionOf(databaseOf({ recorded: applied("1") })),
      none,
    );
    assert.deepEqual(none.events, [
      {
        type: "log",
        level: "info",
        code: "nothing-in-doubt",
        message: "No version is in doubt.",
      },
    ]);
  });

  /** Marks version 2, whose files are these; what the store is given. */
  async function markWith(files: Partial<Migration>, keepsDownSql = true) {
    const marked: VersionMark[] = [];
    const store = storeOf({
      keepsDownSql,
      mark: (marks) => {
        marked.push(...marks);
        return Promise.resolve();
      },
    });
    const engine = engineOf();
    const migrations = [{ version: "2", name: "coupons", ...files }];
    const session = sessionOf({ ...databaseOf({ store }), migrations });
    await markVersions(requestOf("mark", { versions: ["2"], as: "applied" }), session, engine);
    return { marked, events: engine.events };
  }
  const up = fileOf("2_coupons/up.sql", "CREATE TABLE coupons ();");
  const down = fileOf("2_coupons/down.sql", "DROP TABLE coupons;");

  test("records name, checksum and down SQL, as a run of the files does", async () => {
    const recorded = {
      version: "2",
      name: "coupons",
      checksum: checksumOf("CREATE TABLE coupons ();"),
    };
    const { marked } = await markWith({ up, down });
    assert.deepEqual(marked, [{ ...recorded, downSql: "DROP TABLE coupons;" }]);
    const without = await markWith({ up, down }, false);
    assert.deepEqual(without.marked, [{ ...recorded, downSql: undefined }]);
  });

  test("records files that cannot be run, with a warning that the down SQL is not recorded", async () => {
    const body = () => Promise.reject(new Failure("usage", "not-utf8", "down.sql is not UTF-8."));
    const { marked, events } = await markWith({ up: { ...up, body }, down: { ...down, body } });
    assert.deepEqual(marked, [
      { version: "2", name: "coupons", checksum: await up.checksum(), downSql: undefined },
    ]);
    assert.deepEqual(events[0], {
      ...{ type: "log", level: "warning", code: "down-not-kept" },
      message: "The down SQL of 2_coupons is not recorded: down.sql is not UTF-8.",
    });
  });

  test("records nothing of a version whose files were not uploaded", async () => {
    const body = () => Promise.reject(new Failure("busy", "upload-outdated", "Not uploaded."));
    const checksum = async () => (await up.checksum()).slice(0, 32);
    await assert.rejects(
      markWith({ up: { ...up, body, checksum } }),
      (thrown) => thrown instanceof Failure && thrown.code === "upload-outdated",
    );
  });

  const refuses = (call: Promise<unknown>, code: string, message: RegExp) =>
    assert.rejects(call, (thrown) => {
      assert(thrown instanceof Failure, String(thrown));
      assert.deepEqual([thrown.kind, thrown.code], ["usage", code]);
      assert.match(thrown.message, message);
      return true;
    });

  test("refuses a version without a file and without a record", async () => {
    await refuses(
      mark(["1", "7"], "applied"),
      "unknown-version",
      /Version 7 .* as applied: default/,
    );
  });

  test("needs a database where several have files or records", async () => {
    const others = [databaseOf({ name: "b", recorded: applied("1") }), databaseOf({ name: "c" })];
    await refuses(mark(["1"], "applied", { others }), "database-needed", /\(default, b\)/);
    assert.equal((await mark(["1"], "applied", { others: others.slice(1) })).calls.length, 2);
    const none = { files: [], others: others.slice(1) };
    await refuses(mark(["1"], "applied", none), "database-needed", /\(default, c\)/);
    await refuses(mark(["1"], "applied", { files: [] }), "unknown-version", /default has neither/);
  });

  test("is refused without a database, and where migrations are disabled", async () => {
    const request = requestOf("mark", { versions: ["1", "2"], as: "applied" });
    await refuses(
      markVersions(request, sessionOf(), engineOf()),
      "unknown-version",
      /no version 1, 2/,
    );
    const disabled = { ...sessionOf(databaseOf({ files: ["1", "2"] })), disabled: true };
    await refuses(
      markVersions(request, disabled, engineOf()),
      "migration-mode-disabled",
      /disabled/,
    );
  });
});

describe("the status", () => {
  async function status(
    databases: readonly DatabaseState[],
    options: object = {},
    more: Partial<EngineContext> = {},
  ) {
    const engine = engineOf(more);
    const session = sessionOf(...databases);
    const result = await showStatus(requestOf("status", options), session, engine);
    const shown = engine.events.flatMap((event) =>
      event.type === "status" ? event.databases : [],
    );
    return { result, shown };
  }

  test("has a row for each version, in order, with what is known of it", async () => {
    const appliedAt = new Date(Date.UTC(2026, 10, 24));
    const recorded: Record<string, AppliedMigration> = {
      "1": { state: "applied", checksum: checksumOf("SELECT 1;"), appliedAt, run: "r1" },
      "2": { state: "applied", checksum: checksumOf("another") },
      "3": { state: "interrupted" },
      "9": { state: "applied" },
      "20": dirty,
    };
    const { shown, result } = await status([
      databaseOf({ files: ["1", "2", "3", "10"], recorded }),
    ]);
    const file = { name: "x", hasDown: true };
    assert.deepEqual(shown, [
      {
        database: "default",
        kind: "postgres",
        store: "ledger",
        migrations: [
          {
            version: "1",
            state: "applied",
            ...file,
            appliedAt: "2026-11-24T00:00:00.000Z",
            runId: "r1",
          },
          { version: "2", state: "changed", ...file },
          { version: "3", state: "interrupted", ...file },
          { version: "9", state: "unknown", name: "" },
          { version: "10", state: "pending", ...file, outOfOrder: true },
          { version: "20", state: "dirty", name: "" },
        ],
      },
    ]);
    assert.deepEqual(result, { applied: 0, notReached: 0 });
  });

  test("names who applied what, where the store knows the run", async () => {
    const asked: (readonly string[])[] = [];
    const runs: RunRegistry = {
      begin: () => assert.fail("it begins"),
      end: () => assert.fail("it ends"),
      history: () => assert.fail("it lists runs"),
      cancel: () => assert.fail("it cancels"),
      findOpen: () => assert.fail("it looks for a run"),
      others: () => [],
      actors: (ids) => {
        asked.push(ids);
        return Promise.resolve(new Map([["r1", { user: "ada", branch: "add-coupons" }]]));
      },
    };
    const recorded: Record<string, AppliedMigration> = {
      "1": { state: "applied", run: "r1" },
      "2": { state: "applied", run: "gone" },
      "3": { state: "applied", run: "r1" },
      "4": { state: "applied" },
    };
    const { shown } = await status([
      databaseOf({ recorded, store: storeOf({ runs }) }),
      databaseOf({ name: "b", recorded: applied("1"), store: storeOf({ runs }) }),
    ]);
    assert.deepEqual(asked, [["r1", "gone"]]);
    assert.deepEqual(
      shown[0]?.migrations.map(({ version, appliedBy, branch }) => [version, appliedBy, branch]),
      [
        ["1", "ada", "add-coupons"],
        ["2", undefined, undefined],
        ["3", "ada", "add-coupons"],
        ["4", undefined, undefined],
      ],
    );
  });

  test("marks as late what is pending below the highest version, whatever was recorded last", async () => {
    const metadata = { ...fileOf("1/up.yaml", "[]"), runnable: false };
    const state: DatabaseState = {
      ...databaseOf({ files: ["5"] }),
      recorded: new Map([
        ["10", { state: "applied" }],
        ["2", { state: "applied" }],
      ]),
    };
    const migrations = [
      { version: "1", name: "metadata", up: metadata },
      { version: "3", name: "down only", down: fileOf("3/down.sql", "SELECT 1;") },
      { version: "4", name: "up only", up: fileOf("4/up.sql", "SELECT 1;") },
      ...state.migrations,
      { version: "11", name: "new", up: fileOf("11/up.sql", "SELECT 1;") },
    ];
    const { shown } = await status([{ ...state, migrations }]);
    const rows = shown[0]?.migrations ?? [];
    assert.deepEqual(
      rows.filter(({ outOfOrder }) => outOfOrder).map(({ version }) => version),
      ["3", "4", "5"],
    );
    assert.deepEqual(
      rows.filter(({ hasDown }) => hasDown).map(({ version }) => version),
      ["3", "5"],
    );
  });

  test("leaves out a database without files and records, unless it was asked for", async () => {
    const databases = [
      databaseOf({ name: "a", files: ["1"] }),
      databaseOf({ name: "b", recorded: applied("1") }),
      databaseOf({ name: "c" }),
    ];
    const namesOf = async (options: object) =>
      (await status(databases, options)).shown.map(({ database }) => database);
    assert.deepEqual(await namesOf({}), ["a", "b"]);
    assert.deepEqual(await namesOf({ database: "c" }), ["a", "b", "c"]);
  });

  test("is shown even if a check of it fails, and the run fails", async () => {
    const failure = new Failure("differs", "changed-file", "It differs.");
    const seen: unknown[] = [];
    const verifyStatus = (databases: unknown): Promise<void> => {
      seen.push(databases);
      return Promise.reject(failure);
    };
    const { shown, result } = await status([databaseOf({ files: ["1"] })], {}, { verifyStatus });
    assert.deepEqual(seen, [shown]);
    assert.deepEqual(result.stop, { stop: "failed", failure });
  });
});
