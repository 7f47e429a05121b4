import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { bufferedRequest } from "../../../src/cli/run/buffered-request.ts";
import { isOperation, operations, type Operation } from "../../../src/protocol/operations.ts";
import { Request } from "../../../src/protocol/request.ts";
import { runId } from "./support/runs.ts";

const Sent = z.object({ options: z.looseObject({ sliceMs: z.int().optional() }) });

/** The length of a slice that is sent where the response cannot be streamed, and for how long that request is waited for. */
function slicesOf(
  operation: Operation,
  options = {},
): { sliceMs: number | undefined; limitMs: number } {
  const request = Request.parse({
    ...{ contract: 1, runId, environment: "dev-3", operation, options },
    actor: { user: "alice", host: "laptop" },
  });
  const { payload, limitMs } = bufferedRequest(request);
  return { sliceMs: Sent.parse(JSON.parse(payload)).options.sliceMs, limitMs };
}

const pausing = Object.keys(operations)
  .filter(isOperation)
  .filter((operation) => "sliceMs" in operations[operation].options.shape);

describe("a request whose response cannot be streamed", () => {
  test.for(pausing)("%s pauses before the connection is dropped", (operation) => {
    assert.deepEqual(slicesOf(operation), { sliceMs: 240_000, limitMs: 350_000 });
  });

  test("seeds that are run again may be in a database without a ledger, where nothing pauses", () => {
    assert.deepEqual(slicesOf("seed", { again: true }), { sliceMs: 240_000, limitMs: 930_000 });
  });

  test("several operations can pause", () => {
    assert.deepEqual(pausing.sort(), ["apply", "down", "reset-to", "seed"]);
  });

  test("an operation that cannot pause is sent as it is", () => {
    assert.deepEqual(slicesOf("status"), { sliceMs: undefined, limitMs: 930_000 });
  });
});
