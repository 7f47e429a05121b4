import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, test } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { testContext } from "../../support/test-context.ts";
import { refuses, streams, lambdaStandIn } from "../../support/lambda-stand-in.ts";
import { applied } from "../../support/run-events.ts";
import { keys } from "../../support/aws-keys.ts";
import { begun, broken, good, row, run } from "../../support/failure-cases.ts";

describe("connection", () => {
  test("the pauses between attempts after a 429 increase", async (t) => {
    const { context } = await run(t, {
      name: "",
      exit: 0,
      says: [],
      answers: [
        refuses(429, "TooManyRequestsException", ""),
        refuses(429, "TooManyRequestsException", ""),
        good,
      ],
    });
    assert.deepEqual(context.slept, [500, 1000]);
    const announced = [...context.err.text.matchAll(/Attempt (\d) of (\d) in ([\d.]+) s/g)];
    assert.deepEqual(
      announced.map(([, attempt, of, seconds]) => [attempt, of, seconds]),
      [
        ["2", "7", "0.5"],
        ["3", "7", "1.0"],
      ],
    );
  });

  test("a refused connection is reported as nothing having run", async (t) => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const context = testContext(t, {
      argv: ["dev-3", "--endpoint-url", `http://127.0.0.1:${port}`],
    });
    assert.equal(await main(context), 4);
    assert.match(
      context.err.text,
      /Could not reach the Lambda service at 127\.0\.0\.1:\d+: it refuses connections; nothing was sent\./,
    );
  });

  test("a certificate of an unknown authority is named, with what to do", async (t) => {
    const pem = (name: string): Buffer =>
      readFileSync(new URL(`../../support/tls/${name}.pem`, import.meta.url));
    const server = createTlsServer({ key: pem("key"), cert: pem("certificate") }, (_, response) =>
      response.end(),
    ).listen(0, "127.0.0.1");
    t.onTestFinished(() => {
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: `https://127.0.0.1:${port}` },
    });
    assert.equal(await main(context), 4);
    assert.match(
      context.err.text,
      /is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. It presents "test\.invalid", issued by "test\.invalid", SHA-256 [0-9A-F:]{95}\./,
    );
    assert.match(context.err.text, /NODE_EXTRA_CA_CERTS/);
  });

  test("Ctrl-C detaches, names the command to check on the run, and exits with 130", async (t) => {
    let interrupt = (): void => undefined;
    const lambda = await lambdaStandIn(t, [broken(begun, () => interrupt())]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    interrupt = context.interrupt;
    assert.equal(await main(context), 130);
    assert.match(
      context.err.text,
      /· Detached\. .*\n {2}→ to check on it: hasura-migrate status dev-3/,
    );
  });

  test("a paused run continues with the same runId", async (t) => {
    const paused = {
      type: "run.paused",
      reason: "the deadline is near",
      applied: 1,
      notReached: 1,
      tookMs: 9,
    };
    const lambda = await lambdaStandIn(t, [streams([...begun, applied(...row), paused]), good]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    const ids = lambda.calls.map(({ body }) => (JSON.parse(body) as { runId: string }).runId);
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
  });

  test("after a second of silence it shows what it is waiting for", async (t) => {
    const lambda = await lambdaStandIn(t, [
      (response, call) => {
        context.tick(1000);
        return good(response, call);
      },
    ]);
    const context = testContext(t, {
      argv: ["dev-3"],
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    assert.equal(await main(context), 0);
    assert.match(context.err.text, /starting the function hasura-migrate-dev-3 …/);
  });
});
