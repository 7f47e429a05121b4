import assert from "node:assert/strict";
import pg from "pg";
import { describe, test } from "vitest";
import * as z from "zod";
import { checkConsistency } from "../../../src/metadata/consistency/check-consistency.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { namesOf, readSchema } from "../../../src/verify/metadata/read-schema.ts";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";

const Answer = z.object({ inconsistent_objects: z.array(z.unknown()) });

const apply = async (api: TestApi, metadata: JsonMap): Promise<number> => {
  const { status, body } = await api.post("/v1/metadata", {
    type: "replace_metadata",
    version: 2,
    args: { allow_inconsistent_metadata: true, metadata },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return Answer.parse(body).inconsistent_objects.length;
};

const source = { name: "default", kind: "postgres", configuration: {} };
const roles = ["a", "b", "c", "d", "e"];

/** Tables in a chain, each with a relationship to the one before it and four permissions for every role. */
const chain = (length: number): JsonMap => ({
  version: 3,
  sources: [
    {
      ...source,
      tables: Array.from({ length }, (_, i) => ({
        table: `t${String(i)}`,
        ...(i > 0 && {
          object_relationships: [
            { name: "previous", using: { foreign_key_constraint_on: "previous_id" } },
          ],
        }),
        ...permissions(i > 0 ? { previous: { name: { _eq: "x" } } } : { id: { _gt: 0 } }),
      })),
    },
  ],
});

function permissions(condition: JsonMap): JsonMap {
  const columns = ["id", "name"];
  const each = (permission: JsonMap): JsonMap[] => roles.map((role) => ({ role, permission }));
  return {
    select_permissions: each({ columns, filter: condition }),
    insert_permissions: each({ columns, check: condition }),
    update_permissions: each({ columns, filter: condition, check: null }),
    delete_permissions: each({ filter: condition }),
  };
}

const tablesSql = (length: number): string =>
  Array.from({ length }, (_, i) => {
    const key = i > 0 ? `references t${String(i - 1)}` : "";
    return `create table t${String(i)} (id int primary key, name text, previous_id int ${key});`;
  }).join("\n");

/** What a migration does to two tables of the chain. */
const damages: Readonly<Record<string, string>> = {
  nothing: "select 1",
  "drops a column that permissions name": "alter table t1 drop column name",
  "renames a column of a foreign key": "alter table t1 rename column previous_id to p",
  "drops a foreign key": "alter table t1 drop constraint t1_previous_id_fkey",
  "renames a table": "alter table t1 rename to t9",
  "adds a column": "alter table t1 add column more int",
};

describe("verify and the API agree about metadata after a migration that", () => {
  for (const [what, sql] of Object.entries(damages))
    test(what, async (t) => {
      const api = await startTestApi(t);
      await api.sql(tablesSql(3));
      await api.sql(sql);
      const metadata = chain(3);
      const client = new pg.Client({ connectionString: api.databaseUrl });
      await client.connect();
      t.onTestFinished(() => client.end());
      const value = { ...metadata };
      const document = { value, configVersion: 3, placeOf: () => undefined } as const;
      const problems =
        checkConsistency(document, "default", namesOf(await readSchema(client))) ?? [];
      assert.equal(problems.length === 0, (await apply(api, metadata)) === 0);
    });
});
