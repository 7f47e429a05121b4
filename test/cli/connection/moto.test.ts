import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { RequestHandler } from "../../../src/cli/connection/aws/http-handler.ts";
import { connectTasks } from "../../../src/cli/connection/aws/ecs/connect-tasks.ts";
import type { TaskRunner } from "../../../src/cli/connection/task-runner.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { finished } from "../../support/run-events.ts";
import { testContext } from "../../support/test-context.ts";

/*
 * The calls of ECS and CloudWatch Logs against moto, another imitation of AWS: it accepts RunTask and runs nothing. It is a Python
 * program: `pip install 'moto[server]'`, and MOTO_SERVER names its program unless that is on the PATH.
 */

const region = "eu-west-1";

/** Starts moto; skips the test where it is not installed. Resolves to its address. */
async function startMoto(t: TestContext): Promise<string> {
  const port = await freePort();
  const program = process.env["MOTO_SERVER"] ?? "moto_server";
  const child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const failed = new Promise<true>((resolve) => child.once("error", () => resolve(true)));
  t.onTestFinished(() => void child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${String(port)}`;
  const ready = (async () => {
    while (!(await fetch(url).catch(() => undefined)))
      await new Promise((resolve) => setTimeout(resolve, 100));
    return false;
  })();
  if (await Promise.race([failed, ready])) t.skip("there is no moto_server");
  return url;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A call that only prepares the test. */
async function prepare(
  url: string,
  service: string,
  request: { readonly target?: string; readonly body: string },
): Promise<string> {
  const answer = await fetch(url, {
    method: "POST",
    body: request.body,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20261126/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      ...(request.target !== undefined && {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": request.target,
      }),
    },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

const ecs = (url: string, operation: string, body: object) =>
  prepare(url, "ecs", {
    target: `AmazonEC2ContainerServiceV20141113.${operation}`,
    body: JSON.stringify(body),
  });
const logs = (url: string, operation: string, body: object) =>
  prepare(url, "logs", { target: `Logs_20140328.${operation}`, body: JSON.stringify(body) });

/** The first id of that kind in the default VPC. */
async function firstId(url: string, action: string, pattern: RegExp): Promise<string> {
  const text = await prepare(url, "ec2", { body: `Action=${action}&Version=2016-11-15` });
  return z.string().parse(pattern.exec(text)?.[0]);
}

async function taskRunner(
  t: TestContext,
  url: string,
  more: { readonly cluster?: string; readonly taskDefinition?: string } = {},
): Promise<TaskRunner> {
  const context = testContext(t, { argv: [], env: {} });
  const handler = new RequestHandler(context);
  t.onTestFinished(() => handler.destroy());
  const network = {
    subnets: [await firstId(url, "DescribeSubnets", /subnet-[0-9a-f]+/)],
    securityGroups: [await firstId(url, "DescribeSecurityGroups", /sg-[0-9a-f]+/)],
  };
  return connectTasks(
    {
      ...{ cluster: "hasura-migrate-dev-3", taskDefinition: "hasura-migrate-dev-3", ...more },
      container: "hasura-migrate",
      logGroup: "/ecs/hasura-migrate-dev-3",
    },
    {
      target: { function: "hasura-migrate-dev-3", region, url },
      provider: async () => ({ accessKeyId: "AKIA", secretAccessKey: "secret" }),
      addresses: { ecs: url, logs: url },
      describe: async () => ({ state: "Active", reason: undefined, network }),
      ...{ handler, context },
    },
  );
}

describe("the tasks' calls against moto", { timeout: 60_000 }, () => {
  test("start a task, watch it, and read its log", async (t) => {
    const url = await startMoto(t);
    await ecs(url, "CreateCluster", { clusterName: "hasura-migrate-dev-3" });
    await ecs(url, "RegisterTaskDefinition", {
      family: "hasura-migrate-dev-3",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      ...{ cpu: "256", memory: "512" },
      containerDefinitions: [{ name: "hasura-migrate", image: "x", memory: 512, cpu: 256 }],
    });
    const runner = await taskRunner(t, url);
    const { signal } = new AbortController();
    const facts = await runner.describe(signal);
    assert.equal(facts.taskDefinition, "hasura-migrate-dev-3:1");
    assert.deepEqual(
      [facts.containers, facts.cpu, facts.memory, facts.isForFargate],
      [["hasura-migrate"], "256", "512", true],
    );
    const task = await runner.start('{"operation":"apply"}', "a-token", signal);
    assert.match(task.arn, /^arn:aws:ecs:eu-west-1:\d+:task\/hasura-migrate-dev-3\/[0-9a-f-]+$/);
    assert.ok(task.arn.endsWith(`/${task.id}`));
    const kinds: string[] = [];
    while (kinds.at(-1) !== "stopped") kinds.push((await runner.state(task, signal)).kind);
    assert.equal(kinds[0], "running");
    assert.equal(
      (await runner.state({ ...task, arn: task.arn.replace(task.id, "0".repeat(32)) }, signal))
        .kind,
      "missing",
    );
    const stream = {
      logGroupName: "/ecs/hasura-migrate-dev-3",
      logStreamName: `task/hasura-migrate/${task.id}`,
    };
    await logs(url, "CreateLogGroup", { logGroupName: stream.logGroupName });
    await logs(url, "CreateLogStream", stream);
    await logs(url, "PutLogEvents", {
      ...stream,
      logEvents: ["not JSON", JSON.stringify({ level: "info", event: finished(2) })].map(
        (message, at) => ({ timestamp: Date.now() + at, message }),
      ),
    });
    assert.deepEqual(await runner.events(task, signal), [finished(2)]);
  });

  test("explain what is missing", async (t) => {
    const url = await startMoto(t);
    await ecs(url, "CreateCluster", { clusterName: "hasura-migrate-dev-3" });
    const { signal } = new AbortController();
    const codeOf = async (runner: TaskRunner): Promise<string> => {
      try {
        await runner.start("{}", "a-token", signal);
      } catch (thrown) {
        if (thrown instanceof Failure) return `${thrown.code}: ${thrown.message}`;
      }
      return "it was started";
    };
    assert.match(
      await codeOf(await taskRunner(t, url, { cluster: "other" })),
      /^task-definition-not-found: There is no ECS cluster other in eu-west-1/,
    );
    assert.match(
      await codeOf(await taskRunner(t, url)),
      /^task-definition-not-found: There is no active task definition hasura-migrate-dev-3/,
    );
    const runner = await taskRunner(t, url);
    await assert.rejects(
      runner.events({ id: "none", arn: "none" }, signal),
      (thrown) => thrown instanceof Failure && thrown.code === "ecs-unreachable",
    );
  });
});
