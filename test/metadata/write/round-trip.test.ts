import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { documentIn, exported, v3, type Texts } from "./support/export.ts";
import { randomFrom, serverDocument } from "./support/documents.ts";

function assertSame(is: JsonMap, server: JsonMap): void {
  assert.deepEqual(compareMetadata(is, server), []);
  assert.deepEqual(compareMetadata(server, is), []);
}

function assertInside(files: Texts): void {
  const folded = Object.keys(files).map((path) => path.toLowerCase());
  assert.equal(new Set(folded).size, folded.length);
  for (const path of folded) {
    assert.match(path, /^metadata\/[^\p{C}\\:*?"<>|]+\.(yaml|graphql)$/u);
    assert(!path.split("/").includes(".."), path);
    assert(path.split("/").every((part) => Buffer.byteLength(part) < 200));
  }
}

describe("generated metadata", () => {
  for (let seed = 1; seed <= 20; seed += 1)
    test(`written to files, changed there, and read again: seed ${String(seed)}`, async () => {
      const random = randomFrom(seed);
      const [first, second] = [serverDocument(random), serverDocument(random)];

      const fresh = await exported({}, first, v3);
      assert.deepEqual(fresh.lost, []);
      assertInside(fresh.files);
      assertSame(await documentIn(fresh.files, v3), first);
      assert.deepEqual((await exported(fresh.files, first, v3)).changes, []);

      const changed = await exported(fresh.files, second, v3);
      assert.deepEqual(changed.lost, []);
      assertInside(changed.files);
      assertSame(await documentIn(changed.files, v3), second);
      assert.deepEqual((await exported(changed.files, second, v3)).changes, []);
    });
});
