import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { asVersion3 } from "../../../src/metadata/diff/version-3.ts";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";

const orders = { table: { schema: "public", name: "orders" } };
const connection = { connection_info: { database_url: { from_env: "URL" } } };

const server = (...others: readonly JsonMap[]): JsonMap => ({
  version: 3,
  sources: [
    { name: "default", kind: "postgres", configuration: connection, tables: [orders] },
    ...others,
  ],
});

describe("a project of config version 2 on a server with metadata version 3", () => {
  const project = {
    value: { version: 2, tables: [orders], functions: [] },
    configVersion: 2,
  } as const;

  test("its tables are those of the source default, whose connection stays", () => {
    assert.deepEqual(compareMetadata(server(), asVersion3(project, server()).document), []);
  });

  test("the server's other databases would be removed", () => {
    const before = server({ name: "audit", kind: "postgres", tables: [] });
    const changes = compareMetadata(before, asVersion3(project, before).document);
    assert.deepEqual(
      changes.map(({ path, change }) => [path.map(({ name }) => name).join(), change]),
      [["audit", "removed"]],
    );
  });

  test("the server's REST endpoints stay", () => {
    const endpoint = { name: "orders", url: "orders", methods: ["GET"] };
    const before = { ...server(), rest_endpoints: [endpoint] };
    const { document } = asVersion3(project, before);
    assert.deepEqual(document["rest_endpoints"], [endpoint]);
    assert.deepEqual(compareMetadata(before, document), []);
  });

  test("an object is looked up in the project's own document", () => {
    const { pathInFiles } = asVersion3(project, server());
    assert.deepEqual(pathInFiles(["sources", 0, "tables", 0]), ["tables", 0]);
    assert.deepEqual(pathInFiles(["actions", 1]), ["actions", 1]);
  });
});

test("a project of config version 3 is compared as it is", () => {
  const project = { value: server(), configVersion: 3 } as const;
  const { document, pathInFiles } = asVersion3(project, server());
  assert.equal(document, project.value);
  assert.deepEqual(pathInFiles(["sources", 0]), ["sources", 0]);
});
