import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
} from "@aws-sdk/client-lambda";
import * as z from "zod";
import {
  answerWhenFree,
  gate,
  invoke,
  parseAnswer,
  serviceFor,
  stream,
} from "../../support/lambda-service.ts";

describe("invoke", () => {
  test("a buffered handler answers, in a warm process the second time", async (t) => {
    const { client } = await serviceFor(t, "buffered", { concurrency: 1 });
    const first = parseAnswer((await invoke(client, { a: "é" })).text);
    const second = await answerWhenFree(client);
    assert.deepEqual([first.calls, second.calls, first.event], [1, 2, { a: "é" }]);
    assert.equal(first.pid, second.pid);
    assert.equal(first.arn, "arn:aws:lambda:eu-west-1:000000000000:function:x");
    assert.ok(first.left > 0 && first.left <= 20_000);
  });

  for (const [name, more, arn] of [
    ["x", { Qualifier: "read" }, "eu-west-1:000000000000:function:x:read"],
    ["x:apply", {}, "eu-west-1:000000000000:function:x:apply"],
    [
      "arn:aws:lambda:eu-west-1:111122223333:function:migrate:live",
      {},
      "eu-west-1:000000000000:function:migrate:live",
    ],
    ["111122223333:function:x", {}, "eu-west-1:000000000000:function:x"],
  ] as const) {
    test(`a function called ${name} ${JSON.stringify(more)} sees the ARN with its qualifier`, async (t) => {
      const { client } = await serviceFor(t, "buffered");
      const { text } = await invoke(client, {}, { FunctionName: name, ...more });
      assert.equal(parseAnswer(text).arn, `arn:aws:lambda:${arn}`);
    });
  }

  test("each function has its own processes", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    const pids = await Promise.all(
      ["a", "b"].map(
        async (name) => parseAnswer((await invoke(client, {}, { FunctionName: name })).text).pid,
      ),
    );
    assert.notEqual(pids[0], pids[1]);
  });

  test("an undefined value arrives as null, and a client context as an object", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    assert.equal((await invoke(client, { nothing: true })).text, "null");
    const ClientContext = Buffer.from('{"who":"Zoë"}').toString("base64");
    assert.deepEqual(parseAnswer((await invoke(client, {}, { ClientContext })).text).client, {
      who: "Zoë",
    });
  });

  test("the tail of the log is the function's last 4 kB, between Lambda's own lines", async (t) => {
    const { client } = await serviceFor(t, "buffered");
    const { log } = await invoke(client, { log: "here I am" }, { LogType: "Tail" });
    assert.match(
      log,
      /^START RequestId: \S+ Version: \$LATEST\nhere I am\nEND RequestId: \S+\nREPORT .*Init Duration/,
    );
    const long = await invoke(client, { log: "y".repeat(9000) }, { LogType: "Tail" });
    assert.equal(long.log.length, 4096);
  });

  test("DryRun answers 204 and runs nothing; Event answers 202 and runs", async (t) => {
    const { client } = await serviceFor(t, "buffered", { concurrency: 1 });
    const hold = await gate(t);
    assert.equal(
      (await client.send(new InvokeCommand({ FunctionName: "x", InvocationType: "DryRun" })))
        .StatusCode,
      204,
    );
    const sent = await client.send(
      new InvokeCommand({
        FunctionName: "x",
        InvocationType: "Event",
        Payload: JSON.stringify({ release: hold.url }),
      }),
    );
    assert.equal(sent.StatusCode, 202);
    await hold.reached;
    hold.open();
    assert.equal((await answerWhenFree(client)).calls, 2);
  });

  test("a stream arrives piece by piece: the first while the function still runs", async (t) => {
    const { client } = await serviceFor(t, "streaming");
    const hold = await gate(t);
    const { chunks, complete } = await stream(client, { release: hold.url }, () => hold.open());
    assert.equal(chunks.length, 1);
    assert.deepEqual(complete, {});
  });

  test("a stream of more than 6 MB arrives whole", async (t) => {
    const { client } = await serviceFor(t, "streaming");
    const { chunks } = await stream(client, { bytes: 7_000_000 });
    assert.equal(chunks.slice(1).join("").length, 7_000_000);
  });

  test("a streaming handler answers a buffered Invoke, and a buffered one a stream", async (t) => {
    const streaming = await serviceFor(t, "streaming");
    assert.equal(parseAnswer((await invoke(streaming.client, {})).text).calls, 1);
    const buffered = await serviceFor(t, "buffered");
    assert.equal(parseAnswer((await stream(buffered.client, {})).chunks.join("")).calls, 1);
  });

  test("a caller that disconnects does not stop the function", async (t) => {
    const { client } = await serviceFor(t, "streaming", { concurrency: 1 });
    const hold = await gate(t);
    const away = new AbortController();
    const answer = await client.send(
      new InvokeWithResponseStreamCommand({
        FunctionName: "x",
        Payload: JSON.stringify({ release: hold.url }),
      }),
      { abortSignal: away.signal },
    );
    await hold.reached;
    away.abort();
    await assert.rejects(async () => {
      for await (const part of answer.EventStream ?? []) assert.ok(part);
    });
    hold.open();
    // The one process there is takes the next call: the first invocation came to its end.
    assert.equal((await answerWhenFree(client)).calls, 2);
  });

  test("GetFunction and GetFunctionConfiguration describe the function", async (t) => {
    const { client } = await serviceFor(t, "buffered", { timeoutMs: 60_000, memoryMb: 256 });
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: "x" }));
    const configuration = await client.send(
      new GetFunctionConfigurationCommand({ FunctionName: "x" }),
    );
    assert.deepEqual(
      [
        Configuration?.State,
        configuration.Timeout,
        configuration.MemorySize,
        configuration.LastUpdateStatus,
      ],
      ["Active", 60, 256, "Successful"],
    );
  });

  test("the function's environment is Lambda's, and inherits only what a program needs to start", async (t) => {
    process.env["SOMETHING_OF_THE_DEVELOPER"] = "1";
    t.onTestFinished(() => {
      delete process.env["SOMETHING_OF_THE_DEVELOPER"];
    });
    const { client } = await serviceFor(t, "buffered", { env: { SETTING: "given" } });
    const env = z
      .record(z.string(), z.string())
      .parse(JSON.parse((await invoke(client, { env: true })).text));
    assert.equal(env["SETTING"], "given");
    assert.equal(env["AWS_LAMBDA_FUNCTION_NAME"], "x");
    const known = /^(AWS_|LAMBDA_TASK_ROOT$|_HANDLER$|LANG$|TZ$|PATH$|HOME$|TMPDIR$|SETTING$)/;
    assert.deepEqual(
      Object.keys(env).filter((key) => !known.test(key)),
      [],
    );
  });
});
