import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { Request } from "../../../../src/protocol/request.ts";
import { query } from "../../../support/postgres.ts";
import { withLedger } from "../../support/ledger.ts";
import { asked, ledgerBench, versions, type LedgerBench } from "../../support/ledger-bench.ts";
import type { Ran } from "../../support/run.ts";

const table = (version: string, name: string): Record<string, string> => ({
  [`${version}_${name}/up`]: `CREATE TABLE ${name} (id int)`,
  [`${version}_${name}/down`]: `DROP TABLE ${name}`,
});
const main = table("1", "note");
const branch = { ...main, ...table("2", "coupon"), ...table("3", "code") };

const planned = (ran: Ran): string[] =>
  ran
    .of("plan")
    .flatMap(({ databases }) => databases)
    .flatMap(({ items }) => items)
    .map(({ direction, version, file }) => `${direction} ${version} ${file}`);

const tables = async (it: LedgerBench): Promise<string[]> =>
  (
    await query(
      it.url,
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
    )
  ).map(({ relname }) => String(relname));

/** A run of somebody on a branch. */
const fromBranch = (operation: string, options: object = {}): Request =>
  Request.parse({
    ...asked(operation, options),
    actor: { user: "ada", host: "laptop", gitBranch: "add-coupons", gitCommit: "1a2b3c4d5e" },
  });

/** A ledger of version 2, with which version 2 was applied. */
async function withVersion2(it: LedgerBench): Promise<void> {
  const schema = new URL("../../../fixtures/ledger-schema-2.sql", import.meta.url);
  await query(it.url, readFileSync(schema, "utf8"));
  await query(
    it.url,
    `SELECT hasura_migrate.begin_run('older', 'apply', '{"user":"ada","host":"laptop"}', 'r', NULL, '{}', 1000);
    SELECT hasura_migrate.enter('older', 2, 'coupon', 'sum', 'up', 0, false, 0, 'DROP TABLE coupon', false, false);
    CREATE TABLE coupon (id int);
    SELECT hasura_migrate.leave('older', 2);
    SELECT hasura_migrate.end_run('older', 'finished', 1, NULL, NULL);`,
  );
}

describe("a version without a file", () => {
  test("is rolled back with the down SQL stored in the ledger, most recent first", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const ran = await it.run(main, asked("down", { steps: 2 }));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(planned(ran), [
      "down 3 ledger:3_code/down.sql",
      "down 2 ledger:2_coupon/down.sql",
    ]);
    assert.deepEqual(await it.ledger(), ["1"]);
    assert.deepEqual(await it.catalog(), ["1"]);
    assert.deepEqual(await tables(it), ["note"]);
    const history = await it.run(main, asked("history", { limit: 1 }));
    assert.deepEqual(
      history.of("history")[0]?.runs[0]?.migrations.map(({ name, change }) => `${change} ${name}`),
      ["down code", "down coupon"],
    );
  });

  test("is rolled back even if it was only recorded as applied, while its files were there", async (t) => {
    const it = await ledgerBench(t);
    await it.run(main);
    await query(it.url, "CREATE TABLE coupon (id int); CREATE TABLE code (id int)");
    await it.run(branch, asked("mark", { pending: true, as: "applied" }));
    assert.deepEqual(
      await query(
        it.url,
        "SELECT name, length(checksum) AS sum FROM hasura_migrate.migration WHERE version > 1 ORDER BY version",
      ),
      [
        { name: "coupon", sum: 64 },
        { name: "code", sum: 64 },
      ],
    );
    const ran = await it.run(main, asked("reset-to"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(await tables(it), ["note"]);
  });

  test("can be chosen, and lies above a version", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const one = await it.run(main, asked("down", { only: "2" }));
    assert.deepEqual(planned(one), ["down 2 ledger:2_coupon/down.sql"]);
    const above = await it.run(main, asked("down", { to: "1" }));
    assert.deepEqual(planned(above), ["down 3 ledger:3_code/down.sql"]);
    assert.deepEqual(await tables(it), ["note"]);
  });

  test("is rolled back with the project's file where there is one, whatever the ledger keeps", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const other = { "3_code/down": "DROP TABLE code; CREATE TABLE by_file (id int)" };
    const ran = await it.run({ ...main, ...other }, asked("down"));
    assert.deepEqual(planned(ran), ["down 3 migrations/default/3_code/down.sql"]);
    assert.deepEqual(await tables(it), ["by_file", "coupon", "note"]);
  });

  test("with only its up file in the project, it is refused", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const ran = await it.run({ ...main, "3_code/up": "CREATE TABLE code (id int)" }, asked("down"));
    assert.equal(ran.failure?.code, "no-down-file");
    assert.match(ran.failure.message, /there is only .*3_code\/up\.sql\.$/);
  });

  test("has its directives and its marker, which apply as in a file", async (t) => {
    const it = await ledgerBench(t);
    const slow = {
      "2_slow/up": "CREATE TABLE slow (id int)",
      "2_slow/down": "-- hasura:no-transaction\nDROP TABLE slow;\nVACUUM;",
      "3_timed/up": "CREATE TABLE timed AS SELECT 1 AS id",
      "3_timed/down":
        "-- hasura-migrate: lock_timeout=1234ms\nSELECT 1 / (current_setting('lock_timeout') = '1234ms')::int; DROP TABLE timed;",
    };
    await it.run({ ...main, ...slow });
    const ran = await it.run(main, asked("down", { steps: 2 }));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    const items = ran.of("plan").flatMap(({ databases }) => databases[0]?.items ?? []);
    assert.deepEqual(
      items.map(({ transaction }) => transaction),
      [true, false],
    );
    assert.deepEqual(await tables(it), ["note"]);
  });

  test("whose down SQL fails remains applied, and the failure shows the position in it", async (t) => {
    const it = await ledgerBench(t);
    await it.run({
      ...main,
      "2_bad/up": "SELECT 1",
      "2_bad/down": "DROP TABLE note;\nSELECT wrong;",
    });
    const ran = await it.run(main, asked("down"));
    assert.equal(ran.failure?.code, "sql-failed");
    assert.equal(ran.failure.sql?.file, "ledger:2_bad/down.sql");
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    assert.deepEqual(await tables(it), ["note"]);
  });
});

describe("a version whose up file has changed since it was applied", () => {
  const changed = {
    ...main,
    "2_coupon/up": "CREATE TABLE voucher (id int)",
    "2_coupon/down": "DROP TABLE IF EXISTS voucher",
  };
  const two = { ...main, ...table("2", "coupon") };

  test("is rolled back by redo with the stored SQL, and applied with the new text", async (t) => {
    const it = await ledgerBench(t);
    await it.run(two);
    const ran = await it.run(changed, asked("redo"));
    assert.equal(ran.failure, undefined, ran.failure?.message);
    assert.deepEqual(planned(ran), [
      "down 2 ledger:2_coupon/down.sql",
      "up 2 migrations/default/2_coupon/up.sql",
    ]);
    assert.deepEqual(await tables(it), ["note", "voucher"]);
    const back = await it.run(changed, asked("down"));
    assert.deepEqual(planned(back), ["down 2 migrations/default/2_coupon/down.sql"]);
    assert.deepEqual(await tables(it), ["note"]);
  });

  test("is rolled back by down with the stored SQL, also if it has no down file any more", async (t) => {
    const it = await ledgerBench(t);
    const upOnly = { ...main, "2_coupon/up": changed["2_coupon/up"] };
    for (const now of [changed, upOnly]) {
      await it.run(two);
      const ran = await it.run(now, asked("down", { only: "2" }));
      assert.deepEqual(planned(ran), ["down 2 ledger:2_coupon/down.sql"]);
      assert.deepEqual(await tables(it), ["note"]);
    }
  });

  test("is rolled back with the project's file if no SQL that does anything is stored", async (t) => {
    const it = await ledgerBench(t);
    const byFile = { ...changed, "2_coupon/down": "DROP TABLE coupon" };
    await it.run(two, asked("apply"), withLedger({ keepsDownSql: false }));
    assert.deepEqual(planned(await it.run(byFile, asked("down"))), [
      "down 2 migrations/default/2_coupon/down.sql",
    ]);
    await it.run({ ...two, "2_coupon/down": "-- to do" });
    assert.deepEqual(planned(await it.run(byFile, asked("down"))), [
      "down 2 migrations/default/2_coupon/down.sql",
    ]);
    assert.deepEqual(await tables(it), ["note"]);
  });
});

describe("a version under which another migration is applied", () => {
  const mine = { ...main, ...table("2", "review") };
  const theirs = { ...main, ...table("2", "coupon") };
  const hints = ({ failure }: Ran): string[] =>
    (failure?.hints ?? []).map((hint) =>
      hint.kind === "text" ? hint.text : hint.kind === "command" ? hint.argv.join(" ") : hint.kind,
    );

  test.for([
    ["apply", {}],
    ["apply", { only: "2" }],
    ["apply", { to: "2" }],
    ["apply", { dryRun: true }],
    ["plan", {}],
    ["down", {}],
    ["redo", {}],
    ["reset-to", {}],
  ] as const)("stops %s %j, which names it and who applied it", async ([operation, options], t) => {
    const it = await ledgerBench(t);
    await it.run(theirs, fromBranch("apply"));
    const ran = await it.run(mine, asked(operation, options));
    assert.equal(ran.failure?.code, "other-migration");
    assert.equal(
      ran.failure.message,
      "2_coupon is applied in default, and migrations/default/2_review/up.sql is another migration with the same version.",
    );
    assert.deepEqual(hints(ran), [
      "2_coupon: ada applied it on the branch add-coupons at commit 1a2b3c4.",
      "If they are different migrations, give yours a newer version: rename its directory.",
      "If this is the same migration, renamed and changed, rename its directory to 2_coupon.",
      "hasura-migrate reset-to dev-3 --changed",
    ]);
    assert.deepEqual(
      [await it.ledger(), await tables(it)],
      [
        ["1", "2"],
        ["coupon", "note"],
      ],
    );
  });

  test("does not stop operations on other versions, or a reset-to that replaces or keeps it", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...theirs, ...table("3", "code") });
    const both = { ...mine, ...table("3", "code"), ...table("4", "tag") };
    const done = async (operation: string, options: object): Promise<string[]> => {
      const ran = await it.run(both, asked(operation, options));
      assert.equal(ran.failure, undefined, ran.failure?.message);
      return planned(ran).map((text) => text.split(" ").slice(0, 2).join(" "));
    };
    assert.deepEqual(await done("apply", { only: "4" }), ["up 4"]);
    assert.deepEqual(await done("apply", { to: "1" }), []);
    assert.deepEqual(await done("down", { only: "4" }), ["down 4"]);
    assert.deepEqual(await done("redo", { version: "3" }), ["down 3", "up 3"]);
    assert.deepEqual(await done("reset-to", { keep: true }), ["up 4"]);
    assert.deepEqual(await tables(it), ["code", "coupon", "note", "tag"]);
    assert.deepEqual(await done("reset-to", { changed: true }), ["down 2", "up 2"]);
    assert.deepEqual(await tables(it), ["code", "note", "review", "tag"]);
  });

  test("is shown by status, with who applied it", async (t) => {
    const it = await ledgerBench(t);
    await it.run(theirs, fromBranch("apply"));
    const ran = await it.run(mine, asked("status"));
    const row = ran.of("status")[0]?.databases[0]?.migrations[1];
    assert.deepEqual(
      [row?.name, row?.state, row?.appliedAs, row?.appliedBy, row?.branch],
      ["review", "changed", "coupon", "ada", "add-coupons"],
    );
  });

  test("is not one that was only renamed, or only changed, or recorded without a name", async (t) => {
    const it = await ledgerBench(t);
    await it.run(theirs);
    const renamed = {
      ...main,
      "2_voucher/up": theirs["2_coupon/up"] ?? "",
      "2_voucher/down": theirs["2_coupon/down"] ?? "",
    };
    const changed = { ...theirs, "2_coupon/up": "CREATE TABLE coupon (id bigint)" };
    for (const now of [renamed, changed])
      assert.equal((await it.run(now)).failure, undefined, Object.keys(now).join());
    await query(it.url, "UPDATE hasura_migrate.migration SET name = '' WHERE version = 2");
    assert.equal((await it.run(mine)).failure, undefined);
  });
});

describe("the plan of such a rollback", () => {
  test("is shown by a dry run with who applied it, and changes nothing", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch, fromBranch("apply"));
    const ran = await it.run(main, asked("down", { dryRun: true }));
    const item = ran.of("plan")[0]?.databases[0]?.items[0];
    assert.deepEqual(
      [item?.name, item?.file, item?.lines, item?.appliedBy],
      ["code", "ledger:3_code/down.sql", 1, "ada"],
    );
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
  });

  test("has the fingerprint that is confirmed, and a different one after the version was applied again with other SQL", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const shown = await it.run(main, asked("down", { dryRun: true }));
    const expectedPlan = shown.of("plan")[0]?.fingerprint;
    await it.run(branch, asked("down"));
    await it.run({ ...branch, "3_code/down": "DROP TABLE code CASCADE" });
    const refused = await it.run(main, asked("down", { expectedPlan }));
    assert.equal(refused.failure?.code, "plan-changed");
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
    const again = await it.run(main, asked("down", { dryRun: true }));
    const done = await it.run(
      main,
      asked("down", { expectedPlan: again.of("plan")[0]?.fingerprint }),
    );
    assert.deepEqual(versions(done), ["3"]);
  });

  test("is kept when the run pauses, and continued with what the ledger has then", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const down = asked("down", { steps: 2, sliceMs: 1 });
    let now = 0;
    const paused = await it.run(main, down, { now: () => (now += 10) });
    assert.deepEqual([paused.events.at(-1)?.type, versions(paused)], ["run.paused", ["3"]]);
    const rest = Request.parse({ ...down, part: 2, options: { steps: 1 } });
    const ended = await it.run(main, rest, withLedger({ requestId: "request-2", liveMs: 0 }));
    assert.deepEqual([ended.failure, versions(ended)], [undefined, ["2"]]);
    assert.deepEqual(await it.ledger(), ["1"]);
  });
});

describe("without a way back", () => {
  const refusal = async (it: LedgerBench): Promise<string> => {
    const ran = await it.run(main, asked("down"));
    assert.equal(ran.failure?.code, "no-down-file");
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    const hints = ran.failure.hints.map((hint) => ("text" in hint ? hint.text : ""));
    return [ran.failure.message, ...hints].join("\n");
  };
  const one = { ...main, ...table("2", "coupon") };

  test("a version is refused if no down SQL is stored, and the message shows who applied it", async (t) => {
    const it = await ledgerBench(t);
    await it.run(one, fromBranch("apply"), withLedger({ keepsDownSql: false }));
    const text = await refusal(it);
    assert.match(
      text,
      /^Version 2 in default has no down\.sql .*: there is no file for that version, and the ledger has no down SQL for it\.\n/,
    );
    assert.match(text, /ada applied it on the branch add-coupons at commit 1a2b3c4\.\n/);
  });

  test("down SQL of more than 64 kB is not kept, with a warning when it is applied or marked", async (t) => {
    const it = await ledgerBench(t);
    const long = `DROP TABLE coupon; -- ${"x".repeat(64 * 1024)}`;
    const applied = await it.run({ ...one, "2_coupon/down": long });
    const marked = await it.run(
      { ...one, "3_code/up": "SELECT 3", "3_code/down": long },
      asked("mark", { versions: ["3"], as: "applied" }),
    );
    assert.deepEqual(
      [applied, marked].map((ran) => ran.of("log").map(({ code, message }) => [code, message])),
      ["2_coupon", "3_code"].map((label) => [
        [
          "down-not-kept",
          `The down SQL of ${label} is not stored in the ledger, because it is longer than 64 kB: without its file, the migration cannot be rolled back.`,
        ],
      ]),
    );
    await it.run(one, asked("mark", { versions: ["3"], as: "pending" }));
    assert.match(await refusal(it), /the ledger has no down SQL for it/);
  });

  test("a version that was marked while the project had no down file for it has none", async (t) => {
    const it = await ledgerBench(t);
    await it.run(one);
    await it.run(one, asked("mark", { versions: ["2"], as: "pending" }));
    const upOnly = { ...main, "2_coupon/up": "CREATE TABLE coupon (id int)" };
    await it.run(upOnly, asked("mark", { versions: ["2"], as: "applied" }));
    assert.match(await refusal(it), /the ledger has no down SQL for it/);
  });

  test("comments alone do not roll anything back", async (t) => {
    const it = await ledgerBench(t);
    await it.run({ ...one, "2_coupon/down": "-- Could not auto-generate a down migration." });
    const ran = await it.run(main, asked("down"));
    assert.equal(ran.failure?.code, "empty-down-file");
    assert.match(ran.failure.message, /ledger:2_coupon\/down\.sql has no SQL statement/);
    assert.deepEqual(await it.ledger(), ["1", "2"]);
  });

  test("nothing is rolled back if one of several has none", async (t) => {
    const it = await ledgerBench(t);
    await it.run(one, asked("apply"), withLedger({ keepsDownSql: false }));
    await it.run(branch);
    const ran = await it.run(main, asked("down", { steps: 2 }));
    assert.equal(ran.failure?.code, "no-down-file");
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
  });
});

describe("status", () => {
  test("has the names of versions without a file, who applied them, and whether they can be rolled back", async (t) => {
    const it = await ledgerBench(t);
    const more = {
      ...branch,
      "4_blank/up": "SELECT 1",
      "4_blank/down": "-- nothing",
      "5_none/up": "SELECT 1",
    };
    await it.run(more, fromBranch("apply"));
    const ran = await it.run(main, asked("status"));
    const rows = ran.of("status").flatMap(({ databases }) => databases[0]?.migrations ?? []);
    assert.deepEqual(
      rows.map((row) => [
        row.version,
        row.name,
        row.state,
        row.appliedBy,
        row.branch,
        row.canRollBack,
      ]),
      [
        ["1", "note", "applied", "ada", "add-coupons", undefined],
        ["2", "coupon", "unknown", "ada", "add-coupons", true],
        ["3", "code", "unknown", "ada", "add-coupons", true],
        ["4", "blank", "unknown", "ada", "add-coupons", undefined],
        ["5", "none", "unknown", "ada", "add-coupons", undefined],
      ],
    );
  });

  test("of a ledger of version 2 has them too, and does not change it", async (t) => {
    const it = await ledgerBench(t);
    await withVersion2(it);
    const ran = await it.run(main, asked("status"));
    const rows = ran.of("status").flatMap(({ databases }) => databases[0]?.migrations ?? []);
    assert.deepEqual(
      rows.map((row) => [row.version, row.name, row.appliedBy, row.canRollBack]),
      [
        ["1", "note", undefined, undefined],
        ["2", "coupon", "ada", true],
      ],
    );
    const versionNow = await query(it.url, "SELECT schema_version FROM hasura_migrate.head");
    assert.deepEqual(versionNow, [{ schema_version: 2 }]);
  });
});

describe("redo of a version without a file", () => {
  test("is refused, because it can only be rolled back", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    for (const options of [{}, { version: "3" }]) {
      const ran = await it.run(main, asked("redo", options));
      assert.equal(ran.failure?.code, "no-up-file");
      assert.deepEqual(
        ran.failure.hints.map((hint) =>
          hint.kind === "command" ? hint.argv.join(" ") : hint.kind,
        ),
        ["text", "hasura-migrate down dev-3 --only 3"],
      );
    }
    assert.deepEqual(await it.ledger(), ["1", "2", "3"]);
  });
});

describe("down SQL that another role may have written", () => {
  const grants: readonly (readonly [string, string])[] = [
    ["INSERT on a table", "GRANT INSERT ON hasura_migrate.running TO ROLE"],
    ["UPDATE of a column", "GRANT UPDATE (down_sql) ON hasura_migrate.migration TO ROLE"],
    ["everything to everybody", "GRANT ALL ON hasura_migrate.migration TO PUBLIC"],
  ];
  test.for(grants)("is not run: %s", async ([, grant], t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    const role = `writer_${randomUUID().replaceAll("-", "")}`;
    await query(it.url, `CREATE ROLE ${role}; ${grant.replace("ROLE", role)}`);
    t.onTestFinished(async () => {
      await query(it.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    });
    const harmless = await it.run(main, asked("down"));
    assert.equal(harmless.failure, undefined, "it cannot reach the schema");
    const grantee = grant.endsWith("PUBLIC") ? "PUBLIC" : role;
    await query(it.url, `GRANT USAGE ON SCHEMA hasura_migrate TO ${grantee}`);
    const refused = await it.run(main, asked("down"));
    assert.equal(refused.failure?.code, "ledger-writable");
    assert.match(refused.failure.message, new RegExp(grantee));
    assert.deepEqual(await it.ledger(), ["1", "2"]);
    const withFile = await it.run(branch, asked("down"));
    assert.deepEqual(versions(withFile), ["2"], "a file of the project is not affected");
  });

  test("is run if other roles may only read", async (t) => {
    const it = await ledgerBench(t);
    await it.run(branch);
    await query(
      it.url,
      "GRANT USAGE ON SCHEMA hasura_migrate TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA hasura_migrate TO PUBLIC",
    );
    assert.deepEqual(versions(await it.run(main, asked("down"))), ["3"]);
  });
});

test("the down SQL of a ledger of version 2 rolls back", async (t) => {
  const it = await ledgerBench(t);
  await withVersion2(it);
  const ran = await it.run(main, asked("down"));
  assert.deepEqual([ran.failure, versions(ran)], [undefined, ["2"]]);
  assert.deepEqual(await tables(it), []);
});
