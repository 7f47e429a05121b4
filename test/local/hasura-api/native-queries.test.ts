import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { startTestApi, type TestApi } from "../../support/hasura-api.ts";

const schema = `create table authors (id int primary key, name text); create sequence numbers;`;

interface Query {
  readonly code: string;
  readonly arguments?: object;
  /** The type of the column `id`. */
  readonly type?: string;
}

/** Replaces the metadata by these native queries. Returns the inconsistent objects: what the database answered, or the reason. */
async function check(api: TestApi, ...queries: readonly Query[]): Promise<unknown[]> {
  const source = {
    ...{ name: "default", kind: "postgres", configuration: {}, tables: [] },
    logical_models: queries.map(({ type = "integer" }, i) => ({
      ...{ name: `row${String(i)}`, fields: [{ name: "id", type: { scalar: type } }] },
    })),
    native_queries: queries.map(({ code, arguments: declared }, i) => ({
      ...{ root_field_name: `query${String(i)}`, returns: `row${String(i)}`, code },
      ...(declared !== undefined && { arguments: declared }),
    })),
  };
  const { status, body } = await api.post("/v1/metadata", {
    ...{ type: "replace_metadata", version: 2 },
    args: { allow_inconsistent_metadata: true, metadata: { version: 3, sources: [source] } },
  });
  assert.equal(status, 200, JSON.stringify(body));
  return Answer.parse(body).inconsistent_objects.map(({ reason, message }) =>
    typeof message === "object" ? message.error.message : (message ?? reason),
  );
}

const Answer = z.object({
  inconsistent_objects: z.array(
    z.object({
      reason: z.string(),
      message: z
        .union([z.string(), z.object({ error: z.object({ message: z.string() }) })])
        .optional(),
    }),
  ),
});

/** The first value of a query in the same session, the only one of its pool. */
async function ask(api: TestApi, sql: string): Promise<string | undefined> {
  const { body } = await api.sql(sql);
  return z.object({ result: z.array(z.array(z.string())) }).parse(body).result[1]?.[0];
}

const prepared = "select count(*) from pg_prepared_statements";
const id = { type: "integer" };

describe("PostgreSQL prepares a native query", () => {
  const refused: readonly (readonly [what: string, query: Query, answer: string])[] = [
    ["has a syntax error", { code: "selekt 1 as id" }, 'syntax error at or near "selekt"'],
    ["is empty", { code: " ;" }, 'syntax error at or near ")"'],
    [
      "calls a function with too many arguments",
      { code: "select length('a', 'b', 'c') as id" },
      "function length(unknown, unknown, unknown) does not exist",
    ],
    [
      "has an argument of a type that does not exist",
      { code: "select {{id}}::int as id", arguments: { id: { type: "gone" } } },
      'type "gone" does not exist',
    ],
    [
      "compares an argument with a value of another type",
      { code: "select id from authors where name = {{id}}", arguments: { id } },
      "operator does not exist: text = integer",
    ],
    [
      "returns an array instead of its item",
      { code: "select array[1] as id" },
      "Return column 'id' has a type mismatch. The expected type is 'integer', but the actual type is 'integer[]'.",
    ],
    [
      "cannot run in a transaction",
      { code: "create database other" },
      'syntax error at or near "create"',
    ],
    ["ends the transaction", { code: "commit" }, 'syntax error at or near "commit"'],
    [
      "contains the character U+0000",
      { code: "select 1 as id -- \0" },
      'invalid byte sequence for encoding "UTF8": 0x00',
    ],
  ];
  for (const [what, query, answer] of refused)
    test(`that ${what}, and reports why it cannot`, async (t) => {
      const api = await startTestApi(t);
      await api.sql(schema);
      assert.deepEqual(await check(api, query, { code: "select 1 as id" }), [answer]);
      assert.equal(await ask(api, prepared), "0");
    });

  test("as often as the metadata is replaced, and nothing is left in the session", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const queries: readonly Query[] = [
      { code: "select id from authors where id = {{id}}", arguments: { id } },
      { code: "select name as id from authors", type: "int4" },
      { code: String.raw`select length(replace('a', '\u0000', '')) as id` },
      { code: "select name as id from authors", type: "varchar(" },
      { code: "select name as id from authors", type: "gone" },
      { code: "select id from gone" },
    ];
    const expected = [
      "Return column 'id' has a type mismatch. The expected type is 'integer', but the actual type is 'text'.",
      'relation "gone" does not exist',
    ];
    for (const time of ["first", "second"]) {
      assert.deepEqual(await check(api, ...queries), expected, time);
      assert.equal(await ask(api, prepared), "0", time);
    }
  });

  test("and never executes it", async (t) => {
    const api = await startTestApi(t);
    await api.sql(schema);
    const drop = "drop table authors; commit; with x as (select 1 as id";
    const several = "cannot insert multiple commands into a prepared statement";
    const queries: readonly Query[] = [
      { code: "insert into authors values (1) returning id" },
      { code: "select nextval('numbers')::int as id" },
      { code: `select 1 as id) select 1 as id; ${drop}` },
      {
        code: "select {{id}} as id",
        arguments: {
          id: { type: `int) as select 1; drop table authors; commit; prepare other(int` },
        },
      },
    ];
    assert.deepEqual(await check(api, ...queries), [several, several]);
    // Where a backslash escapes the quote after it, the text is over sooner.
    await api.sql("set standard_conforming_strings = off");
    const hidden = { code: `select 1 as id, '\\'') select 1 as id; ${drop} --'` };
    assert.deepEqual(await check(api, hidden), [several]);
    assert.equal(await ask(api, "select count(*) from authors"), "0");
    assert.equal(await ask(api, "select is_called from numbers"), "f");
  });
});
