import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { missingInImage, type LocalMigrations } from "../../../src/cli/project/image-drift.ts";
import { main } from "../../../src/cli/main.ts";
import { liveRegion } from "../../../src/cli/output/terminal/live-region.ts";
import { terminalSpinner } from "../../../src/cli/output/terminal/spinner.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { age, duration } from "../../../src/cli/output/format.ts";
import { plain } from "../../../src/cli/output/terminal/styled.ts";
import { textWidth, truncate } from "../../../src/cli/output/terminal/width.ts";
import { didYouMean } from "../../../src/did-you-mean.ts";
import { RunEvent, type EventOf } from "../../../src/protocol/events.ts";
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
import {
  emptyDirectory,
  instant,
  testContext,
  textSink,
  type TestContextOptions,
  type TextSink,
} from "../../support/test-context.ts";
import { keys } from "../../support/aws-keys.ts";

const one = ["1700000000100", "add_order_notes"] as const;

describe("renderers", () => {
  for (const [ms, text] of [
    [0, "0 ms"],
    [41.4, "41 ms"],
    [1234, "1.2 s"],
    [59_960, "1m 00s"],
    [72_000, "1m 12s"],
    [3_720_000, "1h 02m"],
  ] as const) {
    test(`${ms} ms read as ${text}`, () => assert.equal(duration(ms), text));
  }

  for (const [builtAt, text] of [
    ["2026-11-24T12:04:00Z", "just built"],
    ["2026-11-24T11:03:00Z", "61 minutes old"],
    ["2026-11-23T12:04:11Z", "24 hours old"],
    ["2026-11-22T12:00:00Z", "2 days old"],
    ["whenever", undefined],
  ] as const) {
    test(`an image of ${builtAt} is ${text ?? "of no age"}`, () =>
      assert.equal(age(builtAt, instant), text));
  }

  test("wide characters count twice, combining marks not at all, and no character is cut in half", () => {
    assert.equal(textWidth("日本"), 4);
    assert.equal(textWidth("e\u0301"), 1);
    assert.equal(textWidth("👨‍👩‍👧"), 2);
    assert.equal(textWidth("👍🏽 🇩🇪"), 5);
    assert.equal(truncate("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 5), "👨‍👩‍👧👨‍👩‍👧…");
    assert.equal(truncate("日本語の名前", 6), "日本…");
    assert.equal(truncate("short", 6), "short");
  });

  test("a name cannot move the cursor", () => {
    assert.equal(truncate("a\u001b[2Jb\nc", 20), "a␛[2Jb␊c");
  });

  for (const [word, among, text] of [
    ["dev3", ["dev-1", "prod", "dev-3"], ' Did you mean "dev-3"?'],
    ["Prod", ["prod"], ' Did you mean "prod"?'],
    ["staging", ["prod", "dev-1"], ""],
    ["x", [], ""],
  ] as const) {
    test(`"${word}" among ${among.join(", ") || "nothing"}${text || " suggests nothing"}`, () =>
      assert.equal(didYouMean(word, among), text));
  }

  for (const [name, env, color, isTTY, colored] of [
    ["a terminal", {}, true, true, true],
    ["a pipe", {}, true, false, false],
    ["NO_COLOR", { NO_COLOR: "1" }, true, true, false],
    ["NO_COLOR before FORCE_COLOR", { NO_COLOR: "1", FORCE_COLOR: "1" }, true, true, false],
    ["FORCE_COLOR in a pipe", { FORCE_COLOR: "1" }, true, false, true],
    ["--no-color before FORCE_COLOR", { FORCE_COLOR: "1" }, false, true, false],
    ["a dumb terminal", { TERM: "dumb" }, true, true, false],
  ] as const) {
    test(`${colored ? "colours" : "no colours"}: ${name}`, () => {
      assert.equal(colorsFor({ isTTY }, env, color).red("x") !== "x", colored);
    });
  }

  /** Up by a row, which is then erased. */
  const eraseRow = "\r\u001b[1A\u001b[2K";

  /** A sink whose size a test can change. */
  const terminal = (columns: number): TextSink => textSink(true, columns);

  test("a region is removed whole before anything else is written, and the cursor is hidden in between", () => {
    const sink = terminal(80);
    const region = liveRegion(sink);
    region.draw([plain("a"), plain("b")]);
    region.draw([plain("a"), plain("b")]);
    region.clear();
    region.clear();
    assert.equal(sink.text, `\u001b[?25la\nb\n${eraseRow.repeat(2)}\u001b[?25h`);
  });

  test("a region is removed whole after the terminal became narrower and wrapped its lines", () => {
    const sink = terminal(80);
    const region = liveRegion(sink);
    region.draw([plain("x".repeat(50)), colorsFor(sink, {}, true).dim("dim")]);
    sink.columns = 20;
    region.clear();
    assert.ok(sink.text.endsWith(`\n${eraseRow.repeat(4)}\u001b[?25h`), JSON.stringify(sink.text));
  });

  test("a spinner is one line of the given stream; it hides the cursor and shows it again", () => {
    const sink = terminal(30);
    const spinner = terminalSpinner(sink, colorsFor(sink, { NO_COLOR: "1" }, true));
    spinner.show("waiting for root's run 01a2 (apply from vm)");
    spinner.show("another text");
    spinner.stop();
    spinner.stop();
    assert.ok(sink.text.startsWith("\u001b[?25l"), JSON.stringify(sink.text));
    assert.match(sink.text, /⠋ waiting for root's run 01a…/);
    assert.ok(sink.text.endsWith("\r\u001b[2K\u001b[?25h"), JSON.stringify(sink.text));
    assert.equal(sink.text.split("\u001b[?25h").length, 2);
  });

  test("a spinner that the terminal has wrapped in the meantime is removed whole", () => {
    const sink = terminal(80);
    const spinner = terminalSpinner(sink, colorsFor(sink, { NO_COLOR: "1" }, true));
    spinner.show("x".repeat(70));
    sink.columns = 30;
    spinner.stop();
    assert.ok(
      sink.text.endsWith(`\r${"\u001b[2K\u001b[1A".repeat(2)}\u001b[2K\u001b[?25h`),
      JSON.stringify(sink.text),
    );
  });

  const eventOf = <T extends "plan" | "status">(type: T, json: object): EventOf<T> => {
    const event = RunEvent.parse(json);
    assert.equal(event.type, type);
    return event as EventOf<T>;
  };
  const here: LocalMigrations = new Map([
    ["default", ["100", "200", "300"].map((version) => ({ version, name: "x" }))],
  ]);

  test("files that only the working directory has are named", () => {
    const rows = [
      { version: "100", name: "x", state: "applied" },
      { version: "200", name: "", state: "unknown" },
    ];
    assert.equal(
      missingInImage(here, eventOf("status", status(rows)), "image 4c6ea1a"),
      "! 2 local files are not in the image 4c6ea1a: 200_x, 300_x. Build and deploy an image that contains them, or send them with --from.",
    );
    assert.match(
      missingInImage(here, eventOf("plan", plan([], { files: ["100", "300"] })), "") ?? "",
      /^! 1 local file is not in the image: 200_x\./,
      "an older file than the image's newest is missing as well",
    );
    assert.match(
      missingInImage(here, eventOf("plan", plan([], { files: ["100", "200"] })), "") ?? "",
      /^! 1 local file is not in the image: 300_x\./,
    );
    assert.equal(
      missingInImage(here, eventOf("plan", plan([], { files: ["100", "200", "300"] })), ""),
      undefined,
    );
    assert.equal(missingInImage(here, eventOf("plan", plan([])), ""), undefined);
  });

  test("in a terminal the plan is shown below the running row and fills in; nothing remains of it at the end", async (t) => {
    const second = ["1700000000200", "drop_legacy_flag"] as const;
    const events = [
      started(),
      plan([item(...one), item(...second)]),
      migrationStarted(...one),
      applied(...one),
      migrationStarted(...second),
      applied(...second),
      finished(2),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const context = testContext(t, {
      argv: ["dev-3", "--no-color"],
      terminal: true,
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      "✓ 1700000000100  add_order_notes   41 ms\n✓ 1700000000200  drop_legacy_flag  41 ms\n✓ 2 applied in 1.2 s\n",
    );
    assert.match(
      context.err.text,
      /⠋ 1700000000100 {2}add_order_notes {3}0 ms\n {2}1700000000200 {2}drop_legacy_flag {2}12 lines\n/,
    );
    // Every line that was drawn was also removed.
    // eslint-disable-next-line no-control-regex -- cursor codes are what is counted
    const drawn = context.err.text.match(/(?:^|\n|\u001b\[2K|\u001b\[\?25l)(?:⠋ | {2})1700/g);
    // eslint-disable-next-line no-control-regex -- cursor codes are what is counted
    const removed = Array.from(context.err.text.matchAll(/\u001b\[(\d+)A/g), (match) =>
      Number(match[1]),
    ).reduce((sum, count) => sum + count, 0);
    assert.ok(drawn && drawn.length > 0);
    assert.equal(removed, drawn.length);
    assert.ok(
      context.err.text.lastIndexOf("\u001b[?25h") > context.err.text.lastIndexOf("\u001b[?25l"),
    );
  });

  test("CI with a terminal gets plain lines and no cursor codes", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([
        started(),
        plan([item(...one)]),
        migrationStarted(...one),
        applied(...one),
        finished(1),
      ]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      terminal: true,
      env: { ...keys, CI: "true", NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    // eslint-disable-next-line no-control-regex -- cursor codes are what is looked for
    assert.doesNotMatch(context.out.text + context.err.text, /\u001b/);
    assert.match(
      context.out.text,
      /^12:04:11 dev-3 default 1700000000100 add_order_notes applied 41ms$/m,
    );
  });

  test("a heartbeat updates the duration of the running migration", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([
        started(),
        migrationStarted(...one),
        { type: "heartbeat", at: "2026-11-24T12:04:21Z" },
        applied(...one),
        finished(1),
      ]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.match(context.err.text, /default 1700000000100 add_order_notes running 0ms/);
  });

  test("PostgreSQL's notices about a file are shown with its migration", async (t) => {
    const noted = { ...applied(...one), notices: ["the file commits by itself"] };
    const lambda = await lambdaStandIn(t, [
      streams([started(), plan([item(...one)]), migrationStarted(...one), noted, finished(1)]),
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.match(
      context.err.text,
      /^\S+ dev-3 default 1700000000100 add_order_notes notice: the file commits by itself$/m,
    );
  });

  test("a place that is found after the failure was shown is added to it", async (t) => {
    const { place, ...unlocated } = constraint.sql;
    const failure = { ...constraint, sql: unlocated };
    const located = { ...constraint, sql: { ...unlocated, place, secondTry: true } };
    const events = [
      started(),
      plan([item(...one)]),
      migrationStarted(...one),
      failedMigration(...one, failure),
      failedRun(located, 0, 0),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const context = testContext(t, {
      argv: ["dev-3", "--quiet"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 1);
    assert.match(
      context.err.text,
      /^✗ \S+up\.sql failed\n[^]*then run it again: .*\n {2}\S+up\.sql:1\n {4}1 │ alter table orders drop column legacy;\n.*\^ \n {4}where {3}found by running the file a second time; everything was rolled back\n$/,
    );
  });

  test("candidates that remain after a search for the place are added to the failure", async (t) => {
    const { place, ...unlocated } = constraint.sql;
    const searched = { ...constraint, sql: { ...unlocated, placeFollows: true } };
    const remaining = { ...constraint, sql: { ...unlocated, places: [place] } };
    const events = [
      started(),
      plan([item(...one)]),
      migrationStarted(...one),
      failedMigration(...one, searched),
      failedRun(remaining, 0, 0),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const context = testContext(t, {
      argv: ["dev-3", "--quiet"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 1);
    assert.match(context.err.text, /\n {4}1 │ alter table orders drop column legacy;\n$/);
  });

  test("--quiet leaves results and failures", async (t) => {
    const events = [
      started(),
      plan([item(...one)]),
      migrationStarted(...one),
      failedMigration(...one, constraint),
      failedRun(constraint, 0, 0),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const context = testContext(t, {
      argv: ["dev-3", "--quiet"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 1);
    assert.match(
      context.err.text,
      /^✗ migrations\/default\/1700000000200_drop_legacy_flag\/up\.sql:1 failed/,
    );
    assert.doesNotMatch(context.err.text, /Hasura v2|started/);
  });

  test("--quiet keeps the results on stdout", async (t) => {
    const events = [
      started(),
      plan([item(...one)]),
      migrationStarted(...one),
      applied(...one),
      finished(1),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["dev-3", "--quiet"], env });
    assert.equal(await main(context), 0);
    assert.equal(
      context.out.text,
      `12:04:11 dev-3 default 1700000000100 add_order_notes applied 41ms
12:04:11 dev-3 1 applied in 1.2 s
`,
    );
    assert.equal(context.err.text, "");
  });

  test("a name or a message from outside cannot forge a log line", async (t) => {
    const name = "a\n::error::forged\u001b[2J";
    const events = [
      started(),
      plan([item(one[0], name)]),
      migrationStarted(one[0], name),
      { ...applied(one[0], name), notices: ["b\r::error::forged"] },
      { type: "log", level: "info", code: "x", message: "c\n::error::forged" },
      finished(1),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["dev-3"], env });
    assert.equal(await main(context), 0);
    const text = context.out.text + context.err.text;
    assert.match(text, /a␊::error::forged␛\[2J applied 41ms/);
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    assert.doesNotMatch(text, /^::error|[\r\u001b]/m);
  });

  describe("what a message suggests is completed with what was typed", () => {
    const command = ["hasura-migrate", "metadata", "restore", "dev-3", "--run", "01a2"];
    const reason = "restore the earlier metadata";
    const hints = [{ kind: "command", argv: command, reason }];

    async function shown(t: TestContext, options: Partial<TestContextOptions> = {}) {
      const message = { type: "log", level: "info", code: "metadata-restore", message: "Changed." };
      const lambda = await lambdaStandIn(t, [
        streams([started(), { ...message, hints }, finished(1)]),
      ]);
      const { argv = [], ...more } = options;
      const context = testContext(t, {
        argv: ["dev-3", "--endpoint-url", lambda.url, ...argv],
        env: { ...keys, NO_COLOR: "1" },
        ...more,
      });
      assert.equal(await main(context), 0);
      const completed = [...command, "--endpoint-url", lambda.url];
      const pasted = completed.join(" ");
      return { out: context.out.text, err: context.err.text, completed, pasted };
    }

    test("in a log, on one line", async (t) => {
      const { err, pasted } = await shown(t);
      const line = `12:04:11 dev-3 Changed.\n12:04:11 dev-3 → ${reason}: ${pasted}\n`;
      assert.ok(err.includes(line), err);
    });

    test("in a terminal, on a line that is never broken", async (t) => {
      const { err, pasted } = await shown(t, { terminal: true, columns: 60 });
      assert.ok(err.includes(`Changed.\n  → ${reason}:\n    ${pasted}\n`), err);
    });

    test("with --json, as data", async (t) => {
      const { out, completed, pasted } = await shown(t, { argv: ["--json"] });
      const [log] = out
        .split("\n")
        .filter((line) => line.includes("metadata-restore"))
        .map((line): unknown => JSON.parse(line));
      assert.deepEqual(log, {
        ...{ type: "log", level: "info", code: "metadata-restore", message: "Changed." },
        hints: [{ kind: "command", argv: completed, reason, text: `${reason}: ${pasted}` }],
        env: "dev-3",
      });
    });
  });

  test("the closing object of a cancelled run has exit code 130", async (t) => {
    const lambda = await lambdaStandIn(t, [
      streams([started(), { ...finished(1), cancelled: true, notReached: 2 }]),
    ]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["dev-3", "--json"], env });
    assert.equal(await main(context), 130);
    const closing = JSON.parse(context.out.text.trimEnd().split("\n").at(-1) ?? "") as object;
    assert.deepEqual(closing, {
      ...{ type: "run.finished", applied: 1, notReached: 2, tookMs: 1200 },
      ...{ cancelled: true, env: "dev-3", exit: 130 },
    });
  });

  test("GitHub Actions gets a table on the job's page and the failed file marked", async (t) => {
    const summary = join(emptyDirectory(t), "summary.md");
    const events = [
      started(),
      plan([item(...one)]),
      migrationStarted(...one),
      failedMigration(...one, constraint),
      failedRun(constraint, 0, 0),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const env = {
      ...keys,
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_STEP_SUMMARY: summary,
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    };
    const context = testContext(t, { argv: ["dev-3", "--json"], env });
    assert.equal(await main(context), 1);
    assert.match(
      context.err.text,
      /^::error file=migrations\/default\/1700000000200_drop_legacy_flag\/up\.sql,line=1,title=hasura-migrate dev-3::cannot drop column/m,
    );
    assert.equal(
      readFileSync(summary, "utf8"),
      `### hasura-migrate apply dev-3

| database | version | name | | |
| --- | --- | --- | --- | ---: |
| default | 1700000000100 | add\\_order\\_notes | **failed** | 22 ms |

**Failed:** migrations/default/1700000000200\\_drop\\_legacy\\_flag/up.sql failed: cannot drop column legacy of table orders because other objects depend on it (SQLSTATE 2BP01)
`,
    );
  });

  test("markup in names and messages is escaped for GitHub", async (t) => {
    const summary = join(emptyDirectory(t), "summary.md");
    const failure = {
      ...{ kind: "migration", code: "sql-failed", message: "100%0A of <b>|x|</b>\nfailed" },
      ...{ hints: [], causes: [] },
    };
    const events = [
      started(),
      plan([item(one[0], "a|b`<c>")]),
      failedMigration(one[0], "a|b`<c>", failure),
      failedRun(failure),
    ];
    const lambda = await lambdaStandIn(t, [streams(events)]);
    const env = {
      ...keys,
      GITHUB_ACTIONS: "true",
      GITHUB_STEP_SUMMARY: summary,
      AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    };
    const context = testContext(t, { argv: ["dev-3", "--json"], env });
    assert.equal(await main(context), 1);
    assert.equal(
      context.err.text,
      "::error title=hasura-migrate dev-3::100%250A of <b>|x|</b>%0Afailed\n",
    );
    const page = readFileSync(summary, "utf8");
    assert.ok(page.includes("| a\\|b\\`\\<c\\> |"), page);
    assert.ok(page.includes("**Failed:** 100%0A of \\<b\\>\\|x\\|\\</b\\> failed"), page);
  });

  test("an error that is not a Failure is reported as a bug, with a stack only on request", async (t) => {
    for (const debug of [false, true]) {
      const context = testContext(t, { argv: ["envs", ...(debug ? ["--debug"] : [])] });
      const broken = {
        ...context,
        out: {
          ...context.out,
          write: () => {
            throw new TypeError("nobody thought of this");
          },
        },
      };
      assert.equal(await main(broken), 70);
      assert.match(
        context.err.text,
        /^✗ This is a bug in hasura-migrate: TypeError: nobody thought of this/,
      );
      assert.equal(/\n\s+at /.test(context.err.text), debug);
    }
  });
});
