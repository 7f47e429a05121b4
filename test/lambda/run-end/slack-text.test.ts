import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { logAddress } from "../../../src/lambda/run-end/log-address.ts";
import { noFacts } from "../../../src/lambda/run-end/run-facts.ts";
import { runReport, type RunReport } from "../../../src/lambda/run-end/run-report.ts";
import { slackText } from "../../../src/lambda/run-end/slack-text.ts";
import { Request } from "../../../src/protocol/request.ts";
import { redactor } from "../../../src/lambda/secrets/redact.ts";
import { context } from "../support/invoke.ts";
import { request } from "../support/request.ts";

interface Given {
  readonly actor?: object;
  readonly name?: string;
  readonly message?: string;
  readonly logGroupName?: string;
}

/** The report of an apply in which the fourth of five migrations failed. */
function failedRun({ actor = {}, name = "add_discounts", message, logGroupName }: Given = {}) {
  const redact = redactor();
  redact.learn("the-very-secret-value");
  const given = request("apply");
  const report = runReport({
    request: Request.parse({ ...given, actor: { ...given.actor, ...actor } }),
    facts: {
      ...noFacts,
      applied: 3,
      failedMigration: { database: "default", version: "1700", name, direction: "up" },
      end: {
        type: "run.failed",
        applied: 3,
        notReached: 1,
        tookMs: 1,
        failure: {
          kind: "migration",
          code: "sql-error",
          message: message ?? 'type "numerc" does not exist',
          hints: [],
          causes: [],
        },
      },
    },
    context: { ...context, ...(logGroupName !== undefined && { logGroupName }) },
    startedAt: 1_795_000_000_000,
    endedAt: 1_795_000_012_340,
    redact: redact.text,
  });
  return report ?? assert.fail("there is no report");
}

const text = (given?: Given): string => slackText(failedRun(given));

describe("the text of a notification", () => {
  test("has who, what, where, the failed migration, how long it took, and the log", () => {
    const given = {
      actor: { gitBranch: "main", gitCommit: "4c6ea1a", ciJob: "https://ci.test/1" },
      logGroupName: "/aws/lambda/hasura-migrate-dev-3",
    };
    assert.equal(
      text(given),
      `*dev-3*: apply FAILED after 12.3 s: 3 applied, 1 not reached
Failed migration: 1700_add_discounts (default, up)
migration/sql-error: type "numerc" does not exist
By ada on laptop, main at 4c6ea1a
https://ci.test/1
Run 0199a7c0-0000-7000-8000-000000000001, <https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Faws$252Flambda$252Fhasura-migrate-dev-3/log-events$3FfilterPattern$3D$25220199a7c0-0000-7000-8000-000000000001$2522$26start$3D1795000000000|log>`,
    );
  });

  test("has no link to a log of the local Lambda service", () => {
    const local = "arn:aws:lambda:eu-west-1:000000000000:function:hasura-migrate-dev-3";
    const logGroupName = "/aws/lambda/hasura-migrate-dev-3";
    assert.notEqual(logAddress({ ...context, logGroupName }, "run", 1), undefined);
    assert.equal(
      logAddress({ ...context, logGroupName, invokedFunctionArn: local }, "run", 1),
      undefined,
    );
  });

  test("of a run without changes says so", () => {
    const report: RunReport = { ...failedRun(), outcome: "finished", applied: 0, notReached: 0 };
    assert.match(slackText(report), /apply finished after 12\.3 s: nothing was changed\n/);
    assert.match(slackText({ ...report, durationMs: 245_300 }), /after 4 min 5 s/);
  });

  test.each(["<!channel>", "<!here|here>", "<@U123>", "@here", "@channel", "@all", "&lt;!here>"])(
    "mentions nobody when a name is %s",
    (name) => {
      const all = text({ name, actor: { user: name, gitBranch: name }, message: name });
      assert.doesNotMatch(all, /<(?!https:\/\/[a-z0-9.-]+\.amazon)|@(?!\u200B)|&(?!amp;|lt;|gt;)/);
    },
  );

  test("is free of line breaks, control and direction characters from outside", () => {
    const all = text({ name: "a\nb\u202Ec\u001B[31m\u0000\u2028d", message: "one\r\ntwo\u0007" });
    assert.match(all, /1700_a b c \[31m d \(/);
    assert.match(all, /: one two\n/);
    assert.equal(all.split("\n").length, 5);
  });

  test("has no secret", () => {
    const all = text({
      message: "wrong: the-very-secret-value",
      actor: { user: "the-very-secret-value" },
    });
    assert.doesNotMatch(all, /the-very-secret/);
    assert.match(all, /wrong: \[admin secret\]/);
  });

  test("is bounded, and never cut inside a character", () => {
    const long = "💥&".repeat(400);
    const actor = { user: "u".repeat(200), host: "h".repeat(200), gitBranch: "b".repeat(300) };
    const all = text({ name: long, message: long, actor });
    assert.ok(all.length < 4000, String(all.length));
    assert.doesNotMatch(all, /\p{Surrogate}|\uFFFD/u);
    assert.match(all, /…/);
  });

  for (const [objects, inconsistent, shown] of [
    [11, 0, ": 3 applied, 1 not reached, 11 metadata objects changed\n"],
    [1, 2, ": 3 applied, 1 not reached, 1 metadata object changed (2 inconsistent)\n"],
    [0, 0, ": 3 applied, 1 not reached, metadata changed\n"],
  ] as const)
    test(`counts ${objects} objects of metadata, ${inconsistent} of them inconsistent`, () => {
      const metadata = { objects, inconsistent };
      assert.ok(slackText({ ...failedRun(), metadata }).includes(shown));
    });
});
