import assert from "node:assert/strict";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { bundle } from "../../scripts/bundle.mjs";
import { root } from "./support/repository.ts";
import { temporaryDirectory } from "./support/run-step.ts";

/** Without the parts of a name that depend on paths. */
const withoutHashes = (paths: Iterable<string>): string[] =>
  [...paths].map((path) => path.replace(/(-[A-Z0-9]{8})?-[\w-]{8}\.mjs$/, ".mjs")).sort();

describe("the bundles", () => {
  test("are the same where node_modules is a link to a directory elsewhere", async () => {
    const copy = temporaryDirectory();
    for (const part of ["package.json", "tsconfig.json", "scripts", "src"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const [here, there] = [await bundle(root), await bundle(copy)];
    assert.deepEqual(withoutHashes(there.files.keys()), withoutHashes(here.files.keys()));
  });
});
