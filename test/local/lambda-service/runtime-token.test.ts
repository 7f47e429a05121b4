import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "vitest";
import { RuntimeApi } from "../../../src/local/lambda-service/runtime-api.ts";
import { invoke, parseAnswer, serviceFor } from "../../support/lambda-service.ts";

function statusOf(address: string, headers: Record<string, string>): Promise<number> {
  const path = "/2018-06-01/runtime/init/error";
  return new Promise((resolve, reject) => {
    const outgoing = request(`http://${address}${path}`, { method: "POST", headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    outgoing.on("error", reject).end("{}");
  });
}

describe("the token of the Runtime API", () => {
  test("only the process that was given it gets an answer, and no page in a browser", async (t) => {
    const listener = {
      nextRequested: () => undefined,
      responded: () => undefined,
      initFailed: () => undefined,
    };
    const api = await RuntimeApi.listen(listener, { requiresToken: true });
    t.onTestFinished(() => api.close());
    const own = { "x-runtime-token": api.token };
    assert.equal(await statusOf(api.address, own), 202);
    for (const bad of [
      {},
      { "x-runtime-token": `${api.token}x` },
      { ...own, host: "rebind.evil.example" },
      { ...own, origin: "https://evil.example" },
      { ...own, "sec-fetch-site": "cross-site" },
    ])
      assert.equal(await statusOf(api.address, bad), 403, JSON.stringify(bad));
  });

  test("our own runtime sends it, and the function does not see it", async (t) => {
    const { client } = await serviceFor(t, "buffered", { runtimeSendsToken: true });
    const { error, text } = await invoke(client, {});
    assert.equal(error, undefined, text);
    assert.equal(parseAnswer(text).calls, 1);
  });

  test("the settings of a function cannot replace it", async (t) => {
    const { client } = await serviceFor(t, "buffered", {
      runtimeSendsToken: true,
      env: { HASURA_MIGRATE_RUNTIME_TOKEN: "another" },
    });
    assert.equal((await invoke(client, {})).error, undefined);
  });
});
