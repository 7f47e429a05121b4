import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, test } from "vitest";
import * as z from "zod";
import { stalePages } from "../../scripts/docs/pages.ts";
import { troubleshootingPage } from "../../scripts/docs/troubleshooting.ts";
import { failureCodes } from "../../src/protocol/failure-codes/index.ts";

const root = dirname(dirname(import.meta.dirname));

/** What a file of failure codes exports. */
const Area = z.record(z.string(), z.looseObject({}));

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

  test("no code is in two files, where one would replace the other", async () => {
    const folder = join(root, "src/protocol/failure-codes");
    const areas = readdirSync(folder).filter((file) => !["entry.ts", "index.ts"].includes(file));
    const codes = await Promise.all(
      areas.map(async (file) => {
        const area = Area.parse(await import(pathToFileURL(join(folder, file)).href));
        return Object.values(area).flatMap((entries) => Object.keys(entries));
      }),
    );
    assert.deepEqual(codes.flat().sort(), Object.keys(failureCodes).sort());
  });

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
