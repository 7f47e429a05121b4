import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { guards } from "../../scripts/mutation/guards.mjs";
import { read, root } from "./support/repository.ts";

describe("the guards that `npm run mutate` removes", () => {
  test("each occurs in its file as often as listed", () => {
    const moved = guards.filter(
      ({ file, guard, times = 1 }) => read(file).split(guard).length - 1 !== times,
    );
    assert.deepEqual(
      moved.map(({ name }) => name),
      [],
    );
  });

  test("the tests that have to detect the mutation exist", () => {
    const missing = guards
      .flatMap(({ tests }) => tests)
      .filter((file) => !existsSync(join(root, file)));
    assert.deepEqual(missing, []);
  });
});
