import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { endsInvocation } from "../../../src/protocol/events.ts";
import { isCommandOf } from "../../../src/protocol/hint.ts";
import { migrationsOf, projectOnDisk, requestFor, run, type Ran } from "../support/run.ts";
import { scriptedHasura, type ScriptedHasura, type Script } from "../support/scripted-hasura.ts";

const full = { settings: { migration_mode: "true" }, isStateCopyCompleted: true };
const state = (...versions: string[]): unknown => ({
  ...full,
  migrations: { default: Object.fromEntries(versions.map((it) => [it, false])) },
});
const three = migrationsOf(["1_a", "2_b", "3_c"]);
const sqlError = (message: string, more: object = {}): HasuraCallError =>
  new HasuraCallError("rejected", "query execution failed", {
    status: 400,
    code: "postgres-error",
    path: "$.args",
    database: { message, sqlstate: "42601", execStatus: "FatalError", ...more },
  });
/** The suggested `mark` commands, without the program's name. */
const marks = (ran: Ran): string[][] =>
  (ran.failure?.hints ?? []).flatMap((hint) =>
    hint.kind === "command" && isCommandOf(hint, "mark") ? [hint.argv.slice(1)] : [],
  );
const versions = (ran: Ran): string[] => ran.of("migration.applied").map((it) => it.version);

async function apply(
  t: TestContext,
  hasura: ScriptedHasura,
  options: object = {},
  files = three,
  more = {},
): Promise<Ran> {
  const ran = await run(hasura, await projectOnDisk(t, files), requestFor("apply", options), more);
  assert.equal(ran.events.filter(endsInvocation).length, 1, "one closing event");
  assert.ok(endsInvocation(ran.events.at(-1) ?? { type: "" }), "and it is the last");
  return ran;
}
const server = (more: Script = {}): ScriptedHasura =>
  scriptedHasura({ cliState: state(), ...more });

/** Lets the answer to the SQL of one migration be lost, before or after it took effect. */
function failingAt(
  hasura: ScriptedHasura,
  text: string,
  error: HasuraCallError,
  when: "before" | "after" = "before",
): void {
  hasura[when] = (call, detail) => {
    if (call === "runSql" && JSON.stringify(detail).includes(text)) throw error;
  };
}

describe("run", () => {
  test("a failing migration: those before it stay applied, the rest is not reached", async (t) => {
    const hasura = server({
      failSql: { "SELECT '2_b up';": sqlError('syntax error at or near "b"') },
    });
    const ran = await apply(t, hasura);
    assert.deepEqual(versions(ran), ["1"]);
    assert.deepEqual(hasura.cliState, state("1"));
    const end = ran.events.at(-1);
    assert.ok(end?.type === "run.failed");
    assert.deepEqual(
      [end.applied, end.notReached, end.failure.kind, end.failure.code],
      [1, 1, "migration", "sql-failed"],
    );
    assert.deepEqual(end.failure.sql, {
      file: "migrations/default/2_b/up.sql",
      // The file has one statement, so no other can have failed.
      located: "statement",
      place: { line: 1, column: 1, text: "SELECT '2_b up';" },
      sqlstate: "42601",
      message: 'syntax error at or near "b"',
    });
    assert.equal(ran.of("migration.failed")[0]?.failure.code, "sql-failed");
    assert.equal(hasura.calls.filter((it) => it === "reloadMetadata").length, 1);
  });

  test("a failed migration shows its place, detail and hint where the database gave them", async (t) => {
    const files = {
      "config.yaml": "version: 3",
      "migrations/default/1_a/up.sql": "SELECT 1;\nSELCT 2;",
    };
    const ran = await apply(
      t,
      server({
        failSql: {
          "SELECT 1;\nSELCT 2;": sqlError('syntax error at or near "SELCT"', {
            detail: "d",
            hint: "h",
          }),
        },
      }),
      {},
      files,
    );
    const { place, detail, hint } = ran.failure?.sql ?? {};
    assert.deepEqual([place, detail, hint], [{ line: 2, column: 1, text: "SELCT 2;" }, "d", "h"]);
  });

  test("no event contains the password of a file that failed", async (t) => {
    const sql = "ALTER ROLE a PASSWORD ('Canary-77');";
    const files = { "config.yaml": "version: 3", "migrations/default/1_a/up.sql": sql };
    const failSql = { [sql]: sqlError(`syntax error at or near "'Canary-77'"`) };
    const ran = await apply(t, server({ failSql }), {}, files);
    assert.deepEqual(ran.failure?.sql?.place, {
      ...{ line: 1, column: 24, text: "ALTER ROLE a PASSWORD ('********');" },
    });
    assert.ok(!JSON.stringify(ran.events).includes("Canary"));
  });

  test("if Hasura hides the database's error, the failure reports that", async (t) => {
    const hidden = new HasuraCallError("rejected", "query execution failed", {
      status: 400,
      code: "postgres-error",
      path: "$.args",
    });
    const ran = await apply(t, server({ failSql: { "SELECT '1_a up';": hidden } }));
    assert.equal(ran.failure?.sql?.sqlstate, undefined);
    assert.match(JSON.stringify(ran.failure?.hints), /ADMIN_INTERNAL_ERRORS/);
  });

  for (const [name, error] of [
    ["the connection breaks", new HasuraCallError("unknown", "socket hang up")],
    [
      "a gateway answers with 504 and HTML",
      new HasuraCallError("unknown", "not JSON", { status: 504 }),
    ],
    [
      "Hasura lost its own connection",
      new HasuraCallError("rejected", "connection error", { status: 500, code: "postgres-error" }),
    ],
  ] as const) {
    test(`when ${name} in a migration its outcome is unknown, and never called applied or failed`, async (t) => {
      const hasura = server();
      failingAt(hasura, "2_b", error, "after");
      const ran = await apply(t, hasura);
      assert.deepEqual(versions(ran), ["1"]);
      assert.deepEqual(
        [ran.of("migration.unknown").map((it) => it.version), ran.of("migration.failed")],
        [["2"], []],
      );
      assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["unreachable", "outcome-unknown"]);
      assert.deepEqual(marks(ran), [["mark", "dev-3", "2", "--applied"]]);
      assert.deepEqual(hasura.cliState, state("1"));
      assert.ok(!hasura.calls.includes("reloadMetadata"));
    });
  }

  test("a request that never left is a failed migration, not an unknown one", async (t) => {
    const hasura = server();
    failingAt(hasura, "2_b", new HasuraCallError("not-sent", "ECONNREFUSED"));
    const ran = await apply(t, hasura);
    assert.deepEqual(
      [ran.failure?.kind, ran.failure?.code, ran.of("migration.unknown").length],
      ["unreachable", "hasura-unreachable", 0],
    );
  });

  test("applied is reported after the answer, and before the next migration starts", async (t) => {
    const hasura = server();
    const order: string[] = [];
    hasura.after = (call) => {
      if (call === "runSql") order.push("answered");
    };
    const emit = (event: { type: string }): void => {
      if (event.type.startsWith("migration.")) order.push(event.type);
    };
    await apply(t, hasura, {}, three, { emit });
    assert.deepEqual(
      order,
      Array(3).fill(["migration.started", "answered", "migration.applied"]).flat(),
    );
  });

  test("the next migration does not wait for the record of the one before, and the end waits for all", async (t) => {
    const hasura = server();
    let release: () => void = () => undefined;
    const held = new Promise<void>((done) => (release = done));
    hasura.before = async (call) => {
      if (call === "exchangeCatalogState") await held;
      if (call === "runSql" && hasura.sent.length === 2) release();
    };
    const ran = await apply(t, hasura);
    assert.deepEqual(versions(ran), ["1", "2", "3"]);
    assert.deepEqual(hasura.cliState, state("1", "2", "3"));
  });

  test("a record that cannot be written ends the run, names the versions and the command that repairs", async (t) => {
    const hasura = server();
    hasura.before = (call) => {
      if (call === "exchangeCatalogState")
        throw new HasuraCallError("unknown", "gateway", { status: 502 });
    };
    const ran = await apply(t, hasura);
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["unreachable", "not-recorded"]);
    assert.match(marks(ran)[0]?.join(" ") ?? "", /^mark dev-3 1( 2( 3)?)? --applied$/);
  });

  test("a record that cannot be written names what is missing in every database", async (t) => {
    const hasura = server({
      sources: [
        { name: "a", kind: "postgres" },
        { name: "b", kind: "postgres" },
      ],
    });
    let writes = 0;
    hasura.before = (call) => {
      if (call === "exchangeCatalogState" && ++writes > 1)
        throw new HasuraCallError("unknown", "gateway", { status: 502 });
    };
    const ran = await apply(
      t,
      hasura,
      {},
      { ...migrationsOf(["1_x"], "a"), ...migrationsOf(["2_y"], "b") },
    );
    assert.deepEqual(marks(ran), [["mark", "dev-3", "2", "--applied", "--database", "b"]]);
    assert.match(ran.failure?.message ?? "", /The SQL of 2 has run/);
  });

  test("at most four requests and two a migration, one of them waited for", async (t) => {
    const hasura = server();
    await apply(t, hasura);
    const count = (name: string): number => hasura.calls.filter((it) => it === name).length;
    assert.deepEqual(
      ["exportMetadata", "catalogState", "inconsistentObjects", "reloadMetadata", "runSql"].map(
        count,
      ),
      [1, 1, 1, 1, 3],
    );
    assert.ok(count("exchangeCatalogState") <= 3);
    assert.equal(count("version"), 0);
  });

  for (const [operation, options] of [
    ["status", {}],
    ["plan", {}],
    ["apply", { dryRun: true }],
    ["down", { dryRun: true }],
    ["ping", {}],
  ] as const) {
    test(`${operation}${"dryRun" in options ? " --dry-run" : ""} never writes, even on a fresh server`, async (t) => {
      const hasura = scriptedHasura({ table: { "1": false } });
      const ran = await run(hasura, await projectOnDisk(t, three), requestFor(operation, options));
      assert.equal(ran.failure, undefined);
      assert.deepEqual(
        [hasura.cliState, hasura.sent, hasura.calls.includes("exchangeCatalogState")],
        [{}, [], false],
      );
    });
  }

  test("a run that is asked to stop ends after the current migration", async (t) => {
    const stop = new AbortController();
    const hasura = server();
    hasura.before = (call, detail) => {
      if (call === "runSql" && JSON.stringify(detail).includes("2_b")) stop.abort();
    };
    const ran = await apply(t, hasura, {}, three, { stop: stop.signal });
    assert.deepEqual(versions(ran), ["1", "2"]);
    assert.deepEqual(
      ran.of("run.finished").map((it) => [it.applied, it.notReached, it.cancelled]),
      [[2, 1, true]],
    );
    assert.deepEqual(hasura.cliState, state("1", "2"));
  });

  test("no migration is started when the time is almost up", async (t) => {
    const ran = await apply(t, server(), {}, three, { remainingMs: () => 1000 });
    assert.deepEqual([versions(ran), ran.failure?.code], [[], "deadline"]);
  });

  test("a listener that fails does not fail the run", async (t) => {
    const hasura = server();
    await apply(t, hasura, {}, three, { emit: () => Promise.reject(new Error("gone")) });
    assert.deepEqual(hasura.cliState, state("1", "2", "3"));
  });

  test("a Hasura that is still starting is awaited, with a message", async (t) => {
    const hasura = server();
    let refusals = 3;
    hasura.before = () => {
      if (refusals-- > 0) throw new HasuraCallError("not-sent", "ECONNREFUSED");
    };
    const ran = await apply(t, hasura);
    assert.deepEqual(versions(ran), ["1", "2", "3"]);
    assert.ok(
      ran.of("waiting").every((it) => it.reason === "hasura") && ran.of("waiting").length > 0,
    );
  });

  test("a run gives up on a Hasura that has not come up after a minute", async (t) => {
    const hasura = server();
    hasura.before = () => Promise.reject(new HasuraCallError("not-sent", "ECONNREFUSED"));
    let clock = 0;
    const ran = await apply(t, hasura, {}, three, {
      now: () => clock,
      sleep: (ms: number) => ((clock += ms), Promise.resolve()),
    });
    assert.deepEqual([ran.failure?.kind, ran.failure?.code], ["unreachable", "hasura-unreachable"]);
    assert.ok(clock >= 60_000 && clock < 70_000);
  });

  for (const [name, error, kind, code] of [
    [
      "a wrong secret",
      new HasuraCallError("rejected", 'invalid "x-hasura-admin-secret"', {
        status: 401,
        code: "access-denied",
      }),
      "access",
      "wrong-secret",
    ],
    [
      "a wrong address",
      new HasuraCallError("unknown", "not JSON", { status: 404 }),
      "unreachable",
      "not-hasura",
    ],
    [
      "HTML with status 200",
      new HasuraCallError("unknown", "not JSON", { status: 200 }),
      "unreachable",
      "answer-lost",
    ],
  ] as const) {
    test(`${name} ends the run at once, as ${kind}`, async (t) => {
      const hasura = server();
      hasura.before = () => Promise.reject(error);
      const ran = await apply(t, hasura);
      assert.deepEqual(
        [ran.failure?.kind, ran.failure?.code, ran.of("waiting").length],
        [kind, code, 0],
      );
    });
  }
});
