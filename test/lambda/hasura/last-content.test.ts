import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { LastContent } from "../../../src/lambda/hasura/last-content.ts";

describe("the content of the last answer", () => {
  test("is the same value for the same text, and read again for any other", () => {
    const last = new LastContent<unknown>();
    const read = (text: string): unknown => last.of(text, () => JSON.parse(text));
    const first = read('{"a":1}');
    assert.equal(read('{"a":1}'), first);
    assert.deepEqual(read('{"a":2}'), { a: 2 });
    assert.notEqual(read('{"a":1}'), first);
  });

  test("is not kept where it could not be read", () => {
    const last = new LastContent<unknown>();
    const read = (text: string): unknown => last.of(text, () => JSON.parse(text));
    read("1");
    assert.throws(() => read("{"));
    assert.throws(() => read("{"));
    assert.equal(read("1"), 1);
  });
});
