import assert from "node:assert/strict";
import { test } from "vitest";
import { JsonObject } from "../../src/protocol/json-object.ts";

test("an object of what JSON.parse returns is a JSON object", () => {
  const document = { sources: [{ name: "a", limit: null, on: true, size: 1.5 }] };
  // Itself, not a copy: metadata can be large.
  assert.equal(JsonObject.parse(document), document);
  for (const other of [[], null, "a", undefined, { a: undefined }, { a: [() => 1] }])
    assert.equal(JsonObject.safeParse(other).success, false, JSON.stringify(other));
});
