import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import { row, broken } from "../../support/failure-cases.ts";
import { lambdaStandIn, streams, type Answer } from "../../support/lambda-stand-in.ts";
import { applied, finished, item, plan, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

/** A project whose newest migration is not in the function: the CLI says so once it has read the directory. */
function projectAhead(t: TestContext): string {
  const root = emptyDirectory(t);
  writeFileSync(join(root, "config.yaml"), "version: 3\n");
  const folder = join(root, "migrations/default/9900000000000_newest");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "up.sql"), "select 1;");
  return root;
}

const begun = [started(), plan([item(...row)], { files: [row[0]] })];

const cases: readonly (readonly [string, Answer, string, number])[] = [
  ["a run's end", streams([...begun, applied(...row), finished(1)]), "run.finished", 0],
  ["a failure", broken(begun, (response) => response.destroy()), "failure", 4],
];

describe("last line", () => {
  for (const [name, answer, type, exit] of cases) {
    test(`${name} is the last line of --json, even when something else had to be looked up first`, async (t) => {
      const lambda = await lambdaStandIn(t, [answer]);
      const context = testContext(t, {
        argv: ["dev-3", "--json"],
        env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
        cwd: projectAhead(t),
      });
      assert.equal(await main(context), exit);
      const lines = context.out.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { type: string; message?: string; exit?: number });
      assert.ok(
        lines.some(({ message }) => message?.includes("not in the image") ?? false),
        context.out.text,
      );
      assert.deepEqual([lines.at(-1)?.type, lines.at(-1)?.exit], [type, exit], context.out.text);
    });
  }
});
