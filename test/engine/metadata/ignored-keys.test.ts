import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { differencesTo, namesOf } from "../../../src/engine/metadata/differences.ts";
import { ignoredKeys } from "../../../src/engine/metadata/ignored-keys.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";

const documentWith = (table: JsonMap, permission: JsonMap = {}, more: JsonMap = {}): JsonMap => ({
  version: 3,
  sources: [
    {
      ...{ name: "default", kind: "postgres" },
      tables: [
        {
          table: { schema: "public", name: "orders" },
          ...table,
          insert_permissions: [
            { role: "user", permission: { check: {}, columns: ["id"], ...permission } },
          ],
        },
      ],
    },
  ],
  ...more,
});

/** The keys that were ignored, and the names of what else differs. */
function found(wanted: JsonMap, document: JsonMap, isUntouched: boolean): [string[], string] {
  const left = differencesTo(wanted, { resourceVersion: 2, document, inconsistent: [] });
  const { keys, others } = ignoredKeys(left, isUntouched);
  return [[...keys], namesOf(others)];
}

describe("keys that the server has ignored", () => {
  const validation = { validate_input: { type: "http", definition: { url: "https://a.example" } } };
  const federation = { apollo_federation_config: { enable: "v1" } };
  const wanted = documentWith(federation, validation);
  const keys = [
    "sources.tables.apollo_federation_config",
    "sources.tables.insert_permissions.permission.validate_input",
  ];

  test("are found inside objects", () => {
    assert.deepEqual(found(wanted, documentWith({}), true), [keys, ""]);
  });

  test("do not hide what somebody else has changed", () => {
    const stored = documentWith({}, { columns: ["id", "total"] });
    assert.deepEqual(found(wanted, stored, true), [keys, "default › public.orders › user"]);
  });

  test("inside objects may have been removed by somebody, if the metadata has changed since", () => {
    assert.deepEqual(found(wanted, documentWith({}), false), [
      [],
      "default › public.orders, default › public.orders › user",
    ]);
  });

  test("are found in the document itself, whoever has changed it", () => {
    const future = documentWith({}, {}, { future: { on: true } });
    for (const isUntouched of [true, false])
      assert.deepEqual(found(future, documentWith({}), isUntouched), [["future"], ""]);
  });
});
