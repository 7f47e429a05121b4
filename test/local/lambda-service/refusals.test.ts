import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { GetFunctionCommand, InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import {
  answerWhenFree,
  gate,
  invoke,
  parseAnswer,
  serviceFor,
} from "../../support/lambda-service.ts";

const raw = (client: LambdaClient, Payload: string, FunctionName = "x") =>
  client.send(new InvokeCommand({ FunctionName, Payload }));

/** What an SDK throws, with its HTTP status. */
function refusal(name: string, status: number, message: RegExp = /./) {
  return (thrown: Error & { $metadata?: { httpStatusCode?: number } }): boolean => {
    assert.deepEqual([thrown.name, thrown.$metadata?.httpStatusCode], [name, status]);
    assert.match(thrown.message, message);
    return true;
  };
}

describe("refusals", () => {
  test("a function that is not on the list is not found", async (t) => {
    const { client } = await serviceFor(t, "buffered", { functions: ["known"] });
    await assert.rejects(
      raw(client, "{}", "other"),
      refusal("ResourceNotFoundException", 404, /function:other$/),
    );
    await assert.rejects(
      client.send(new GetFunctionCommand({ FunctionName: "other" })),
      refusal("ResourceNotFoundException", 404),
    );
    await raw(client, "{}", "known");
  });

  test("a body that is not JSON is refused", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    await assert.rejects(
      raw(client, "{oops"),
      refusal("InvalidRequestContentException", 400, /Could not parse request body into json/),
    );
  });

  test("6 MB are accepted, one byte more is refused", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    const limit = 6 * 1024 * 1024;
    const envelope = JSON.stringify({ nothing: 1, pad: "" }).length;
    const of = (bytes: number): string =>
      JSON.stringify({ nothing: 1, pad: "x".repeat(bytes - envelope) });
    assert.equal((await raw(client, of(limit))).FunctionError, undefined);
    await assert.rejects(
      raw(client, of(limit + 1)),
      refusal("RequestTooLargeException", 413, /6291456 bytes/),
    );
  });

  test("beyond its concurrency a function is throttled, with the reason", async (t) => {
    const { client } = await serviceFor(t, "buffered", { concurrency: 1 });
    const hold = await gate(t);
    const first = invoke(client, { release: hold.url });
    await hold.reached;
    await assert.rejects(raw(client, "{}"), (thrown: Error & { Reason?: string }) => {
      assert.equal(thrown.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
      return refusal("TooManyRequestsException", 429)(thrown);
    });
    hold.open();
    await first;
    assert.equal((await answerWhenFree(client)).calls, 2);
  });

  test("with room for two, two run at once in two processes", async (t) => {
    const { client } = await serviceFor(t, "buffered", { concurrency: 2 });
    const [one, two] = [await gate(t), await gate(t)];
    const both = [invoke(client, { release: one.url }), invoke(client, { release: two.url })];
    await Promise.all([one.reached, two.reached]);
    one.open();
    two.open();
    const pids = new Set((await Promise.all(both)).map(({ text }) => parseAnswer(text).pid));
    assert.equal(pids.size, 2);
  });

  for (const [state, name, status] of [
    ["Pending", "ResourceConflictException", 409],
    ["Inactive", "ResourceNotReadyException", 502],
  ] as const) {
    test(`a function that is ${state} is not invoked`, async (t) => {
      const { client } = await serviceFor(t, "buffered", { state: () => state });
      await assert.rejects(raw(client, "{}"), refusal(name, status));
      assert.equal(
        (await client.send(new GetFunctionCommand({ FunctionName: "x" }))).Configuration?.State,
        state,
      );
    });
  }

  test("an invalid name, and contradictory qualifiers, are refused", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    await assert.rejects(raw(client, "{}", "a b"), refusal("InvalidParameterValueException", 400));
    await assert.rejects(
      invoke(client, {}, { FunctionName: "x:read", Qualifier: "admin" }),
      refusal("InvalidParameterValueException", 400, /does not match/),
    );
  });

  test("an unsupported operation is named", async (t) => {
    const { url } = await serviceFor(t, "buffered");
    const answer = await fetch(`${url}/2015-03-31/functions/`);
    assert.deepEqual(
      [answer.status, answer.headers.get("x-amzn-errortype")],
      [404, "UnknownOperationException"],
    );
  });

  test("a request without a signature is served", async (t) => {
    const { url } = await serviceFor(t, "buffered");
    const answer = await fetch(`${url}/2015-03-31/functions/x/invocations`, { method: "POST" });
    assert.equal(answer.status, 200);
    assert.deepEqual(((await answer.json()) as { event: unknown }).event, {});
  });
});
