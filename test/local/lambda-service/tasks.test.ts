import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { serviceFor } from "../../support/lambda-service.ts";

const Answer = z.looseObject({
  __type: z.string().optional(),
  resourceIds: z.array(z.string()).optional(),
  tasks: z
    .array(
      z.looseObject({
        taskArn: z.string(),
        lastStatus: z.string(),
        stopCode: z.string().optional(),
        containers: z.array(z.looseObject({ exitCode: z.int().optional() })),
      }),
    )
    .default([]),
  taskDefinition: z
    .looseObject({ family: z.string(), revision: z.int(), status: z.string() })
    .optional(),
  clusters: z.array(z.looseObject({ status: z.string() })).default([]),
  failures: z.array(z.looseObject({ reason: z.string() })).default([]),
  events: z.array(z.looseObject({ message: z.string() })).default([]),
});

async function tasksOf(t: TestContext) {
  const { url } = await serviceFor(t, "buffered", { accessKeyId: "AKIALOCAL" });
  const call = async (operation: string, body: object, key = "AKIALOCAL") => {
    const answer = await fetch(url, {
      method: "POST",
      body: JSON.stringify(body),
      headers: {
        "x-amz-target": `AmazonEC2ContainerServiceV20141113.${operation}`,
        authorization: `AWS4-HMAC-SHA256 Credential=${key}/20261126/eu-west-1/ecs/aws4_request`,
      },
    });
    return { status: answer.status, ...Answer.parse(await answer.json()) };
  };
  const run = (request: object, more: { token?: string; container?: string } = {}) =>
    call("RunTask", {
      cluster: "tools",
      taskDefinition: "hasura-migrate-dev-1",
      clientToken: more.token ?? "a-token",
      launchType: "FARGATE",
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] },
      },
      overrides: {
        containerOverrides: [
          {
            name: more.container ?? "hasura-migrate",
            command: ["run-task", JSON.stringify(request)],
          },
        ],
      },
    });
  const ended = async (arn: string) => {
    for (;;) {
      const [task] = (await call("DescribeTasks", { cluster: "tools", tasks: [arn] })).tasks;
      if (task?.lastStatus === "STOPPED") return task;
    }
  };
  return { call, run, ended };
}

const arnIn = ({ tasks: [task] }: z.infer<typeof Answer>): string => task?.taskArn ?? "none";

describe("tasks of the local service", () => {
  test("are processes of the function's bundle, with their own id, exit code and log", async (t) => {
    const { call, run, ended } = await tasksOf(t);
    const arn = arnIn(await run({ exitCode: 3 }));
    const { stopCode, containers } = await ended(arn);
    assert.deepEqual([stopCode, containers[0]?.exitCode], ["EssentialContainerExited", 3]);
    const id = arn.split("/").at(-1) ?? "";
    const logStreamName = `task/hasura-migrate/${id}`;
    const { events } = await call("GetLogEvents", { logStreamName });
    assert.deepEqual(
      events.map(({ message }): unknown => JSON.parse(message)),
      [{ request: { exitCode: 3 }, metadata: `http://127.0.0.1:9/v4/${id}-0` }],
    );
  });

  test("are started once for each token", async (t) => {
    const { run } = await tasksOf(t);
    const first = arnIn(await run({ waits: true }));
    assert.equal(arnIn(await run({ waits: true })), first);
    assert.notEqual(arnIn(await run({ waits: true }, { token: "another" })), first);
    const { status, __type, ...conflict } = await run({ waits: false });
    assert.deepEqual(
      [status, __type, conflict["resourceIds"]],
      [400, "ConflictException", [first]],
    );
  });

  test("can be stopped by hand", async (t) => {
    const { call, run, ended } = await tasksOf(t);
    const arn = arnIn(await run({ waits: true }));
    // It listens to the signal when it has written its line.
    const logStreamName = arn;
    while ((await call("GetLogEvents", { logStreamName })).events.length === 0);
    await call("StopTask", { task: arn, reason: "by hand" });
    const { stopCode, containers } = await ended(arn);
    assert.deepEqual([stopCode, containers[0]?.exitCode], ["UserInitiated", 0]);
  });

  test("are refused as ECS refuses them", async (t) => {
    const { call, run } = await tasksOf(t);
    const typeOf = async (answer: Promise<z.infer<typeof Answer>>) => (await answer).__type;
    assert.equal(await typeOf(run({}, { container: "other" })), "InvalidParameterException");
    assert.equal(await typeOf(run({ long: "x".repeat(8192) })), "InvalidParameterException");
    assert.equal(await typeOf(call("RunTask", {})), "InvalidParameterException");
    assert.equal(await typeOf(call("ListTasks", {})), "UnknownOperationException");
    assert.equal(
      await typeOf(call("GetLogEvents", { logStreamName: "task/x/none" })),
      "ResourceNotFoundException",
    );
    const { tasks, failures } = await call("DescribeTasks", { tasks: ["none"] });
    assert.deepEqual([tasks, failures[0]?.reason], [[], "MISSING"]);
    assert.equal((await call("DescribeTasks", { tasks: [] }, "AKIAOTHER")).status, 403);
  });

  test("have a definition and a cluster of any name", async (t) => {
    const { call } = await tasksOf(t);
    const { taskDefinition } = await call("DescribeTaskDefinition", {
      taskDefinition: "hasura-migrate-dev-1:4",
    });
    assert.deepEqual(
      [taskDefinition?.family, taskDefinition?.revision, taskDefinition?.status],
      ["hasura-migrate-dev-1", 4, "ACTIVE"],
    );
    const { clusters } = await call("DescribeClusters", { clusters: ["tools"] });
    assert.deepEqual(clusters, [{ clusterName: "tools", status: "ACTIVE" }]);
  });
});
