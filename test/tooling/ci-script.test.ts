import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "vitest";

const script = readFileSync(new URL("../../.ci/run", import.meta.url), "utf8");

test("no function of .ci/run hides a program that it looks for", () => {
  const functions = [...script.matchAll(/^(\w+)\(\) *\{/gm)].map(([, name]) => name);
  const programs = [...script.matchAll(/command -v ([\w -]+)/g)].flatMap(
    ([, names = ""]) => names.match(/[\w-]+/g) ?? [],
  );
  assert.ok(functions.includes("install_chromium") && programs.includes("chromium"));
  assert.deepEqual(
    functions.filter((name) => programs.some((program) => program === name)),
    [],
  );
});
