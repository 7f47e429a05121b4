import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { createRenderer } from "../../../src/cli/output/create-renderer.ts";
import { statusPage } from "../../../src/cli/output/matrix/html/status-page.ts";
import { matrixOf, type Matrix } from "../../../src/cli/output/matrix/matrix.ts";
import type { Renderer } from "../../../src/cli/output/renderer.ts";
import { writeJobPage } from "../../../src/cli/output/github/job-page.ts";
import { RunSummary } from "../../../src/cli/output/github/run-summary.ts";
import { RunEvent } from "../../../src/protocol/events.ts";
import { decodeLine } from "../../../src/protocol/ndjson.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { commandHint, textHint } from "../../../src/protocol/hint.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { keys } from "../../support/aws-keys.ts";
import {
  applied,
  failedMigration,
  failedRun,
  finished,
  historyOf,
  item,
  migrationStarted,
  plan,
  started,
  status,
} from "../../support/run-events.ts";
import {
  emptyDirectory,
  instant,
  testContext,
  type TestCliContext,
} from "../../support/test-context.ts";
import { workflowCommandsIn } from "../../support/workflow-commands.ts";

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** One line for each class of characters that something could obey, as numbers. */
const classes: Readonly<Record<string, readonly number[]>> = {
  "C0 controls": range(0, 0x1f),
  "delete and C1 controls": range(0x7f, 0x9f),
  "marks of direction": [0x61c, 0x200e, 0x200f, ...range(0x202a, 0x202e), ...range(0x2066, 0x2069)],
  "line separators": [0x2028, 0x2029],
  "invisible characters": [0xad, 0x180e, 0x200b, 0x2060, 0xfeff, 0xfff9, 0xe0041],
  "half a surrogate pair": [0xd800, 0xdfff],
};

/** What may never reach a reader. A line feed ends a line of ours, and a tab only moves to the right. */
const obeyed =
  // eslint-disable-next-line no-control-regex -- control characters are what must not be there
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}\p{Surrogate}]/u;

/** The escape sequences that this program writes itself: its colours, and those of the region that is drawn again. */
const own =
  // eslint-disable-next-line no-control-regex -- escape sequences are what is matched
  /\u001b\[(?:1|2|22|31|32|33|36|39)m|\r?(?:\u001b\[1A)?\u001b\[2K(?:\u001b\[1A)*|\u001b\[\?(?:25|2026)[lh]|\r(?=[\u001b\u2800-\u28ff]|$)/g;

/** A few characters that together would do something: a title, a conceal, a cursor movement, a forged line. */
const attacks = ["\u001b]0;x\u0007", "\u001b[8m", "\u009b2J", "\u001b[31m", "a\r\nb", "\u202e"];

const hostileVersion = "1700000000100";
const failureWith = (text: string): object => ({
  ...{ kind: "migration", code: "sql-failed", message: text, causes: [text] },
  hints: [
    { kind: "text", text },
    { kind: "command", argv: ["aws", text], reason: text },
    { kind: "retry", with: [text], without: [], reason: text },
  ],
  sql: {
    ...{ file: text, sqlstate: text, message: text, detail: text, hint: text },
    place: { line: 1, column: 2, text },
    places: [{ line: 3, column: 1, text }],
  },
});

/** Every event, with the text wherever an event holds one. */
function eventsWith(text: string): object[] {
  const row = [hostileVersion, text] as const;
  const database = { database: text };
  return [
    started(text, {
      ...{ operation: text, requestId: text, hasura: { version: text } },
      function: { name: text, version: text, package: text, arn: text },
      image: { commit: text, builtAt: text },
    }),
    plan([item(...row, { file: text, sql: `select 1;\n${text}\n` })], { ...database, kind: text }),
    { type: "waiting", reason: "lock", message: text, waitedMs: 1 },
    { type: "log", level: "info", code: "x", message: text },
    { type: "log", level: "warning", code: "x", message: text },
    { ...migrationStarted(...row), ...database },
    { type: "heartbeat", at: "2026-11-24T12:04:21Z" },
    { ...applied(...row), ...database, notices: [text] },
    ...["skipped", "unknown"].map((what) => ({
      ...{ ...migrationStarted(...row), ...database, type: `migration.${what}`, reason: text },
    })),
    { ...migrationStarted(...row), type: "migration.marked", as: "applied" },
    { ...failedMigration(...row, failureWith(text)), ...database },
    {
      ...{ type: "metadata.reloaded", tookMs: 1 },
      inconsistent: { broken: [{ type: text, name: text, reason: text }], before: 0 },
    },
    statusWith(text),
    historyWith(text),
    { type: "cancel.requested", runs: [text] },
    locksWith(text),
    { type: "rows", database: text, columns: [text, "b"], rows: [[text, null]], cut: "size" },
    { type: "run.paused", reason: text, applied: 0, notReached: 0, tookMs: 1 },
    failedRun(failureWith(text)),
  ];
}

const statusWith = (text: string): object => {
  const answer = RunEvent.parse(
    status([
      {
        ...{ version: hostileVersion, name: text, state: "changed", outOfOrder: true },
        evidence: [true, false].map((exists) => ({ object: text, exists })),
      },
    ]),
  );
  assert.ok(answer.type === "status");
  return {
    ...answer,
    databases: answer.databases.map((each) => ({ ...each, database: text, kind: text })),
  };
};

/** A matrix with the text wherever it holds one. */
function matrixWith(text: string): Matrix {
  const answer = RunEvent.parse(statusWith(text));
  assert.ok(answer.type === "status");
  const databases = answer.databases.map((database) => ({
    ...database,
    migrations: database.migrations.map((row) => ({ ...row, appliedBy: text, runId: text })),
  }));
  const column = { environment: text, image: text, package: text };
  return matrixOf(
    [
      { ...column, status: { ...answer, databases } },
      { ...column, status: undefined, failure: text },
    ],
    new Map([[`other ${text}`, [{ version: "9", name: text }]]]),
  );
}

const historyWith = (text: string): object => ({
  type: "history",
  runs: [
    historyOf(text, {
      ...{ operation: text, user: text, host: text, requestId: text, gitCommit: text },
      ...{ gitBranch: text, ciJob: text, imageCommit: text, outcome: text, failure: text },
      ...{ live: true, activity: text },
      migrations: [{ database: text, version: hostileVersion, name: text, change: text }],
    }),
    historyOf("0199", { outcome: "paused", live: true, activity: text }),
  ],
});

const locksWith = (text: string): object => ({
  ...{ type: "locks", database: text, notShown: 0 },
  sessions: [
    { pid: 0, blockedBy: [] },
    {
      pid: 9,
      application: text,
      user: text,
      process: text,
      state: text,
      query: text,
      blockedBy: [],
    },
    {
      ...{ pid: 8, migration: { version: hostileVersion, name: text } },
      waitsFor: { mode: text, kind: text, object: text },
      blockedBy: [{ pid: 9, holds: text }],
    },
  ],
});

interface Look {
  readonly argv: readonly string[];
  readonly env?: Record<string, string>;
  readonly terminal?: boolean;
  readonly operation?: string;
  readonly run?: string;
}

const looks: Readonly<Record<string, Look>> = {
  "a terminal": { argv: [], terminal: true, env: { COLORTERM: "1" } },
  "a terminal without colours": { argv: [], terminal: true, env: { NO_COLOR: "1" } },
  "a pipe": { argv: [] },
  "a pipe with colours": { argv: [], env: { FORCE_COLOR: "1" } },
  "the result of plan and one run in full": { argv: [], operation: "plan", run: "0199" },
  JSON: { argv: ["--json"] },
  "a job of GitHub Actions": { argv: [], env: { GITHUB_ACTIONS: "true", CI: "true" } },
  "JSON in a job of GitHub Actions": { argv: ["--json"], env: { GITHUB_ACTIONS: "true" } },
};

async function rendererOf(context: TestCliContext, look: Look): Promise<Renderer> {
  return createRenderer(context, {
    ...{ environment: "dev-3", operation: look.operation ?? "apply", run: look.run },
    ...{ quiet: false, color: true, debug: true, json: look.argv.includes("--json") },
  });
}

/** Shows everything that a run can show, with the text in all of it; returns what arrived at both streams. */
async function shown(t: TestContext, look: Look, text: string): Promise<TestCliContext> {
  // So wide that nothing is cut off.
  const context = testContext(t, { ...look, columns: 1000, foreignHints: true });
  const renderer = await rendererOf(context, look);
  const summary = new RunSummary(context, text, text);
  renderer.connected({ region: text, profile: text, account: text, function: text });
  renderer.notice(text);
  renderer.fact(text);
  for (const data of eventsWith(text)) {
    const event = RunEvent.parse(data);
    summary.event(event);
    if (event.type === "plan" || event.type === "status") renderer.preview(event);
    renderer.event(event);
    renderer.waiting(text);
  }
  renderer.event(decodeLine(JSON.stringify({ type: `x${text}`, more: text })));
  const failure = new Failure("usage", "usage", text, {
    cause: new Error(text),
    hints: [textHint(text), commandHint(["aws", text], text)],
  });
  summary.failed(failure);
  renderer.failed(failure);
  renderer.close();
  await writeJobPage(context, [summary.section()]);
  return context;
}

const textOf = ({ out, err }: TestCliContext): string =>
  `${out.text}\n${err.text}`.replace(own, "");

describe("text from outside", () => {
  for (const [name, look] of Object.entries(looks)) {
    for (const [kind, codes] of Object.entries(classes)) {
      test(`${kind} have no effect in ${name}`, async (t) => {
        for (let at = 0; at < codes.length; at += 8) {
          const characters = codes.slice(at, at + 8).map((code) => String.fromCodePoint(code));
          const context = await shown(t, look, `a${characters.join("-")}b`);
          const found = obeyed.exec(textOf(context))?.[0];
          assert.equal(found?.codePointAt(0)?.toString(16), undefined);
        }
      });
    }

    test(`sequences of characters have no effect in ${name}`, async (t) => {
      for (const attack of attacks) {
        const context = await shown(t, look, attack);
        assert.equal(obeyed.exec(textOf(context)), null, JSON.stringify(attack));
        // A colour of somebody else's would be taken for one of ours.
        if (name === "a pipe") assert.ok(!context.out.text.includes("\u001b"));
      }
    });
  }

  test("escaped JSON is parsed back to the same text", async (t) => {
    const text = "a\u0007\u001b\u009b\u202e\u2028\u{e0041}##[error]x";
    const context = await shown(t, { argv: ["--json"] }, text);
    const lines = context.out.text.trimEnd().split("\n");
    const logged = lines.map((line) => JSON.parse(line) as { type: string; message?: string });
    assert.ok(logged.filter(({ message }) => message === text).length >= 2);
  });

  const commands = [
    "::error file=src/auth.ts,line=1::forged",
    "  \t::add-mask::a",
    "\u0085\u00a0\u3000\ufeff\u200b::stop-commands::x",
    "bob\n::stop-commands::x\n  ::error::y",
    "bob\r::stop-commands::x\u2028::error::z",
    "x ##[error]forged",
    "###[add-mask]a##[group]b",
    '"##[command]',
  ];
  for (const [name, look] of Object.entries(looks)) {
    if (look.env?.["GITHUB_ACTIONS"] === undefined) continue;
    test(`no text becomes a workflow command in ${name}`, async (t) => {
      for (const command of commands) {
        const { out, err } = await shown(t, look, command);
        assert.deepEqual(workflowCommandsIn(out.text), [], command);
        const found = workflowCommandsIn(err.text);
        assert.deepEqual([...new Set(found.map(({ name: each }) => each))], ["error"], command);
        // One for the migration that failed, one for the failure without an event.
        assert.equal(found.length, 2, command);
        for (const { properties } of found)
          for (const key of Object.keys(properties))
            assert.ok(["file", "line", "title"].includes(key));
      }
    });
  }

  test("a file's name cannot change an annotation", async (t) => {
    const file = "a%2C,line=9::x:y\nz";
    const context = testContext(t, { argv: [], env: { GITHUB_ACTIONS: "true" } });
    const summary = new RunSummary(context, "dev-3", "apply");
    const failure = { ...failureWith("m"), sql: { file, message: "50%", place: undefined } };
    summary.event(RunEvent.parse(failedMigration("100", "x", failure)));
    summary.event(RunEvent.parse(failedRun(failure)));
    assert.deepEqual(workflowCommandsIn(context.err.text), [
      {
        name: "error",
        properties: { file: "a%2C,line=9::x:y␊z", title: "hasura-migrate dev-3" },
        message: "50%",
      },
    ]);
  });

  test("the job's page contains no foreign markup and no control characters", async (t) => {
    const page = join(emptyDirectory(t), "summary.md");
    const text = "![x](http://evil) [y](z) *b* _i_ `c` <b> | ~s~ a&lt;b $x$ \\\u001b\u202e\u009b";
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: page };
    await shown(t, { argv: [], env }, text);
    const written = readFileSync(page, "utf8");
    assert.equal(obeyed.exec(written), null);
    const ours = written.replace(
      /^### hasura-migrate |^\| database.*|^\| ---.*|\*\*failed\*\*|\*\*Failed:\*\*|^\|| \|(?= )| \|$/gm,
      "",
    );
    assert.equal(/(?<!\\)[![\]*_`<|~&$]/.exec(ours.replaceAll("\\\\", "")), null, ours);
  });

  test("the page of a status has no markup of somebody else's, and no control characters", () => {
    const texts = [
      ...Object.values(classes).flatMap((codes) => String.fromCodePoint(...codes)),
      ...attacks,
      "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \"'`{{data}}$&",
    ];
    for (const text of texts) {
      const page = statusPage(matrixWith(text), { now: instant, version: "0.1.0", full: true });
      assert.equal(obeyed.exec(page)?.[0].codePointAt(0), undefined, JSON.stringify(text));
      assert.doesNotMatch(page, /<img|<!--|<script>alert/);
      assert.equal(page.match(/<\/?script/g)?.length, 4);
    }
  });

  for (const terminal of [true, false]) {
    test(`input of a command cannot control ${terminal ? "a terminal" : "a pipe"}`, async (t) => {
      const text = "\u001b]0;x\u0007\u202e\u009b\r";
      const cwd = emptyDirectory(t);
      const directory = join(cwd, "migrations", "default", `99_x${text}`);
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "up.sql"), "select 1;");
      writeFileSync(join(cwd, "migrations", "config.yaml"), "version: 3\n");
      const results: readonly (readonly [readonly string[], readonly object[]])[] = [
        [
          ["status", "dev-3"],
          [started(), statusWith(text), finished(0)],
        ],
        [
          ["history", "dev-3"],
          [started(), historyWith(text), finished(0)],
        ],
        [
          ["history", "dev-3", "--run", "0199"],
          [started(), historyWith(text), finished(0)],
        ],
        [
          ["plan", "dev-3"],
          [started(), plan([item("100", text, { sql: text })]), finished(0)],
        ],
        ...(["plan", "status"] as const).map(
          (operation) =>
            [
              [operation, "dev-3", "--markdown"],
              [
                started("dev-3", { image: { commit: text } }),
                ...(operation === "plan"
                  ? [plan([item("100", text, { sql: text, file: text })], { files: ["100"] })]
                  : [statusWith(text)]),
                finished(0),
              ],
            ] as const,
        ),
        [
          ["dev-3"],
          eventsWith(text).filter((event) => !("type" in event) || event.type !== "run.paused"),
        ],
        [["dev-3", "--profile", text], []],
        [["dev-3", "--config", text], []],
        [[text], []],
        [["down", text, text], []],
        [["status", `--${text}`], []],
        [["new", text], []],
        [["new", `a/${text}`], []],
        [["new", "x", "--database", text], []],
        [["local", "--migrations", text], []],
      ];
      for (const [argv, events] of results) {
        const lambda = await lambdaStandIn(t, [streams(events)]);
        const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
        const context = testContext(t, { argv, env, cwd, terminal, foreignHints: true });
        await main(context);
        assert.notEqual(textOf(context).trim(), "", argv.join(" "));
        assert.equal(obeyed.exec(textOf(context)), null, JSON.stringify([argv, textOf(context)]));
      }
    });

    test(`the configuration cannot control ${terminal ? "a terminal" : "a pipe"}`, async (t) => {
      const text = "p\u001b[2J\u202e\u009b\n\r";
      const cwd = emptyDirectory(t);
      const contents = [
        JSON.stringify({ environments: { prod: { profile: text } } }),
        JSON.stringify({ environments: { [text]: {} }, [text]: 1 }),
        text,
      ];
      for (const content of contents)
        for (const argv of [["envs"], ["envs", "--json"], ["prod"]]) {
          writeFileSync(join(cwd, "hasura-migrate.json"), content);
          const context = testContext(t, { argv, cwd, terminal });
          await main(context);
          assert.equal(obeyed.exec(textOf(context)), null, JSON.stringify([argv, textOf(context)]));
        }
    });
  }
});
