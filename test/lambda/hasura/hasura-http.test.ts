import assert from "node:assert/strict";
import { describe, test } from "vitest";
import type { CallOutcome } from "../../../src/engine/hasura/client.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { scriptedHasura, type Scripted } from "../../support/scripted-hasura.ts";
import { callError, client, sql } from "../support/hasura-client.ts";

const uuid = "3f2c9a4e-0000-4000-8000-000000000001";
const done = { json: { result_type: "CommandOk", result: null } };

describe("Hasura HTTP", () => {
  test("each call follows the protocol, below the endpoint's own path, over one connection", async (t) => {
    const ports = new Set<string>();
    const { url, asked } = await scriptedHasura(t, ({ path, body, headers }) => {
      ports.add(String(headers.connection));
      if (path === "/base/v1/version") return { json: { version: "v2.48.0" } };
      if (body?.type === "export_metadata")
        return {
          json: {
            version: 3,
            sources: [
              { name: "default", kind: "postgres", tables: [{ table: "x" }] },
              { name: "ms", kind: "mssql" },
            ],
          },
        };
      if (body?.type === "get_catalog_state")
        return { json: { id: uuid, cli_state: { a: 1 }, console_state: {} } };
      if (body?.type === "bulk")
        return {
          json: [{ id: uuid, cli_state: { b: 2 }, console_state: {} }, { message: "success" }],
        };
      if (body?.type === "run_sql")
        return {
          json: {
            result_type: "TuplesOk",
            result: [
              ["n", "t"],
              ["1", null],
            ],
          },
        };
      if (body?.type === "reload_metadata")
        return { json: { message: "success", is_consistent: true, inconsistent_objects: [] } };
      return undefined;
    });
    const hasura = client(t, `${url}/base/`);
    assert.equal(await hasura.version(), "v2.48.0");
    assert.deepEqual(await hasura.exportMetadata(), {
      version: 3,
      sources: [
        { name: "default", kind: "postgres" },
        { name: "ms", kind: "mssql" },
      ],
    });
    assert.deepEqual(await hasura.catalogState(), { id: uuid, cliState: { a: 1 } });
    assert.deepEqual(await hasura.exchangeCatalogState({ next: true }), {
      id: uuid,
      cliState: { b: 2 },
    });
    assert.deepEqual(await hasura.runSql(sql), { columns: ["n", "t"], rows: [["1", null]] });
    assert.deepEqual(await hasura.reloadMetadata(["default"]), []);
    assert.deepEqual(
      asked.map(({ method, path, body }) => [method, path, body]),
      [
        ["GET", "/base/v1/version", undefined],
        ["POST", "/base/v1/metadata", { type: "export_metadata", args: {} }],
        ["POST", "/base/v1/metadata", { type: "get_catalog_state", args: {} }],
        [
          "POST",
          "/base/v1/metadata",
          {
            type: "bulk",
            args: [
              { type: "get_catalog_state", args: {} },
              { type: "set_catalog_state", args: { type: "cli", state: { next: true } } },
            ],
          },
        ],
        [
          "POST",
          "/base/v2/query",
          {
            type: "run_sql",
            args: { sql: "select 1", source: "default", check_metadata_consistency: false },
          },
        ],
        [
          "POST",
          "/base/v1/metadata",
          {
            type: "reload_metadata",
            args: {
              reload_remote_schemas: false,
              reload_sources: ["default"],
              recreate_event_triggers: true,
            },
          },
        ],
      ],
    );
    assert.equal(asked[0]?.headers["x-hasura-admin-secret"], undefined);
    assert(
      asked.slice(1).every(({ headers }) => headers["x-hasura-admin-secret"] === "the secret"),
    );
    assert.deepEqual([...ports], ["keep-alive"]);
  });

  test("several run_sql are sent as one bulk, and the first that fails is identified by its position", async (t) => {
    const answers: Scripted[] = [
      {
        json: [
          { result_type: "TuplesOk", result: [["n"], ["1"]] },
          { result_type: "CommandOk", result: null },
        ],
      },
      {
        status: 400,
        json: { path: "$.args[1].args", error: "query execution failed", code: "postgres-error" },
      },
    ];
    const { url, asked } = await scriptedHasura(t, () => answers.shift());
    const { runSqls } = client(t, url);
    assert.deepEqual(await runSqls?.([sql, sql]), [
      { columns: ["n"], rows: [["1"]] },
      { columns: [], rows: [] },
    ]);
    const one = {
      type: "run_sql",
      args: { sql: "select 1", source: "default", check_metadata_consistency: false },
    };
    assert.deepEqual(
      [asked[0]?.path, asked[0]?.body],
      ["/v2/query", { type: "bulk", args: [one, one] }],
    );
    const error = await callError(runSqls?.([sql, sql]) ?? Promise.resolve());
    assert.deepEqual([error.outcome, error.path], ["rejected", "$.args[1].args"]);
  });

  test("a server before metadata v3 is called at /v1/query", async (t) => {
    const { url, asked } = await scriptedHasura(t, ({ path, body }) => {
      if (path !== "/v1/query") return undefined;
      return body?.type === "export_metadata" ? { json: { version: 2, tables: [] } } : done;
    });
    const hasura = client(t, url);
    assert.deepEqual(await hasura.exportMetadata(), { version: 2, sources: [] });
    assert.equal(hasura.runSqls, undefined); // a bulk is one transaction there
    await hasura.runSql({ kind: "postgres", sql: "select 1" });
    assert.deepEqual(
      asked.map(({ path }) => path),
      ["/v1/metadata", "/v1/query", "/v1/query"],
    );
  });

  test("a server that is not Hasura is not mistaken for an old one", async (t) => {
    const { url } = await scriptedHasura(t, () => ({
      status: 404,
      text: "<html><title>Not here</title></html>",
    }));
    const error = await callError(client(t, url).exportMetadata());
    assert.deepEqual([error.outcome, error.status], ["unknown", 404]);
    assert.match(error.message, /Not here/);
  });

  test("a reload that does not list inconsistent objects is followed by a query", async (t) => {
    const { url } = await scriptedHasura(t, ({ body }) => {
      if (body?.type === "reload_metadata") return { json: { message: "success" } };
      return {
        json: {
          is_consistent: false,
          inconsistent_objects: [{ type: "table", definition: { name: "x" }, reason: "gone" }],
        },
      };
    });
    assert.deepEqual(await client(t, url).reloadMetadata(["default"]), [
      { type: "table", name: '{"name":"x"}', reason: "gone" },
    ]);
  });

  test("the parts of the database's error reach the caller", async (t) => {
    const error = {
      exec_status: "FatalError",
      hint: "try less",
      message: "boom",
      status_code: "42P01",
      description: null,
    };
    const { url } = await scriptedHasura(t, () => ({
      status: 400,
      json: {
        path: "$.args",
        error: "query execution failed",
        code: "postgres-error",
        internal: { statement: "…", error },
      },
    }));
    const thrown = await callError(client(t, url).runSql(sql));
    assert.deepEqual(
      [thrown.outcome, thrown.status, thrown.code, thrown.path],
      ["rejected", 400, "postgres-error", "$.args"],
    );
    assert.deepEqual(thrown.database, {
      sqlstate: "42P01",
      message: "boom",
      hint: "try less",
      execStatus: "FatalError",
      statement: "…",
    });
    assert.equal(thrown.message, "boom", "Hasura's own text says nothing beside it");
  });

  test("a statement too long to be searched for in its file is not kept", async (t) => {
    const statementOf = async (statement: string): Promise<string | undefined> => {
      const internal = { statement, error: { message: "boom" } };
      const json = { path: "$.args", error: "x", code: "postgres-error", internal };
      const { url } = await scriptedHasura(t, () => ({ status: 400, json }));
      return (await callError(client(t, url).runSql(sql))).database?.statement;
    };
    assert.equal((await statementOf("x".repeat(16_384)))?.length, 16_384);
    assert.equal(await statementOf("x".repeat(16_385)), undefined);
  });

  const outcomes: readonly [string, Scripted, CallOutcome, RegExp][] = [
    [
      "a gateway's HTML 504",
      { status: 504, text: "<html><head><title>504 Gateway Timeout</title></head>" },
      "unknown",
      /504 Gateway Timeout/,
    ],
    [
      "a gateway's JSON 502",
      { status: 502, json: { message: "Bad gateway" } },
      "unknown",
      /HTTP 502/,
    ],
    [
      "a 503 that looks like Hasura's",
      { status: 503, json: { error: "x", code: "y", path: "$" } },
      "unknown",
      /HTTP 503/,
    ],
    ["HTML with status 200", { text: "<!doctype html><p>Sign in" }, "unknown", /HTTP 200.*Sign in/],
    ["an empty answer", { text: "" }, "unknown", /an empty response/],
    ["JSON of another shape", { json: { hello: "world" } }, "unknown", /is not in Hasura.s format/],
    ["a reset after the request", "reset", "unknown", /connection .* was lost/],
    ["a reset in the middle of the answer", "half", "unknown", /connection .* was lost/],
    [
      "hidden internals",
      { status: 400, json: { path: "$", error: "no", code: "postgres-error" } },
      "rejected",
      /^no$/,
    ],
    [
      "a redirect",
      { status: 301, text: "", headers: { location: "https://hasura/v2/query" } },
      "rejected",
      /https:\/\/hasura\/v2\/query/,
    ],
  ];
  for (const [what, scripted, outcome, message] of outcomes) {
    test(`${what} leaves a run_sql ${outcome}, and it is not sent again`, async (t) => {
      const { url, asked } = await scriptedHasura(t, () => scripted);
      const error = await callError(client(t, url).runSql(sql));
      assert.equal(error.outcome, outcome);
      assert.match(error.message, message);
      assert.equal(asked.length, 1);
    });
  }

  for (const [what, broken] of [
    ["a reset", "reset"],
    ["a reset in the middle of the answer", "half"],
  ] as const) {
    test(`${what} of a kept-alive connection leaves a run_sql unknown: its request was sent`, async (t) => {
      let connections = 0;
      const { url, asked } = await scriptedHasura(
        t,
        ({ path }) => (path === "/v1/version" ? { json: { version: "v2.48.0" } } : broken),
        () => (connections += 1),
      );
      const hasura = client(t, url);
      await hasura.version();
      const error = await callError(hasura.runSql(sql));
      assert.equal(error.outcome, "unknown");
      assert.deepEqual(
        [connections, asked.length],
        [1, 2],
        "the second request reused the connection",
      );
    });
  }

  test("rows beyond the bound are dropped: the SQL has succeeded all the same", async (t) => {
    const { url } = await scriptedHasura(t, () => ({
      json: {
        result_type: "TuplesOk",
        result: [["n"], ...Array<string[]>(2000).fill(["x".repeat(100)])],
      },
    }));
    assert.deepEqual(await client(t, url, { largestAnswerBytes: 10_000 }).runSql(sql), {
      columns: [],
      rows: [],
      truncated: true,
    });
  });

  test("any other answer beyond the bound is not read", async (t) => {
    const { url } = await scriptedHasura(t, () => ({
      json: { version: 3, sources: [], filler: "x".repeat(100_000) },
    }));
    assert.match(
      (await callError(client(t, url, { largestAnswerBytes: 10_000 }).exportMetadata())).message,
      /too large/,
    );
  });

  const denied = {
    status: 401,
    json: {
      path: "$",
      error: 'invalid "x-hasura-admin-secret"/"x-hasura-access-key"',
      code: "access-denied",
    },
  };

  test("after a 401 the secret is fetched again, once, and the call repeated with it", async (t) => {
    const secrets: unknown[] = [];
    const { url } = await scriptedHasura(t, ({ headers }) => {
      secrets.push(headers["x-hasura-admin-secret"]);
      return headers["x-hasura-admin-secret"] === "new" ? done : denied;
    });
    await client(t, url, {
      adminSecret: async () => "old",
      renewAdminSecret: async () => "new",
    }).runSql(sql);
    assert.deepEqual(secrets, ["old", "new"]);
  });

  test("a 401 with a secret that is still the same is the answer", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => denied);
    const error = await callError(
      client(t, url, { renewAdminSecret: async () => "the secret" }).runSql(sql),
    );
    assert.deepEqual([error.outcome, error.status, error.code], ["rejected", 401, "access-denied"]);
    assert.equal(asked.length, 1);
  });

  test("a secret that cannot be fetched means that the call was not sent", async (t) => {
    const { url, asked } = await scriptedHasura(t, () => done);
    const unreachable = new Failure("unreachable", "secret-store-unreachable", "no way there");
    const error = await callError(
      client(t, url, { adminSecret: () => Promise.reject(unreachable) }).runSql(sql),
    );
    assert.deepEqual([error.outcome, error.cause], ["not-sent", unreachable]);
    assert.equal(asked.length, 0);
  });
});
