import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { HasuraCallError } from "../../src/engine/hasura/client.ts";
import { isAccessDenied } from "../../src/engine/hasura/errors.ts";
import { parseServerVersion } from "../../src/engine/hasura/server-version.ts";
import { ErrorBody, runSql } from "./support/request.ts";
import { client, requests, server } from "./support/server.ts";

const questions = {
  "/v1/metadata": { type: "get_catalog_state", args: {} },
  "/v2/query": runSql("SELECT 1", { source: server.source }),
};
const withoutSecret = "this server has no admin secret (HASURA_TEST_SECRET)";

describe("unauthenticated responses", () => {
  test("its version, with a number", async () => {
    const { status, body } = await requests.get("/v1/version");
    assert.equal(status, 200);
    const { version } = z.object({ version: z.string() }).parse(body);
    assert.ok(parseServerVersion(version), version);
  });

  test("its health, as text that is OK or a warning", async () => {
    const { status, body } = await requests.get("/healthz");
    assert.equal(status, 200);
    assert.match(z.string().parse(body), /^(OK|WARN)/);
  });

  test("an error in its own form for a path that does not exist", async () => {
    const { status, body } = await requests.post("/v1/does-not-exist", questions["/v2/query"]);
    assert.equal(status, 404);
    assert.equal(ErrorBody.parse(body).code, "not-found");
  });
});

describe("the admin secret", () => {
  for (const [path, question] of Object.entries(questions)) {
    test(`a wrong one is refused with 401 by ${path}`, async (t) => {
      t.skip(server.secret === undefined, withoutSecret);
      const answer = await requests.post(path, question, { "x-hasura-admin-secret": "wrong" });
      assert.equal(answer.status, 401);
      const { code, error } = ErrorBody.parse(answer.body);
      assert.equal(code, "access-denied");
      assert.equal(error, 'invalid "x-hasura-admin-secret"/"x-hasura-access-key"');
    });

    test(`a missing one is refused by ${path}`, async (t) => {
      t.skip(server.secret === undefined, withoutSecret);
      const answer = await requests.post(path, question, {});
      assert.equal(answer.status, 401);
      const { code, error } = ErrorBody.parse(answer.body);
      assert.equal(code, "access-denied");
      assert.match(error, /required, but not found$/);
    });
  }

  test("the client reports a wrong one as access denied", async (t) => {
    t.skip(server.secret === undefined, withoutSecret);
    await assert.rejects(client(t, "wrong").catalogState(), (error) => {
      assert.ok(error instanceof HasuraCallError);
      assert.deepEqual([error.outcome, isAccessDenied(error)], ["rejected", true]);
      return true;
    });
  });
});
