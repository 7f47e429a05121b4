import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { conditionText, conjuncts } from "../../../src/metadata/diff/condition-text.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";

describe("a row filter as text", () => {
  const texts: readonly (readonly [JsonMap, string])[] = [
    [{}, ""],
    [{ id: { _eq: "X-Hasura-User-Id" } }, "id = X-Hasura-User-Id"],
    [{ id: { _eq: 1 }, name: { _ilike: "a%" } }, "id = 1 and name ilike a%"],
    [{ _and: [{ a: { _gt: 1 } }, { a: { _lte: 9 } }] }, "a > 1 and a <= 9"],
    [{ a: { _gt: 1, _lte: 9 } }, "a > 1 and a <= 9"],
    [{ _or: [{ a: { _eq: 1 } }, { b: { _is_null: true } }] }, "(a = 1 or b is null)"],
    [{ _or: [{ a: { _eq: 1 }, b: { _eq: 2 } }, {}] }, "(a = 1 and b = 2 or true)"],
    [{ _or: [] }, "false"],
    [{ _not: { a: { _in: [1, 2] } } }, "not (a in [1,2])"],
    [{ deleted_at: { _is_null: false } }, "deleted_at is not null"],
    [
      { order: { customer: { id: { _eq: "X-Hasura-User-Id" } } } },
      "order.customer.id = X-Hasura-User-Id",
    ],
    [{ order: {} }, "order exists"],
    [{ a: { _ceq: "b" } }, "a = column b"],
    [
      { _exists: { _table: { schema: "app", name: "admins" }, _where: { id: { _eq: 1 } } } },
      "exists in app.admins where id = 1",
    ],
    [{ a: { _newer_operator: 3 } }, "a._newer_operator = 3"],
  ];
  for (const [condition, text] of texts)
    test(text === "" ? "one that always holds has no text" : text, () => {
      assert.equal(conditionText(condition), text);
    });

  test("its parts are those that all have to hold, however they are written", () => {
    const nested = { _and: [{ a: { _eq: 1 } }, { _and: [{ b: { _eq: 2 } }] }], c: { _eq: 3 } };
    assert.deepEqual(conjuncts(nested), ["a = 1", "b = 2", "c = 3"]);
  });
});
