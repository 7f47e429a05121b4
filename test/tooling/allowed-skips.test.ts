import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { read, root } from "./support/repository.ts";

const lines = read(".ci/allowed-skips")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

describe("the tests that may be skipped in CI", () => {
  test.each(lines)("%s", (line) => {
    const [, file = "", title = ""] = /^(test\/\S+\.ts): (.*)$/.exec(line) ?? [];
    assert.ok(existsSync(join(root, file)), `there is no ${file}`);
    assert.ok(read(file).includes(title), `${file} has no test "${title}"`);
  });
});
