import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { read, root } from "./support/repository.ts";

const lines = read(".ci/allowed-skips")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

/** Every test file, by its path from the root. */
const testFiles = (): string[] =>
  readdirSync(join(root, "test"), { encoding: "utf8", recursive: true })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `test/${path.replaceAll("\\", "/")}`);

describe("the tests that may be skipped in CI", () => {
  test.each(lines)("%s", (line) => {
    const [, file = "", title = ""] = /^(test\/\S+\.ts): (.*)$/.exec(line) ?? [];
    assert.ok(existsSync(join(root, file)), `there is no ${file}`);
    assert.ok(read(file).includes(title), `${file} has no test "${title}"`);
  });

  test.each(testFiles().filter((file) => /process\.env\["HASURA_CLI_BINARY"\]/.test(read(file))))(
    "%s, which needs the official CLI, is one of them",
    (file) => {
      assert.ok(
        lines.some((line) => line.startsWith(`${file}: `)),
        `${file} is not in .ci/allowed-skips`,
      );
    },
  );
});
