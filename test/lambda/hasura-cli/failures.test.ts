import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import { isCommandOf } from "../../../src/protocol/hint.ts";
import type { Asked } from "../../support/scripted-hasura.ts";
import { freshDirectory } from "../../support/postgres.ts";
import { migrationsOf } from "../../engine/support/run.ts";
import type { Behaviour } from "../../support/official-cli/stand-in.ts";
import type { CatalogHasura } from "../support/catalog-hasura.ts";
import { cliScene, names, secret, summaryOf, warnings } from "../support/cli-world.ts";

const failureOf = (events: Awaited<ReturnType<Awaited<ReturnType<typeof cliScene>>["run"]>>) => {
  const last = events.at(-1);
  assert(last?.type === "run.failed", `the run ended with ${String(last?.type)}`);
  return last.failure;
};
const isSql = ({ body }: Asked): boolean => body?.type === "run_sql";

describe("failures", () => {
  test("a statement that the database refuses is a failed migration with the database's message and the position", async (t) => {
    const error = {
      exec_status: "FatalError",
      message: 'syntax error at or near "tabl"',
      status_code: "42601",
      description: null,
      hint: "look",
    };
    const body = {
      path: "$.args",
      error: "query execution failed",
      code: "postgres-error",
      internal: { statement: "x", error },
    };
    const files = {
      ...migrationsOf(names),
      "migrations/default/2_shops/up.sql": "-- shops\ncreate tabl shops ();\n",
    };
    const script = (asked: Asked) =>
      isSql(asked) && JSON.stringify(asked.body).includes("tabl")
        ? { status: 400, json: body }
        : undefined;
    const { run, hasura } = await cliScene(t, { files, hasura: { script } });
    const events = await run("apply");
    assert.deepEqual(summaryOf(events), [
      "migration.started 1",
      "migration.applied 1",
      "migration.started 2",
      "migration.failed 2",
      "run.failed migration/sql-failed",
    ]);
    const { sql } = failureOf(events);
    assert.deepEqual(
      [sql?.sqlstate, sql?.hint, sql?.file],
      ["42601", "look", "migrations/default/2_shops/up.sql"],
    );
    assert.deepEqual(sql?.place, { line: 2, column: 8, text: "create tabl shops ();" });
    assert.deepEqual(hasura.versions(), ["1"]);
  });

  test("no event contains the password of a file that failed", async (t) => {
    const message = `syntax error at or near "'Canary-77'"`;
    const body = {
      ...{ path: "$.args", error: "query execution failed", code: "postgres-error" },
      internal: {
        statement: "ALTER ROLE a PASSWORD ('Canary-77');",
        error: { message, status_code: "42601" },
      },
    };
    const files = {
      ...migrationsOf(names),
      "migrations/default/2_shops/up.sql": "ALTER ROLE a PASSWORD ('Canary-77');\n",
    };
    const script = (asked: Asked) =>
      isSql(asked) && JSON.stringify(asked.body).includes("Canary")
        ? { status: 400, json: body }
        : undefined;
    const { run } = await cliScene(t, { files, hasura: { script } });
    const events = await run("apply");
    assert.match(failureOf(events).message, /'\*{8}'/);
    assert.ok(!JSON.stringify(events).includes("Canary"));
  });

  const open: readonly [Behaviour, RegExp][] = [
    ["false-success", /reported success, but Hasura's migration state does not show it/],
    ["panics", /crashed \(exit code 2\)/],
    ["dies-before-recording", /crashed \(SIGKILL\)/],
    ["prints-garbage", /failed with "/],
    ["fails-silently", /failed without output/],
  ];
  for (const [behaviour, why] of open) {
    test(`a binary that ${behaviour.replaceAll("-", " ")} leaves open what became of the migration, and nothing more is run`, async (t) => {
      const { run, cli } = await cliScene(t, { behaviour });
      const events = await run("apply");
      assert.deepEqual(summaryOf(events), [
        "migration.started 1",
        "migration.unknown 1",
        "run.failed unreachable/outcome-unknown",
      ]);
      assert.match(failureOf(events).message, why);
      assert(
        failureOf(events).hints.some(
          (hint) => isCommandOf(hint, "mark") && JSON.stringify(hint).includes('"1","--applied"'),
        ),
      );
      assert.equal(cli.commands().length, 1);
    });
  }

  test("an answer that is lost, or comes from a gateway, leaves the outcome open, too", async (t) => {
    for (const lost of [
      "reset",
      { status: 504, text: "<html>504 Gateway Timeout</html>" },
    ] as const) {
      const { run } = await cliScene(t, {
        hasura: { script: (asked) => (isSql(asked) ? lost : undefined) },
      });
      assert.equal(summaryOf(await run("apply")).at(-1), "run.failed unreachable/outcome-unknown");
    }
  });

  test("a binary that dies after recording has applied: the record decides, and the run continues", async (t) => {
    const { run } = await cliScene(t, { behaviour: "dies-after-recording" });
    const events = await run("apply", { steps: 2 });
    assert.equal(summaryOf(events).at(-1), "run.finished 2");
    const notices = events.flatMap((event) =>
      event.type === "migration.applied" ? (event.notices ?? []) : [],
    );
    assert.match(notices.join(), /crashed \(SIGKILL\), but it is recorded/);
  });

  test("a binary that does not end is asked to stop when time is almost up, and killed if it ignores that", async (t) => {
    for (const [behaviour, waits] of [
      ["hangs", ["SIGTERM"]],
      ["ignores-sigterm", ["SIGTERM", "SIGKILL"]],
    ] as const) {
      const passed: string[] = [];
      const scene = await cliScene(t, {
        behaviour,
        more: {
          // The first of these would last 880 s, the second 5 s: they are over when the binary is in the middle of its work.
          sleep: async (ms, signal) => {
            if (ms > 870_000 && ms <= 880_000) {
              while (scene.cli.commands().length === 0)
                await delay(5, undefined, signal && { signal });
              passed.push("SIGTERM");
            } else if (ms === 5000 && scene.cli.commands().length > 0) {
              // A binary that listens has time enough.
              await delay(behaviour === "hangs" ? ms : 50, undefined, signal && { signal });
              passed.push("SIGKILL");
            } else await delay(ms, undefined, signal && { signal });
          },
        },
      });
      const events = await scene.run("apply");
      assert.deepEqual(summaryOf(events), [
        "migration.started 1",
        "migration.unknown 1",
        "run.failed unreachable/outcome-unknown",
      ]);
      assert.match(failureOf(events).message, /time was almost up/);
      assert.deepEqual(passed, waits);
    }
  });

  test("asked to stop, a run ends after the current migration", async (t) => {
    let stopNow: () => void = () => undefined;
    const { run } = await cliScene(t, {
      hasura: { script: (asked) => (isSql(asked) ? (stopNow(), undefined) : undefined) },
      more: {
        sleep: async (ms, signal) => {
          // The handler's own: the time until the run has to stop.
          if (ms === 870_000) await new Promise<void>((resolve) => (stopNow = resolve));
          else await delay(ms, undefined, signal && { signal });
        },
      },
    });
    const events = await run("apply");
    assert.deepEqual(summaryOf(events), [
      "migration.started 1",
      "migration.applied 1",
      "run.finished 1",
    ]);
    const last = events.at(-1);
    assert(last?.type === "run.finished" && last.cancelled === true && last.notReached === 2);
  });

  test("what another tool has applied in the meantime is skipped", async (t) => {
    // While the first one runs, somebody else applies the second.
    const script = (asked: Asked, hasura: Pick<CatalogHasura, "write">) => {
      if (isSql(asked)) hasura.write({ default: { "2": false } });
      return undefined;
    };
    const { run } = await cliScene(t, { hasura: { script } });
    assert.deepEqual(summaryOf(await run("apply")), [
      ...[
        "migration.started 1",
        "migration.applied 1",
        "migration.started 2",
        "migration.skipped 2",
      ],
      ...["migration.started 3", "migration.applied 3", "run.finished 2"],
    ]);
  });

  test("a record that another tool has dropped in the meantime is reported", async (t) => {
    const script = (asked: Asked, hasura: Pick<CatalogHasura, "write">) =>
      isSql(asked) ? (hasura.write({}), undefined) : undefined;
    const { run } = await cliScene(t, {
      hasura: { migrations: { default: { "1": false } }, script },
    });
    assert(warnings(await run("apply", { only: "2" })).includes("record-lost"));
  });

  test("a secret that was rotated is fetched again", async (t) => {
    const denied = {
      status: 401,
      json: { path: "$", error: 'invalid "x-hasura-admin-secret"', code: "access-denied" },
    };
    const right = { now: "old" };
    const script = ({ method, headers }: Asked) =>
      method === "POST" && headers["x-hasura-admin-secret"] !== right.now ? denied : undefined;
    const adminSecret = { get: async () => "old", renew: async () => right.now };
    const { run, cli } = await cliScene(t, { hasura: { script }, more: { adminSecret } });
    right.now = "new";
    assert.equal(summaryOf(await run("apply", { steps: 1 })).at(-1), "run.finished 1");
    assert.deepEqual(
      cli
        .calls()
        .slice(1)
        .map(({ env }) => env["HASURA_GRAPHQL_ADMIN_SECRET"]),
      ["old", "new"],
    );
  });

  test("no output contains the secret, even if the binary prints it", async (t) => {
    for (const operation of ["apply", "status"] as const) {
      const scene = await cliScene(t, {
        behaviour: "leaks-the-secret",
        env: { HASURA_MIGRATE_LOG_LEVEL: "debug" },
      });
      await scene.run(operation);
      assert.match(scene.text(), /the secret is \[admin secret\]/);
      assert(!scene.text().includes(secret.slice(0, 6)), scene.text());
    }
  });

  async function withBinary(t: TestContext, content: string | undefined, mode = 0o755) {
    const directory = await freshDirectory(t);
    if (content !== undefined) await writeFile(join(directory, "hasura"), content);
    if (content !== undefined) await chmod(join(directory, "hasura"), mode);
    const hasuraCli = {
      directories: [directory],
      environment: {},
      temporaryDirectory: await freshDirectory(t),
    };
    return cliScene(t, { more: { hasuraCli } });
  }

  test("no binary, one that is not executable, and one for another machine are the image's fault, reported before anything runs", async (t) => {
    for (const scene of [
      await withBinary(t, undefined),
      await withBinary(t, "#!/bin/sh\n", 0o644),
      await withBinary(t, "\u007fELF no program"),
    ]) {
      const failure = failureOf(await scene.run("apply"));
      assert.deepEqual([failure.kind, failure.code], ["usage", "engine-not-available"]);
      assert.match(JSON.stringify(failure.hints), /HASURA_MIGRATE_ENGINE=native/);
    }
  });

  test("a temporary directory that cannot be used is reported before anything runs", async (t) => {
    const scene = await cliScene(t);
    const context = {
      hasuraCli: {
        ...scene.context.hasuraCli,
        temporaryDirectory: join(scene.temporary, "nowhere"),
      },
    };
    assert.equal(
      failureOf(await (await cliScene(t, { more: context })).run("apply")).code,
      "no-temporary-space",
    );
  });
});
