import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../../src/cli/main.ts";
import { writeJobPage } from "../../../../src/cli/output/github/job-page.ts";
import { keys } from "../../../support/aws-keys.ts";
import { lambdaStandIn, streams, type Answer } from "../../../support/lambda-stand-in.ts";
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
} from "../../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../../support/test-context.ts";
import { workflowCommandsIn } from "../../../support/workflow-commands.ts";

const failing = ["1700000000200", "drop_legacy_flag"] as const;
const file = constraint.sql.file;

interface Job {
  /** The directory of the command, below the root of the repository. */
  readonly directory?: string;
  /** The directory of the project, below the root of the repository. */
  readonly project?: string;
  readonly repository?: boolean;
  readonly page?: string;
}

/** Runs a command in a job of GitHub Actions, in a repository with a project. */
async function inJob(
  t: TestContext,
  argv: readonly string[],
  answers: Readonly<Record<string, readonly object[]>>,
  { directory = "hasura", project = "hasura", repository = true, page = "" }: Job = {},
) {
  const root = emptyDirectory(t);
  if (repository) mkdirSync(join(root, ".git"));
  for (const [path, text] of [
    [
      "hasura-migrate.json",
      JSON.stringify({ environments: { "dev-1": {}, "dev-2": {}, prod: {} } }),
    ],
    [`${project}/config.yaml`, "version: 3\n"],
    [`${project}/${file}`, "alter table orders drop column legacy;\n"],
    [
      `${project}/migrations/default/1700000000300_new/up.sql`,
      "-- hasura:no-transaction\nselect 3;\n",
    ],
  ] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const route: Answer = (response, call) => {
    const { environment } = JSON.parse(call.body) as { environment: string };
    return streams(answers[environment] ?? [])(response, call);
  };
  const lambda = await lambdaStandIn(t, Array<Answer>(9).fill(route));
  const summary = join(root, "summary.md");
  writeFileSync(summary, page);
  const env = {
    ...{ ...keys, CI: "true", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary },
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
  };
  const context = testContext(t, { argv, env, cwd: join(root, directory) });
  const exit = await main(context);
  return {
    exit,
    out: context.out.text,
    page: readFileSync(summary, "utf8"),
    commands: workflowCommandsIn(context.err.text),
  };
}

const failed = [
  started("dev-1"),
  plan([item(...failing)]),
  failedMigration(...failing, constraint),
  failedRun(constraint),
];
const succeeded = (environment: string): object[] => [
  started(environment),
  plan([item(...failing)]),
  migrationStarted(...failing),
  applied(...failing),
  finished(1),
];

describe("annotations in GitHub Actions", () => {
  for (const [what, job, path] of [
    ["a project in a folder", {}, `hasura/${file}`],
    ["a project further down", { directory: "apps/api", project: "apps/api" }, `apps/api/${file}`],
    ["its migrations directory", { directory: "hasura/migrations" }, `hasura/${file}`],
    ["a project at the root", { directory: ".", project: "." }, file],
    ["the root, with the project elsewhere", { directory: "." }, file],
    ["a directory outside of any repository", { repository: false }, file],
  ] as const)
    test(`name the failed file from the repository's root in ${what}`, async (t) => {
      const { commands, exit } = await inJob(t, ["dev-1"], { "dev-1": failed }, job);
      assert.equal(exit, 1);
      assert.deepEqual(commands, [
        {
          name: "error",
          properties: { file: path, line: "1", title: "hasura-migrate dev-1" },
          message: constraint.sql.message,
        },
      ]);
    });

  test("warn of what a plan has remarks about: each file once, the new ones first", async (t) => {
    const planned = (environment: string): object[] => [
      started(environment, { operation: "plan" }),
      plan([item(...failing, { outOfOrder: true })], { files: [failing[0]] }),
      finished(0),
    ];
    const answers = { "dev-1": planned("dev-1"), "dev-2": planned("dev-2") };
    const { commands } = await inJob(t, ["plan", "dev-1", "dev-2", "--markdown"], answers);
    assert.deepEqual(
      commands.map(({ name, properties, message }) => [name, properties, message]),
      [
        [
          "warning",
          {
            file: "hasura/migrations/default/1700000000300_new/up.sql",
            title: "hasura-migrate plan dev-1, dev-2",
          },
          "Runs outside a transaction: if it fails part-way, what it has already done remains.",
        ],
        [
          "warning",
          { file: `hasura/${file}`, title: "hasura-migrate plan dev-1, dev-2" },
          "Out of order: a newer migration is already applied.",
        ],
      ],
    );
  });
});

describe("annotations of a plan in GitHub Actions", () => {
  test("are at the statements that matter, with the environments for which they say the same", async (t) => {
    const planned = (environment: string, rows: number): object[] => [
      started(environment, { operation: "plan" }),
      plan([
        item(...failing, {
          statements: [
            {
              ...{ line: 3, table: "orders", effect: "rewrite", lock: "ACCESS EXCLUSIVE" },
              ...{ blocks: "reads and writes", rows, bytes: 8192, rules: ["type-rewrite"] },
            },
          ],
        }),
      ]),
      finished(0),
    ];
    const answers = {
      "dev-1": planned("dev-1", 5),
      "dev-2": planned("dev-2", 5),
      prod: planned("prod", 40),
    };
    const argv = ["plan", "dev-1", "dev-2", "prod", "--markdown"];
    const { commands } = await inJob(t, argv, answers);
    const rewrites = commands.filter(({ properties }) => properties["line"] === "3");
    assert.deepEqual(
      rewrites.map(({ properties }) => properties),
      ["dev-1, dev-2", "prod"].map((environments) => ({
        ...{ file: `hasura/${file}`, line: "3", title: `hasura-migrate plan ${environments}` },
      })),
    );
    for (const [i, rows] of [5, 40].entries())
      assert.match(
        rewrites[i]?.message ?? "",
        new RegExp(`^rewrites orders: .*${String(rows)} rows`),
      );
  });
});

describe("the page of a job in GitHub Actions", () => {
  test("has a row for metadata that was applied", async (t) => {
    const deployed = {
      type: "metadata.applied",
      ...{ resourceVersion: 8, objects: 11, tookMs: 300 },
      inconsistent: { broken: [], before: 0 },
    };
    const events = [started("dev-1"), deployed, finished(0)];
    const { page } = await inJob(t, ["dev-1", "--metadata"], { "dev-1": events });
    assert.match(page, /^\|.*\|.*\| metadata \| 11 objects changed \| .*\|$/m);
  });

  test("begins with how each of several environments ended, then has each one's table once", async (t) => {
    const answers = { "dev-1": failed, "dev-2": succeeded("dev-2") };
    const { page } = await inJob(t, ["dev-1", "dev-2"], answers);
    const lines = page.split("\n");
    assert.equal(lines[0], "### hasura-migrate apply");
    assert.match(page, /^\| {2}\| environment \| result \| time \|$/m);
    assert.match(
      page,
      /^\| ✗ \| dev-1 \| migrations\/default\/1700000000200\\_drop.* failed: .* \|$/m,
    );
    assert.match(page, /^\| ✓ \| dev-2 \| 1 applied \| .* \|$/m);
    assert.match(page, /^2 environments: 1 done, 1 failed\.$/m);
    assert.deepEqual(page.match(/^### .*$/gm), [
      "### hasura-migrate apply",
      "### hasura-migrate apply dev-1",
      "### hasura-migrate apply dev-2",
    ]);
  });

  test("has the matrix of status, and the plans of plan", async (t) => {
    const rows = (environment: string, state: string): object[] => [
      started(environment, { operation: "status" }),
      status([{ version: "1700000000100", name: "a", state, hasDown: true }]),
      finished(0),
    ];
    const answers = { "dev-1": rows("dev-1", "applied"), "dev-2": rows("dev-2", "pending") };
    const { page } = await inJob(t, ["status", "dev-1", "dev-2"], answers);
    assert.match(page, /^### hasura-migrate status$/m);
    assert.match(page, /^\| 1700000000100 \| a \| − \| ✓ \| · \|$/m);
    const planned = { "dev-1": [started("dev-1"), plan([item(...failing)]), finished(0)] };
    const other = await inJob(t, ["plan", "dev-1", "--markdown"], planned);
    assert.equal(other.page.trim(), other.out.trim());
    const alone = await inJob(t, ["status", "dev-1"], answers);
    assert.equal(alone.page, "");
  });

  test("is never longer than GitHub takes", async (t) => {
    const summary = join(emptyDirectory(t), "summary.md");
    writeFileSync(summary, "x".repeat(1_000_000));
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary };
    const context = testContext(t, { argv: [], env });
    const table = "| ü | ü |\n".repeat(20_000);
    await writeJobPage(context, [
      { text: "first\n", isWhole: true },
      { text: table, isWhole: false },
      { text: "last\n", isWhole: true },
    ]);
    const page = readFileSync(summary);
    assert.ok(page.length <= 1024 * 1024 && page.length > 1024 * 1024 - 200, String(page.length));
    assert.match(page.toString(), /xfirst\n(\| ü \| ü \|\n)+\n_This page is full/);
    await writeJobPage(context, [{ text: "y".repeat(1000), isWhole: true }]);
    assert.ok(readFileSync(summary).length <= 1024 * 1024);
    assert.doesNotMatch(readFileSync(summary, "utf8"), /y/);
  });

  test("that cannot be written to is reported, and fails nothing", async (t) => {
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: join(emptyDirectory(t), "no/x.md") };
    const context = testContext(t, { argv: [], env });
    await writeJobPage(context, [{ text: "x", isWhole: true }]);
    assert.match(context.err.text, /^The job summary could not be written to .*x\.md\.$/m);
  });
});
