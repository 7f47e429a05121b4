import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  checkComparison,
  checkValue,
} from "../../../src/local/hasura-api/schema-cache/column-values.ts";
import type { Json } from "../../../src/metadata/document/json.ts";

const reasonOf = (check: () => void): string | undefined => {
  try {
    check();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
};

const strings = '"varchar", "text", "citext", "bpchar"';

describe("a comparison in the condition of a permission", () => {
  const cases: readonly (readonly [operator: string, operand: Json, type: string, why?: string])[] =
    [
      ["eq", 1, "integer"],
      ["eq", "1", "integer"],
      ["eq", "X-Hasura-User-Id", "integer"],
      ["eq", null, "integer"],
      [
        ...["eq", true, "integer"],
        "parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean",
      ] as const,
      ["ne", 1, "text", "parsing Text failed, expected String, but encountered Number"],
      ["gt", "2020-01-01", "date"],
      ["gt", 2020, "date", "parsing Day failed, expected String, but encountered Number"],
      ["eq", "true", "boolean"],
      ["eq", 1, "boolean", "parsing Bool failed, expected Boolean, but encountered Number"],
      ["in", [1, "2"], "bigint"],
      ["in", "X-Hasura-Allowed-Ids", "bigint"],
      ["in", "{1,2}", "bigint", "parsing [] failed, expected Array, but encountered String"],
      ["nin", [1], "uuid", "parsing UUID failed, expected String, but encountered Number"],
      ["eq", [1, 2], "integer[]"],
      ["eq", { a: 1 }, "jsonb"],
      ["is_null", true, "integer"],
      [
        "is_null",
        "true",
        "integer",
        "parsing Bool failed, expected Boolean, but encountered String",
      ],
      ["like", "a%", "character varying"],
      [
        ...["ilike", "1%", "integer"],
        ` is of type "integer"; this operator works only on columns of type ${strings}`,
      ] as const,
      [
        "regex",
        "^a",
        "timestamp with time zone",
        ` is of type "timestamptz"; this operator works only on columns of type ${strings}`,
      ],
      ["contains", { a: 1 }, "jsonb"],
      ["contains", [1], "integer[]"],
      [
        "contains",
        "a",
        "text",
        ' is of type "text"; this operator works only on columns of type an array or JSONB',
      ],
      [
        "has_key",
        "a",
        "text[]",
        ' is of type "text[]"; this operator works only on columns of type "jsonb"',
      ],
      [
        "st_intersects",
        {},
        "integer",
        ' is of type "integer"; this operator works only on columns of type "geometry", "geography"',
      ],
      [
        "ancestor",
        "a.b",
        "text",
        ' is of type "text"; this operator works only on columns of type "ltree"',
      ],
      ["cast", { text: { _like: "%a%" } }, "jsonb"],
      [
        "cast",
        { text: { _like: "1" } },
        "integer",
        'cannot cast column of type "integer" to type "text"',
      ],
      [
        "cast",
        { text: { _eq: 1 } },
        "jsonb",
        "parsing Text failed, expected String, but encountered Number",
      ],
      // Of a domain, only its name is known.
      ["like", "a%", "email"],
      ["eq", 1, "positive_integer"],
    ];
  for (const [operator, operand, type, why] of cases)
    test(`_${operator}: ${JSON.stringify(operand)} on a column of the type ${type} is ${why === undefined ? "accepted" : "refused"}`, () => {
      assert.equal(
        reasonOf(() => checkComparison(operator, operand, { type })),
        why,
      );
    });

  test("a preset has a value of the column's type", () => {
    assert.equal(
      reasonOf(() => checkValue("now()", { type: "timestamp with time zone" })),
      undefined,
    );
    assert.equal(
      reasonOf(() => checkValue({}, { type: "integer" })),
      "parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Object",
    );
  });
});
