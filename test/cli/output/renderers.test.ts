import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { missingInImage, type LocalMigrations } from "../../../src/cli/project/image-drift.ts";
import { main } from "../../../src/cli/main.ts";
import { liveRegion } from "../../../src/cli/output/terminal/live-region.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { age, textWidth, truncate, duration } from "../../../src/cli/output/format.ts";
import { didYouMean } from "../../../src/cli/options/did-you-mean.ts";
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
import { emptyDirectory, instant, testContext } from "../../support/test-context.ts";
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

  test("wide characters count twice, marks not at all, and nothing is cut in half", () => {
    assert.equal(textWidth("日本"), 4);
    assert.equal(textWidth("e\u0301"), 1);
    assert.equal(truncate("日本語の名前", 6), "日本…");
    assert.equal(truncate("short", 6), "short");
  });

  test("a name cannot move the cursor", () => {
    assert.equal(truncate("a\u001b[2Jb\nc", 20), "a�[2Jb�c");
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
      const sink = { write: () => undefined, isTTY, columns: 80 };
      assert.equal(colorsFor(sink, env, color).red("x") !== "x", colored);
    });
  }

  test("a drawn region is taken away whole before anything else is written", () => {
    let text = "";
    const region = liveRegion({ write: (more) => (text += more), isTTY: true, columns: 80 });
    region.draw(["a", "b"]);
    region.draw(["a", "b"]);
    region.clear();
    region.clear();
    assert.equal(text, "a\nb\n\u001b[2A\r\u001b[0J");
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
      "! 2 files here are not in the image 4c6ea1a: 200_x, 300_x. Build and deploy an image that has them.",
    );
    assert.match(
      missingInImage(here, eventOf("plan", plan([], { newestFile: "200" })), "") ?? "",
      /^! 1 file here is not in the image: 300_x\./,
    );
    assert.equal(
      missingInImage(here, eventOf("plan", plan([], { newestFile: "300" })), ""),
      undefined,
    );
    assert.equal(missingInImage(here, eventOf("plan", plan([])), ""), undefined);
  });

  test("in a terminal the plan stands below the running row and fills in; nothing of it is left at the end", async (t) => {
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
    // Every line that was drawn was also taken away.
    const drawn = context.err.text
      .split("\n")
      // eslint-disable-next-line no-control-regex -- cursor codes are what is looked for
      .filter((line) => /^(\u001b\[\d+A\r\u001b\[0J)?(⠋| {2}1700)/.test(line)).length;
    // eslint-disable-next-line no-control-regex -- cursor codes are what is looked for
    const removed = Array.from(context.err.text.matchAll(/\u001b\[(\d+)A/g), (match) =>
      Number(match[1]),
    ).reduce((sum, count) => sum + count, 0);
    assert.ok(drawn > 0);
    assert.equal(removed, drawn);
  });

  test("a CI with a terminal gets plain lines and no cursor codes", async (t) => {
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

  test("a heartbeat says how long the running migration takes", async (t) => {
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

  test("what PostgreSQL notes about a file stands with its migration", async (t) => {
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
    assert.match(context.err.text, /^✗ 1700000000200_drop_legacy_flag failed/);
    assert.doesNotMatch(context.err.text, /Hasura v2|started/);
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
      /^::error file=migrations\/default\/1700000000200_drop_legacy_flag\/up\.sql,line=1::cannot drop column/m,
    );
    assert.equal(
      readFileSync(summary, "utf8"),
      `### hasura-migrate apply dev-3

| database | version | name | | |
| --- | --- | --- | --- | ---: |
| default | 1700000000100 | add_order_notes | **failed** | 22 ms |

**Failed:** 1700000000200_drop_legacy_flag failed; nothing of it was kept.
`,
    );
  });

  test("what is not a failure of ours is called a bug, with a stack only where asked for", async (t) => {
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
