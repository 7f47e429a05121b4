import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { assertIncludes } from "../../support/partial.ts";
import { migrationsOf } from "../../engine/support/run.ts";
import { cliScene, names, secret, summaryOf, warnings } from "../support/cli-world.ts";

const up = (version: string, ...more: string[]) => [
  "migrate",
  "apply",
  "--version",
  version,
  "--type",
  "up",
  ...more,
  "--database-name",
  "default",
];
const down = (version: string, ...more: string[]) => [
  "migrate",
  "apply",
  "--version",
  version,
  "--type",
  "down",
  ...more,
  "--database-name",
  "default",
];

describe("Hasura CLI", () => {
  test("an apply runs the binary once for each pending migration, and reports its weaker guarantee", async (t) => {
    const { run, cli, hasura } = await cliScene(t, {
      hasura: { migrations: { default: { "1": false } } },
    });
    const events = await run("apply");
    assertIncludes(events[0], { type: "run.started", engine: "hasura-cli", store: "catalog" });
    assertIncludes(events[1], { type: "log", level: "warning", code: "hasura-cli-engine" });
    assert(events[1]?.type === "log");
    assert.match(events[1].message, /exactly-once is not guaranteed.*v2\.48\.0/);
    assert.deepEqual(summaryOf(events), [
      "migration.started 2",
      "migration.applied 2",
      "migration.started 3",
      "migration.applied 3",
      "run.finished 2",
    ]);
    assert.deepEqual(cli.commands(), [up("2"), up("3")]);
    assert.deepEqual(
      hasura.ran.map(({ sql }) => sql),
      ["SELECT '2_shops up';", "SELECT '3_orders up';"],
    );
    assert.deepEqual(hasura.versions(), ["1", "2", "3"]);
  });

  for (const [operation, options] of [
    ["down", {}],
    ["down", { dryRun: true }],
    ["redo", {}],
  ] as const)
    test(`${operation} ${JSON.stringify(options)} refuses a down file of comments, and the binary is not called`, async (t) => {
      const { run, cli, hasura } = await cliScene(t, {
        hasura: { migrations: { default: { "1": false } } },
        files: {
          "config.yaml": "version: 3\n",
          "migrations/default/1_users/up.sql": "create table users ();",
          "migrations/default/1_users/down.sql":
            "-- Could not auto-generate a down migration.\n-- create table users ();\n",
        },
      });
      const events = await run(operation, options);
      assert.equal(summaryOf(events).at(-1), "run.failed usage/empty-down-file");
      assert.deepEqual([cli.commands(), hasura.versions()], [[], ["1"]]);
    });

  test("the binary gets the secret in its environment alone, a home without telemetry, and only the file it is to run", async (t) => {
    const { run, cli, hasura, temporary } = await cliScene(t);
    await run("apply", { only: "2" });
    const [version, apply] = cli.calls();
    assert.deepEqual(
      [version?.argv, apply?.files],
      [
        ["version", "--skip-update-check"],
        ["config.yaml", "migrations/default/2_shops/up.sql"],
      ],
    );
    assert(apply && version);
    assert.deepEqual(
      apply.argv.slice(apply.argv.indexOf("--endpoint"), apply.argv.indexOf("--project")),
      ["--endpoint", hasura.url],
    );
    assert.deepEqual(apply.argv.slice(-3), [
      "--skip-update-check",
      "--disable-interactive",
      "--no-color",
    ]);
    assert(!JSON.stringify(cli.calls().map(({ argv }) => argv)).includes(secret));
    const { PWD, OLDPWD, SHLVL, _, ...own } = apply.env; // the shell's own
    assert.deepEqual(
      Object.keys(own).sort(),
      ["HASURA_GRAPHQL_ADMIN_SECRET", "HOME", "PATH"],
      `${PWD} ${OLDPWD} ${SHLVL} ${_}`,
    );
    assert.equal(own["HASURA_GRAPHQL_ADMIN_SECRET"], secret);
    assert.equal(version.env["HASURA_GRAPHQL_ADMIN_SECRET"], undefined);
    assert(own["HOME"]?.startsWith(temporary));
    assertIncludes(apply.home, { enable_telemetry: false, show_update_notification: false });
  });

  test("an endpoint or a secret in the project's own configuration does not reach the binary", async (t) => {
    const files = {
      ...migrationsOf(names),
      "config.yaml": "version: 3\nendpoint: http://elsewhere\nadmin_secret: other\n",
      ".env": 'HASURA_GRAPHQL_ADMIN_SECRETS=["x"]',
    };
    const { run, cli } = await cliScene(t, { files });
    assert.equal(summaryOf(await run("apply", { steps: 1 })).at(-1), "run.finished 1");
    assert.deepEqual(cli.calls().at(-1)?.files, [
      "config.yaml",
      "migrations/default/1_users/up.sql",
    ]);
  });

  test("steps, a target, one version, a roll-back and a redo run exactly what was planned", async (t) => {
    const { run, cli, hasura } = await cliScene(t);
    await run("apply", { steps: 1 });
    await run("apply", { to: "2" });
    await run("down", { to: "1" });
    await run("apply", { only: "3" });
    await run("redo");
    await run("down", { all: true });
    assert.deepEqual(cli.commands(), [
      up("1"),
      up("2"),
      down("2"),
      up("3"),
      down("3"),
      up("3"),
      down("3"),
      down("1"),
    ]);
    assert.deepEqual(hasura.versions(), []);
  });

  test("a plan and a dry run are made without the binary, and nothing is written", async (t) => {
    const { run, cli } = await cliScene(t);
    for (const events of [await run("plan"), await run("apply", { dryRun: true })]) {
      const plan = events.find((event) => event.type === "plan");
      assert.equal(plan?.databases[0]?.items.length, 3);
    }
    assert.deepEqual(cli.commands(), []);
  });

  test("each database is migrated by its name", async (t) => {
    const files = { ...migrationsOf(["1_a"], "default"), ...migrationsOf(["1_b"], "other") };
    const { run, cli, hasura } = await cliScene(t, {
      files,
      hasura: { databases: ["default", "other"] },
    });
    assert.equal(summaryOf(await run("apply")).at(-1), "run.finished 2");
    assert.deepEqual(
      cli.commands().map((argv) => argv.at(-1)),
      ["default", "other"],
    );
    assert.deepEqual([hasura.versions("default"), hasura.versions("other")], [["1"], ["1"]]);
  });

  test("a file outside a transaction is run outside one, whatever the version of the binary", async (t) => {
    const files = {
      "config.yaml": "version: 3\n",
      "migrations/default/1_a/up.sql":
        "-- hasura:no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\n",
    };
    const { run, cli, hasura } = await cliScene(t, { files });
    assert.equal(summaryOf(await run("apply")).at(-1), "run.finished 1");
    assert.deepEqual(cli.commands(), [up("1", "--no-transaction")]);
    // Before it, the function asks for the sizes of tables.
    assert.equal(hasura.ran.at(-1)?.no_transaction, true);
  });

  test("for a version in doubt, status and mark show what its file creates and whether that exists", async (t) => {
    const files = {
      "config.yaml": "version: 3\n",
      "migrations/default/1_users/up.sql": "CREATE TABLE users (); CREATE TABLE roles ();",
    };
    const rows = [
      ["i", "case"],
      ["0", "t"],
      ["1", "f"],
    ];
    const { run, hasura } = await cliScene(t, {
      files,
      hasura: {
        migrations: { default: { "1": true } },
        script: ({ body }) =>
          JSON.stringify(body ?? "").includes("to_regclass")
            ? { json: { result_type: "TuplesOk", result: rows } }
            : undefined,
      },
    });
    const evidence = [
      { object: "table users", exists: true },
      { object: "table roles", exists: false },
    ];
    const evidenceIn = (events: readonly RunEvent[]): unknown =>
      events.flatMap((event) =>
        event.type === "status" ? event.databases[0]?.migrations[0]?.evidence : [],
      );
    assert.deepEqual(evidenceIn(await run("status")), evidence);
    const asked = { inDoubt: true, as: "applied" };
    assert.deepEqual(evidenceIn(await run("mark", { ...asked, dryRun: true })), evidence);
    assert.deepEqual(summaryOf(await run("mark", asked)).at(-1), "run.finished 0");
    assert.deepEqual([hasura.versions(), hasura.ran], [["1"], []]);
  });

  test("mark changes the record by --skip-execution, even for a version without a file and for a dirty one", async (t) => {
    const { run, cli, hasura } = await cliScene(t, {
      hasura: { migrations: { default: { "2": true, "77": false } } },
    });
    await run("mark", { versions: ["1", "2"], as: "applied" });
    await run("mark", { versions: ["77"], as: "pending" });
    const skip = "--skip-execution";
    assert.deepEqual(cli.commands(), [
      up("1", skip),
      down("2", skip),
      up("2", skip),
      down("77", skip),
    ]);
    assert.deepEqual(hasura.versions(), ["1", "2"]);
    assert.deepEqual(hasura.ran, []);
  });

  test("the binary's status is compared, too, and a difference is reported", async (t) => {
    for (const [behaviour, expected] of [
      ["works", []],
      ["omits-status", ["status-differs"]],
    ] as const) {
      const { run, cli } = await cliScene(t, {
        behaviour,
        hasura: { migrations: { default: { "1": false } } },
      });
      const events = await run("status");
      const status = events.find((event) => event.type === "status");
      assert.deepEqual(
        status?.databases[0]?.migrations.map(({ state }) => state),
        ["applied", "pending", "pending"],
      );
      assert.deepEqual(warnings(events), ["hasura-cli-engine", ...expected]);
      assert.deepEqual(cli.commands(), [["migrate", "status", "--database-name", "default"]]);
      assert.equal(summaryOf(events).at(-1), "run.finished 0");
    }
  });

  test("each seed is one process that gets its text, and nothing is recorded", async (t) => {
    const files = {
      ...migrationsOf(names),
      "seeds/default/sub/1.sql": "insert into users values (1);",
      "seeds/default/2.sql": "-- nothing\n",
    };
    const { run, cli, hasura } = await cliScene(t, { files });
    const refused = await run("seed");
    assert.deepEqual(summaryOf(refused), ["run.failed usage/seeds-not-recorded"]);
    const events = await run("seed", { again: true });
    assert.equal(summaryOf(events).at(-1), "run.finished 2", JSON.stringify(events.at(-1)));
    assert.deepEqual(warnings(events), ["hasura-cli-engine", "seeds-not-recorded"]);
    assert.deepEqual(cli.commands(), [
      ["seed", "apply", "--file", "seed.sql", "--database-name", "default"],
    ]);
    assert.deepEqual(
      hasura.ran.map(({ sql }) => sql),
      ["insert into users values (1);"],
    );
    assert.deepEqual(cli.calls().at(-1)?.files, ["config.yaml", "seeds/default/seed.sql"]);
  });

  test("if the binary cannot report its status, the run fails: it could not apply either", async (t) => {
    const { run } = await cliScene(t, { behaviour: "panics" });
    assert.equal(summaryOf(await run("status")).at(-1), "run.failed unreachable/cli-crashed");
  });

  test("what the official CLI cannot do is a usage failure, and the client is not offered it", async (t) => {
    const { run, cli } = await cliScene(t);
    for (const operation of ["cancel", "history"] as const) {
      const events = await run(operation);
      assert.deepEqual(summaryOf(events), ["run.failed usage/not-with-hasura-cli"]);
      assert(events[0]?.type === "run.started" && !events[0].operations.includes(operation));
    }
    assert.equal(cli.calls().length, 0);
  });

  test("a ping starts the binary, so that one that cannot run is detected before a migration", async (t) => {
    const good = await cliScene(t);
    assert.equal(summaryOf(await good.run("ping")).at(-1), "run.finished 0");
    assert.equal(good.cli.calls().length, 1);
    const bad = await cliScene(t, { behaviour: "does-not-run" });
    const last = (await bad.run("ping")).at(-1);
    assert(last?.type === "run.failed");
    assert.equal(last.failure.code, "engine-not-available");
    assert.deepEqual(last.failure.causes, ["something is wrong with this binary"]);
  });
});
