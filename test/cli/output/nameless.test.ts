import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { createRenderer } from "../../../src/cli/output/create-renderer.ts";
import { colorsFor } from "../../../src/cli/output/terminal/colors.ts";
import { inDoubtLines } from "../../../src/cli/output/views/in-doubt.ts";
import { previewLines } from "../../../src/cli/output/views/preview.ts";
import { RunEvent, type EventOf } from "../../../src/protocol/events.ts";
import {
  applied,
  failedMigration,
  constraint,
  item,
  migrationStarted,
  plan,
  started,
  status,
} from "../../support/run-events.ts";
import { testContext, type TestCliContext } from "../../support/test-context.ts";

const version = "1700000000100";
const nameless = [version, ""] as const;
const down = { direction: "down" } as const;
const marked = { ...migrationStarted(...nameless), type: "migration.marked", as: "pending" };
const run = {
  ...{ runId: "0199", operation: "mark", user: "ada", host: "laptop", requestId: "r" },
  ...{ startedAt: "2026-11-24T12:04:21.000Z", outcome: "finished", live: false },
  migrations: [{ database: "default", version, name: "", change: "marked pending" }],
};

/** What is shown of these events; gaps of more than two blanks would be an empty column. */
async function shown(
  t: TestContext,
  events: readonly object[],
  { terminal = false, operation = "mark" } = {},
): Promise<TestCliContext> {
  const context = testContext(t, { argv: [], terminal, columns: 200 });
  const renderer = await createRenderer(context, {
    ...{ environment: "dev-3", operation, run: "0199" },
    ...{ quiet: false, color: false, debug: false, json: false },
  });
  for (const event of events) renderer.event(RunEvent.parse(event));
  renderer.close();
  return context;
}

describe("a version without a name", () => {
  const steps = [
    started("mark"),
    marked,
    migrationStarted(...nameless),
    applied(...nameless),
    { ...failedMigration(...nameless, constraint) },
  ];

  test("in a log there is no space in place of the name", async (t) => {
    const { out, err } = await shown(t, steps);
    const lines = `${out.text}${err.text}`.split("\n").filter((line) => line.includes(version));
    assert.equal(lines.length, 4, out.text + err.text);
    for (const line of lines) assert.match(line, new RegExp(`default ${version} \\S`));
  });

  test("in a terminal there is no empty column in its place", async (t) => {
    const { out, err } = await shown(t, steps, { terminal: true });
    const text = `${out.text}${err.text}`;
    assert.ok(text.includes(version));
    assert.doesNotMatch(text, new RegExp(`${version} {3}`));
  });

  test("the same holds for a plan, a status, a history and a preview", async (t) => {
    const planned = plan([item(...nameless)]);
    const listed = status([{ version, name: "", state: "unknown" }]);
    const history = { type: "history", runs: [run] };
    for (const [event, operation] of [
      [planned, "plan"],
      [listed, "status"],
      [history, "history"],
    ] as const) {
      const { out } = await shown(t, [event], { operation });
      assert.match(out.text, new RegExp(`${version} {2}\\S`), operation);
    }
    const style = colorsFor({ isTTY: false }, {}, false);
    const asked = RunEvent.parse(listed) as EventOf<"status">;
    assert.match(inDoubtLines(asked, style, 200).join("\n"), new RegExp(`${version} {2}unknown`));
    const previewed = RunEvent.parse(plan([item(...nameless, down)])) as EventOf<"plan">;
    assert.doesNotMatch(previewLines(previewed, style, 200).join("\n"), /\d {3}|\d_/);
  });

  test("the heading of a roll back names it by its version alone", async (t) => {
    const { err } = await shown(t, [started("down"), plan([item(...nameless, down)])], {
      operation: "down",
    });
    assert.match(err.text, new RegExp(`: ${version}\n`));
  });

  test("next to versions with names, its column is as wide as theirs", async (t) => {
    const { out } = await shown(t, [plan([item(...nameless), item("1700000000200", "four")])], {
      operation: "plan",
    });
    assert.match(out.text, new RegExp(`${version} {8}\\S`));
  });
});
