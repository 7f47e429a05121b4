import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";

/** What ends before there is a run, and the environment that its words name. */
const refused: readonly [argv: readonly string[], env: string | undefined][] = [
  [["dev-1", "--stpes", "2"], "dev-1"],
  [["--profile", "acme", "dev-1", "--stpes"], "dev-1"],
  [["dev-1", "--to"], "dev-1"],
  [["status", "dev-1", "--to", "3"], "dev-1"],
  [["mark", "dev-1"], "dev-1"],
  [["mark", "dev-1", "5"], "dev-1"],
  [["dev-1", "--steps", "0"], "dev-1"],
  [["down", "dev-1"], "dev-1"],
  [["down", "dev-1", "--yes=dev-2"], "dev-1"],
  [["status", "locla"], "locla"],
  [["status", "local", "--profile", "x"], "local"],
  [["local", "--no-wait"], "local"],
  [["dev-1", "--config", "missing.json"], "dev-1"],
  [["dev-1", "dev-2", "--function", "shared"], undefined],
  [["dev-1", "dev-2", "--stpes"], undefined],
  [["status"], undefined],
  [["new"], undefined],
  [["new", "users", "--stpes"], undefined],
];

describe("closing object", () => {
  for (const [argv, env] of refused) {
    test(`the closing object of ${argv.join(" ")} has its exit code and ${env ?? "no environment"}`, async (t) => {
      const context = testContext(t, { argv: ["--json", ...argv] });
      assert.equal(await main(context), 2);
      const closing = JSON.parse(context.out.text) as { type: string; env?: string; exit: number };
      assert.deepEqual([closing.type, closing.env, closing.exit], ["failure", env, 2]);
      assert.equal(context.err.text, "");
    });
  }
});
