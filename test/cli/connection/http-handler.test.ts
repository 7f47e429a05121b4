import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { handlerFor } from "../../../src/cli/connection/aws/http-handler.ts";

const url = "http://127.0.0.1:9001";

describe("HTTP handler", () => {
  test("a function may be silent for as long as it runs, and its connection stays alive", () => {
    const keptAlive = { keepAlive: true, keepAliveMsecs: 30_000 };
    assert.deepEqual(handlerFor(url), {
      connectionTimeout: 5000,
      socketTimeout: 0,
      httpAgent: keptAlive,
      httpsAgent: keptAlive,
    });
  });

  test("other services have to respond in time", () => {
    assert.equal(handlerFor(url, 10_000).socketTimeout, 10_000);
  });
});
