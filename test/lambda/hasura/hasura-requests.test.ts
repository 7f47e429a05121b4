import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { Failure } from "../../../src/protocol/failure.ts";
import { scriptedHasura, type Scripted } from "../../support/scripted-hasura.ts";
import { callError, client, sql } from "../support/hasura-client.ts";

const done = { json: { result_type: "CommandOk", result: null } };
const consistent = { json: { is_consistent: true, inconsistent_objects: [] } };
const denied = { status: 401, json: { path: "$", error: "denied", code: "access-denied" } };

describe("a server before metadata v3", () => {
  const old = ({ path, body }: { path: string; body?: { type?: string } | undefined }) => {
    if (path !== "/v1/query") return undefined;
    if (body?.type === "export_metadata") return { json: { version: 2, tables: [] } };
    return body?.type === "run_sql" ? done : consistent;
  };

  test("is called only at /v1/query, without options that it does not know", async (t) => {
    const { url, asked } = await scriptedHasura(t, old);
    const hasura = client(t, url);
    await hasura.exportMetadata();
    assert.deepEqual(await hasura.inconsistentObjects(), []);
    await hasura.reloadMetadata(["default"]);
    assert.deepEqual(
      asked.slice(2).map(({ path, body }) => [path, body]),
      [
        ["/v1/query", { type: "get_inconsistent_metadata", args: {} }],
        ["/v1/query", { type: "reload_metadata", args: { reload_remote_schemas: false } }],
      ],
    );
  });

  test("is not taken for one, if it has metadata v3 at the older path", async (t) => {
    const { url } = await scriptedHasura(t, ({ path }) =>
      path === "/v1/query" ? { json: { version: 3, sources: [] } } : undefined,
    );
    const hasura = client(t, url);
    assert.deepEqual(await hasura.exportMetadata(), { version: 3, sources: [] });
    assert.notEqual(hasura.runSqls, undefined);
  });

  test("is not asked for, after an error that is not a 404", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => denied);
    assert.equal((await callError(client(t, url).exportMetadata())).status, 401);
    assert.equal(asked.length, 1);
  });
});

describe("inconsistent objects", () => {
  const gone = { type: "table", name: "t", reason: "gone" };

  test("are requested at /v1/metadata", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => ({
      json: { is_consistent: false, inconsistent_objects: [gone] },
    }));
    assert.deepEqual(await client(t, url).inconsistentObjects(), [gone]);
    assert.deepEqual(
      asked.map(({ path, body }) => [path, body]),
      [["/v1/metadata", { type: "get_inconsistent_metadata", args: {} }]],
    );
  });

  test("that a reload lists are not requested again", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => ({
      json: { message: "success", inconsistent_objects: [gone] },
    }));
    assert.deepEqual(await client(t, url).reloadMetadata(["a"]), [gone]);
    assert.equal(asked.length, 1);
  });
});

describe("rows that were cut", () => {
  const rows = [["n"], ...Array<string[]>(200).fill(["x".repeat(100)])];
  const cut = (t: Parameters<typeof client>[0], scripted: Scripted) =>
    scriptedHasura(t, () => scripted).then(({ url }) =>
      client(t, url, { largestAnswerBytes: 1000 }).runSql(sql),
    );

  test("are a success only with a status of 200 and as rows of a run_sql", async (t) => {
    const json = { result_type: "TuplesOk", result: rows };
    assert.equal((await cut(t, { json })).truncated, true);
    assert.equal((await callError(cut(t, { json, status: 201 }))).outcome, "unknown");
    assert.equal((await callError(cut(t, { json: { rows } }))).outcome, "unknown");
  });

  test("do not occur in a response within the bound", async (t) => {
    const result = await cut(t, { json: { result_type: "TuplesOk", result: [["n", null]] } });
    assert.deepEqual(result, { columns: ["n", ""], rows: [] });
  });
});

describe("the admin secret", () => {
  test("is sent as a header, with JSON", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => done);
    await client(t, url).runSql(sql);
    assert.deepEqual(
      [asked[0]?.headers["x-hasura-admin-secret"], asked[0]?.headers["content-type"]],
      ["the secret", "application/json"],
    );
  });

  test("is sent as UTF-8 if it is not ASCII", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => done);
    await client(t, url, { adminSecret: async () => "a–ä" }).runSql(sql);
    const sent = Buffer.from(String(asked[0]?.headers["x-hasura-admin-secret"]), "latin1");
    assert.equal(sent.toString("utf8"), "a–ä");
  });

  test("is omitted if Hasura has none", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => done);
    await client(t, url, { adminSecret: async () => undefined }).runSql(sql);
    assert.equal("x-hasura-admin-secret" in (asked[0]?.headers ?? {}), false);
  });

  test("is not fetched again if there is no other, or after any other error", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => denied);
    assert.equal((await callError(client(t, url).runSql(sql))).status, 401);
    assert.equal(asked.length, 1);
    const refusing = await scriptedHasura(t, () => ({ ...denied, status: 403 }));
    const renewAdminSecret = () => assert.fail("the secret is fetched again");
    await callError(client(t, refusing.url, { renewAdminSecret }).runSql(sql));
    assert.equal(refusing.asked.length, 1);
  });

  test("that cannot be fetched again after a 401 means that the call was not sent", async (t) => {
    const { url } = await scriptedHasura(t, () => denied);
    const unreachable = new Failure("unreachable", "secret-store-unreachable", "no way there");
    const renewAdminSecret = () => Promise.reject(unreachable);
    const error = await callError(client(t, url, { renewAdminSecret }).runSql(sql));
    assert.deepEqual([error.outcome, error.cause], ["not-sent", unreachable]);
  });

  test("that cannot be fetched because of a bug is reported as that bug", async (t) => {
    const { url } = await scriptedHasura(t, () => done);
    const bug = new TypeError("x is not a function");
    await assert.rejects(
      client(t, url, { adminSecret: () => Promise.reject(bug) }).runSql(sql),
      (thrown) => thrown === bug,
    );
  });
});
