import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  identityAlong,
  objectsOf,
  type MetadataObject,
} from "../../src/metadata/document/objects.ts";

const table = {
  table: { schema: "public", name: "users" },
  select_permissions: [{ role: "user", permission: { columns: [], filter: {} } }],
  event_triggers: [{ name: "changed", definition: {}, webhook: "https://hooks.example" }],
};
const document = { version: 3, sources: [{ name: "default", tables: [table] }] };

/** From the outermost object to this one. */
const along = (object: MetadataObject): MetadataObject[] => [
  ...(object.within ? along(object.within) : []),
  object,
];

describe("the identity of an object", () => {
  test.each(objectsOf(document).map((object) => [object.kind, object] as const))(
    "of the kind %s is the same along the path to it",
    (_kind, object) => {
      assert.equal(identityAlong(along(object)), object.identity);
    },
  );
});
