import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { dockerFile, run } from "./support/program.ts";

describe("docker/check template", () => {
  // The first time, it is installed.
  test("cfn-lint finds nothing in the template", { timeout: 900_000 }, async (t) => {
    // The tool is installed once, in the cache of the user.
    const ran = await run(dockerFile("check"), ["template"], { HOME: process.env["HOME"] ?? "" });
    if (ran.stdout.startsWith("skipped:")) t.skip("no Python, or nothing to install cfn-lint from");
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
    assert.equal(ran.stdout, "checked: docker/template.yaml\n");
  });
});
