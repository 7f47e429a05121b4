import assert from "node:assert/strict";
import { dirname } from "node:path";
import { describe, test } from "vitest";
import { stalePages } from "../../scripts/docs/pages.ts";
import { troubleshootingPage } from "../../scripts/docs/troubleshooting.ts";
import { failureCodes } from "../../src/protocol/failure-codes.ts";

const root = dirname(dirname(import.meta.dirname));

describe("the generated pages of docs/", () => {
  test("are up to date: npm run docs changes nothing", () => {
    assert.deepEqual(stalePages(root), []);
  });
});

describe("docs/troubleshooting.md", () => {
  const whole = {
    kinds: ["usage" as const],
    meaning: "It is wrong.",
    causes: ["A typo."],
    remedies: ["Correct it."],
  };

  test("has a section for every failure code", () => {
    const page = troubleshootingPage(failureCodes);
    for (const code of Object.keys(failureCodes))
      assert.match(page, new RegExp(`^### ${code}$`, "m"));
  });

  test.for([
    { lacks: "meaning", entry: { ...whole, meaning: "" } },
    { lacks: "causes", entry: { ...whole, causes: [] } },
    { lacks: "remedies", entry: { ...whole, remedies: [] } },
  ])("is not generated for a code without $lacks", ({ entry }) => {
    assert.throws(() => troubleshootingPage({ whole, bare: entry }), /for bare$/);
  });
});
