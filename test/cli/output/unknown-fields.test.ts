import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { broken, row } from "../../support/failure-cases.ts";
import { frame, lambdaStandIn } from "../../support/lambda-stand-in.ts";
import {
  constraint,
  failedMigration,
  failedRun,
  item,
  migrationStarted,
  plan,
  started,
} from "../../support/run-events.ts";
import { testContext } from "../../support/test-context.ts";

const added = { since: "2.0", nested: [{ deep: true }] };

interface Line {
  readonly type: string;
  readonly exit?: number;
}

/** What `--json` prints of these events. */
async function printed(t: TestContext, events: readonly object[]): Promise<Line[]> {
  const answer = broken(events, (response) => void response.end(frame("InvokeComplete", "{}")));
  const lambda = await lambdaStandIn(t, [answer]);
  const context = testContext(t, {
    argv: ["dev-3", "--json"],
    env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
  });
  await main(context);
  return context.out.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)
    .filter(({ type }) => type !== "log");
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, name) : undefined,
    value,
  );
}

const failure = {
  ...constraint,
  added,
  sql: { ...constraint.sql, added, place: { ...constraint.sql.place, added } },
};

describe("fields and events from a newer function, with --json", () => {
  test("fields are passed on, at every depth", async (t) => {
    const lines = await printed(t, [
      started("dev-3", { added, image: { commit: "4c6ea1a", added } }),
      plan([item(...row, { added })], { added }),
      { ...migrationStarted(...row), added },
      failedMigration(...row, failure),
      { ...failedRun(failure), added },
    ]);
    for (const [line, path] of [
      [0, ["added"]],
      [0, ["image", "added"]],
      [1, ["databases", 0, "added"]],
      [1, ["databases", 0, "items", 0, "added"]],
      [2, ["added"]],
      [3, ["failure", "added"]],
      [3, ["failure", "sql", "place", "added"]],
      [4, ["added"]],
      [4, ["failure", "sql", "added"]],
    ] as const)
      assert.deepEqual(valueAt(lines[line], path), added, `${line}: ${path.join(".")}`);
  });

  test("an event of an unknown type is passed on whole, where nothing in it passes for another event", async (t) => {
    const unknown = { type: "from.the.future", added, exit: 0, env: "other" };
    const lines = await printed(t, [started(), unknown, failedRun(constraint)]);
    assert.deepEqual(lines[1], { type: "unknown", env: "dev-3", event: unknown });
  });

  test("a field with the name of one of the CLI's does not replace it", async (t) => {
    const events = [
      started("dev-3", { exit: 0, env: "other", ["__proto__"]: { polluted: true } }),
      { ...failedRun(constraint), exit: 0, env: "other" },
    ];
    const lines = await printed(t, events);
    assert.deepEqual(
      lines.map((line) => [line.exit, "env" in line && line.env]),
      [
        [undefined, "dev-3"],
        [1, "dev-3"],
      ],
    );
    assert.equal(valueAt(lines[0], ["polluted"]), undefined);
  });
});
