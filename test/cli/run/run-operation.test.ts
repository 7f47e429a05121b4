import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { textWidth } from "../../../src/cli/output/terminal/width.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import {
  applied,
  constraint,
  failedMigration,
  failedRun,
  finished,
  item,
  migrationStarted,
  plan,
  started,
  status,
} from "../../support/run-events.ts";
import { testContext } from "../../support/test-context.ts";
import { keys } from "../../support/aws-keys.ts";

const [first, second] = [
  ["1700000000100", "add_order_notes"],
  ["1700000000200", "drop_legacy_flag"],
] as const;
const goodRun = [
  started(),
  plan([item(...first), item(...second)]),
  migrationStarted(...first),
  applied(...first),
  migrationStarted(...second),
  applied(...second),
  finished(2),
];

describe("run operation", () => {
  test("without a terminal, every step is a separate line with its time, and results go to stdout", async (t) => {
    const lambda = await lambdaStandIn(t, [streams(goodRun)]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      `12:04:11 dev-3 default 1700000000100 add_order_notes applied 41ms
12:04:11 dev-3 default 1700000000200 drop_legacy_flag applied 41ms
12:04:11 dev-3 2 applied in 1.2 s
`,
    );
    assert.equal(
      context.err.text,
      `12:04:11 dev-3 Using the credentials from AWS_ACCESS_KEY_ID.
dev-3 · eu-west-1 · 1111…3333 · via ${new URL(lambda.url).host} (from AWS_ENDPOINT_URL_LAMBDA) · Hasura v2.45.1 · image 4c6ea1a, 2 days old
12:04:11 dev-3 2 pending in default (postgres), 214 applied
12:04:11 dev-3 default 1700000000100 add_order_notes started
12:04:11 dev-3 default 1700000000200 drop_legacy_flag started
`,
    );
  });

  test("the request carries a version 7 runId, the environment, the actor, and only the options that were given", async (t) => {
    const lambda = await lambdaStandIn(t, [streams(goodRun)]);
    const env = {
      ...keys,
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
      CIRCLE_BUILD_URL: "https://ci.example/812",
    };
    const context = testContext(t, {
      argv: ["dev-3", "--steps", "2", "--no-reload"],
      env,
      git: "9f02d1e\nfeat/orders",
    });
    assert.equal(await main(context), 0);
    const [call] = lambda.calls;
    assert.ok(call);
    assert.equal(call.kind, "stream");
    assert.equal(call.function, "hasura-migrate-dev-3");
    const { runId, ...request } = JSON.parse(call.body) as { runId: string };
    assert.match(runId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual(request, {
      contract: 1,
      environment: "dev-3",
      actor: {
        user: "alice",
        host: "laptop",
        gitCommit: "9f02d1e",
        gitBranch: "feat/orders",
        ciJob: "https://ci.example/812",
      },
      operation: "apply",
      options: { steps: 2, reload: false, waitSeconds: 600 },
    });
  });

  test("read-only commands do not run git to identify the caller", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([started(), { type: "run.finished", applied: 0, notReached: 0, tookMs: 1 }]),
    ]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["plan", "dev-3"], env, git: "9f02d1e\nfeat/orders" });
    await main(context);
    const { actor } = JSON.parse(lambda.calls[0]?.body ?? "{}") as { actor: unknown };
    assert.deepEqual(actor, { user: "alice", host: "laptop" });
  });

  test("with --json, stdout holds one object a line with the environment, and the closing one has the exit code", async (t) => {
    const lambda = await lambdaStandIn(t, [streams(goodRun)]);
    const context = testContext(t, {
      argv: ["dev-3", "--json"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.equal(context.err.text, "");
    const lines = context.out.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; env: string; exit?: number });
    assert.deepEqual(
      lines.map(({ type }) => type),
      ["log", ...goodRun.map((event) => (event as { type: string }).type)],
    );
    assert.ok(lines.every(({ env }) => env === "dev-3"));
    assert.equal(lines.at(-1)?.exit, 0);
  });

  test("a failed migration shows its file, the position, the database's message, and what remains applied", async (t) => {
    const events = [
      started(),
      plan([item(...first), item(...second)]),
      migrationStarted(...first),
      applied(...first),
      migrationStarted(...second),
      failedMigration(...second, constraint),
      failedRun(constraint, 1, 1),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 1);
    assert.equal(
      context.err.text.split("drop_legacy_flag started\n")[1],
      `✗ migrations/default/1700000000200_drop_legacy_flag/up.sql:1 failed
    1 │ alter table orders drop column legacy;
      │                          ^ 2BP01 cannot drop column legacy of table orders because other objects depend on it
    detail  view order_report depends on column legacy of table orders
    hint    Use DROP ... CASCADE to drop the dependent objects too.
  → fix the file, then run it again: hasura-migrate dev-3
12:04:11 dev-3 1 applied, 1 not run
`,
    );
  });

  test("in a terminal, finished rows stay, and no line is wider than it", async (t) => {
    const long = "a_name_so_long_that_it_would_never_fit_into_sixty_columns_of_any_terminal";
    const lambda = await lambdaStandIn(t, [
      streams([
        started(),
        plan([item(first[0], long)]),
        migrationStarted(first[0], long),
        applied(first[0], long),
        finished(1),
      ]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3", "--no-color"],
      terminal: true,
      columns: 60,
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.match(
      context.out.text,
      /^✓ 1700000000100 {2}a_name_so_long.*… {2}41 ms\n✓ 1 applied in 1.2 s\n$/,
    );
    for (const line of context.out.text.split("\n")) assert.ok(textWidth(line) <= 60, line);
  });

  test("status lists what is pending, unknown and changed; --check exits with 6 when anything is", async (t) => {
    const rows = [
      { version: "1699999999000", name: "", state: "unknown" },
      { version: first[0], name: first[1], state: "applied" },
      { version: second[0], name: second[1], state: "pending" },
    ];
    const answer = streams([started(), status(rows), finished(0)]);
    const lambda = await lambdaStandIn(t, [answer, answer]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["status", "dev-3"], env });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      `default (postgres): 1 applied, 1 pending, 1 unknown
  ? 1699999999000                    unknown: applied, but without a migration file
      cannot be rolled back without its file
  ✓ 1700000000100  add_order_notes   applied
  · 1700000000200  drop_legacy_flag  pending
`,
    );
    assert.equal(await main(testContext(t, { argv: ["status", "dev-3", "--check"], env })), 6);
  });

  for (const state of ["changed", "dirty", "unknown", "interrupted"]) {
    test(`status --check exits with 6 when the only difference is a migration that is ${state}`, async (t) => {
      const rows = [
        { version: first[0], name: first[1], state: "applied" },
        { version: second[0], name: second[1], state },
      ];
      const lambda = await lambdaStandIn(t, [streams([started(), status(rows), finished(0)])]);
      const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
      assert.equal(await main(testContext(t, { argv: ["status", "dev-3", "--check"], env })), 6);
    });
  }

  test("plan shows the SQL of what apply would run", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([
        started(),
        plan([item(...first, { sql: "alter table orders\n  add column notes text;\n" })]),
        finished(0),
      ]),
    ]);
    const context = testContext(t, {
      argv: ["plan", "dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      `1 pending in default (postgres), 214 applied
  1700000000100  add_order_notes  12 lines

      alter table orders
        add column notes text;

`,
    );
  });
});
