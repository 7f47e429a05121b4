import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { keepUnknownFields } from "../../src/protocol/keep-unknown-fields.ts";
import { parseJson } from "../../src/protocol/json.ts";

const Schema = z.object({
  name: z.string(),
  count: z.coerce.number().optional(),
  inner: z.object({ known: z.string() }).optional(),
  list: z.array(z.object({ known: z.string() })).optional(),
});

/** What is left of a value after the schema and `keepUnknownFields`. */
function kept(received: unknown): z.infer<typeof Schema> {
  const parsed = Schema.parse(received);
  keepUnknownFields(parsed, received);
  return parsed;
}

describe("fields that a schema does not know", () => {
  test("are kept at the top level", () => {
    assert.deepEqual(kept({ name: "a", later: { of: 1 } }), { name: "a", later: { of: 1 } });
  });

  test("are kept inside objects and in the items of lists", () => {
    const value = {
      name: "a",
      inner: { known: "x", later: 1 },
      list: [{ known: "x" }, { known: "y", later: [2] }],
    };
    assert.deepEqual(kept(value), value);
  });

  test("do not replace what the schema has made of a field that it knows", () => {
    assert.deepEqual(kept({ name: "a", count: "3" }), { name: "a", count: 3 });
  });

  test("can be changed, listed and removed like any other", () => {
    const parsed = kept({ name: "a", later: 1 });
    assert.deepEqual(Object.getOwnPropertyDescriptor(parsed, "later"), {
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });

  test("may be called __proto__, which changes no prototype", () => {
    const parsed = kept(parseJson('{"name":"a","__proto__":{"polluted":true}}'));
    assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    assert.ok(Object.hasOwn(parsed, "__proto__"));
  });
});

describe("values without counterpart", () => {
  test("a list of which the schema chose some items stays as it is", () => {
    const parsed = [{ known: "x" }];
    keepUnknownFields(parsed, [
      { known: "w", later: 1 },
      { known: "x", later: 2 },
    ]);
    assert.deepEqual(parsed, [{ known: "x" }]);
  });

  test.each([
    ["a list for an object", { a: 1 }, ["x"]],
    ["an object for a list", ["x"], { a: 1 }],
    ["null for an object", { a: 1 }, null],
    ["a text for an object", { a: 1 }, "x"],
    ["an object for null", null, { a: 1 }],
    ["an object for a number", 1, { a: 1 }],
  ])("%s changes nothing", (_, parsed: unknown, received: unknown) => {
    const before = structuredClone(parsed);
    keepUnknownFields(parsed, received);
    assert.deepEqual(parsed, before);
  });
});

test("text that is not JSON is undefined", () => {
  assert.equal(parseJson("{"), undefined);
  assert.deepEqual(parseJson('{"a":1}'), { a: 1 });
});
