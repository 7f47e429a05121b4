import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { keys } from "../../support/aws-keys.ts";
import {
  answersState,
  lambdaStandIn,
  refuses,
  streams,
  type Answer,
} from "../../support/lambda-stand-in.ts";
import { failedRun, finished, started } from "../../support/run-events.ts";
import { emptyDirectory, instant, testContext } from "../../support/test-context.ts";

const found = (name: string, state: string, more: object = {}): object => ({
  ...{ type: "check", name, state, message: `${name} is fine`, tookMs: 3 },
  ...more,
});
const at = (ms: number): object => ({ at: new Date(ms).toISOString() });
const healthy = (environment: string): object[] => [
  started(environment, at(instant)),
  found("project", "ok"),
  found("ledger of default", "ok"),
  finished(0),
];

async function doctor(
  t: TestContext,
  argv: readonly string[],
  answers: readonly Answer[],
  settings: object = {},
) {
  const lambda = await lambdaStandIn(t, answers);
  const cwd = emptyDirectory(t);
  writeFileSync(
    join(cwd, "hasura-migrate.json"),
    JSON.stringify({ environments: { "dev-1": settings, "dev-2": { region: "eu-west-1" } } }),
  );
  const env = {
    ...keys,
    AWS_ENDPOINT_URL_LAMBDA: lambda.url,
    AWS_ENDPOINT_URL_ECS: lambda.url,
  };
  const context = testContext(t, { argv: ["doctor", ...argv], cwd, env });
  const exit = await main(context);
  const checks = context.out.text
    .trim()
    .split("\n")
    .flatMap((line) => /^([✓!✗·]) (\S+(?: of \S+)?)/.exec(line)?.slice(1).join(" ") ?? []);
  return { exit, checks, out: context.out.text, calls: lambda.calls };
}

describe("doctor", () => {
  test("checks from the configuration to the ledger", async (t) => {
    const ran = await doctor(t, ["dev-1"], [answersState("Active"), streams(healthy("dev-1"))]);
    assert.equal(ran.exit, 0, ran.out);
    assert.deepEqual(ran.checks, [
      "✓ configuration",
      "✓ environment",
      "✓ profile",
      "✓ region",
      "✓ credentials",
      "✓ function",
      "✓ invocation",
      "✓ clock",
      "✓ project",
      "✓ ledger of default",
    ]);
  });

  test("names what it waits for outside a terminal, too", async (t) => {
    const lambda = await lambdaStandIn(t, [answersState("Active"), streams(healthy("dev-1"))]);
    const env = { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url };
    const context = testContext(t, { argv: ["doctor", "dev-1", "--region", "eu-west-1"], env });
    const running = main(context);
    await context.waitsFor(1000, () => false);
    context.tick(1000);
    await running;
    assert.match(context.err.text, /^[a-z].* …\n/);
  });

  test("ends with the kind of the failure in the function, after every check", async (t) => {
    const failure = { kind: "access", code: "wrong-secret", message: "refused", hints: [] };
    const events = [
      started("dev-1", at(instant)),
      found("admin-secret", "failed", { failure }),
      found("metadata", "skipped"),
      failedRun(failure),
    ];
    const ran = await doctor(t, ["dev-1"], [answersState("Active"), streams(events)]);
    assert.equal(ran.exit, 3);
    assert.deepEqual(ran.checks.slice(-2), ["✗ admin-secret", "· metadata"]);
    assert.match(ran.out, /^ {2}✗ refused$/m);
  });

  test("skips the checks that depend on the step that failed", async (t) => {
    const missing = refuses(404, "ResourceNotFoundException", "no function");
    const ran = await doctor(t, ["dev-1"], [missing]);
    assert.notEqual(ran.exit, 0);
    assert.deepEqual(ran.checks.slice(-2), ["✗ function", "· invocation"]);
    const profile = await doctor(t, ["dev-1", "--profile", "nobody"], []);
    assert.equal(profile.exit, 3);
    assert.deepEqual(profile.checks.slice(2), [
      "✗ profile",
      "· region",
      "· credentials",
      "· function",
      "· invocation",
    ]);
  });

  test("needs no permission to look at the function", async (t) => {
    const denied = refuses(403, "AccessDeniedException", "not authorized");
    const ran = await doctor(t, ["dev-1"], [denied, streams(healthy("dev-1"))]);
    assert.equal(ran.exit, 0, ran.out);
    assert(ran.checks.includes("· function"));
  });

  test("warns about a clock that is off", async (t) => {
    const events = [started("dev-1", at(instant - 120_000)), finished(0)];
    const ran = await doctor(t, ["dev-1"], [answersState("Active"), streams(events)]);
    assert.equal(ran.exit, 0);
    assert.match(ran.out, /^! clock +this machine's clock is 2m 00s ahead of the function's/m);
  });

  test("checks all environments if none is named, and continues after one that fails", async (t) => {
    const route: Answer = (response, call) => {
      if (call.kind === "state") return answersState("Active")(response, call);
      const { environment } = JSON.parse(call.body) as { environment: string };
      const failure = { kind: "unreachable", code: "hasura-unreachable", message: "x", hints: [] };
      const events =
        environment === "dev-1"
          ? [
              started("dev-1", at(instant)),
              found("hasura", "failed", { failure }),
              failedRun(failure),
            ]
          : healthy("dev-2");
      return streams(events)(response, call);
    };
    const ran = await doctor(t, ["--json"], [route, route, route, route]);
    const objects = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(ran.exit, 4);
    assert.deepEqual(objects.at(-1), {
      type: "summary",
      exit: 4,
      environments: [
        { env: "dev-1", result: "unreachable", exit: 4 },
        { env: "dev-2", result: "done", exit: 0 },
      ],
    });
  });
});

describe("doctor, where migrations run in ECS tasks", () => {
  const awsJson =
    (body: object): Answer =>
    (response) =>
      void response
        .writeHead(200, { "content-type": "application/x-amz-json-1.1" })
        .end(JSON.stringify(body));
  const container = (name: string, group: string): object => ({
    name,
    logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": group } },
  });
  const definition = {
    ...{ family: "hasura-migrate-dev-1", revision: 7, status: "ACTIVE" },
    ...{ cpu: "512", memory: "1024", compatibilities: ["EC2", "FARGATE"] },
    containerDefinitions: [container("hasura-migrate", "/ecs/hasura-migrate-dev-1")],
  };
  const active = awsJson({ clusters: [{ clusterName: "c", status: "ACTIVE" }] });
  const defined = (more: object): Answer => awsJson({ taskDefinition: { ...definition, ...more } });

  /** The line of the task, and everything that was printed. */
  async function task(t: TestContext, described: Answer, clusters: Answer = active) {
    const route: Answer = (response, call) => {
      const target = String(call.headers["x-amz-target"]);
      if (target.endsWith("DescribeTaskDefinition")) return described(response, call);
      if (target.endsWith("DescribeClusters")) return clusters(response, call);
      if (call.kind === "state") return answersState("Active")(response, call);
      return streams(healthy("dev-1"))(response, call);
    };
    const four = [route, route, route, route];
    const ran = await doctor(t, ["dev-1"], four, { runner: "ecs" });
    return { ...ran, line: /^.*\btask\b.*$/m.exec(ran.out)?.[0] ?? "" };
  }

  test("shows the task definition, its size and the cluster", async (t) => {
    const { exit, line, checks } = await task(t, defined({}));
    assert.equal(exit, 0);
    assert.match(
      line,
      /^✓ task +hasura-migrate-dev-1:7, 512 CPU units, 1024 MB, cluster hasura-migrate-dev-1/,
    );
    assert.deepEqual(checks.slice(5, 7), ["✓ task", "✓ function"]);
  });

  test("fails for what no task can be started from, and checks the function nevertheless", async (t) => {
    const clientError = refuses(400, "ClientException", "Unable to describe task definition.");
    const cases: [Answer, Answer, RegExp][] = [
      [clientError, active, /There is no active task definition hasura-migrate-dev-1 in/],
      [defined({ status: "INACTIVE" }), active, /There is no active task definition/],
      [defined({}), awsJson({ clusters: [] }), /There is no ECS cluster/],
      [defined({}), awsJson({ clusters: [{ status: "INACTIVE" }] }), /There is no ECS cluster/],
      [
        defined({ containerDefinitions: [container("web", "/ecs/web")] }),
        active,
        /has no container hasura-migrate: it has web\./,
      ],
      [defined({ compatibilities: ["EC2"] }), active, /cannot run on Fargate/],
    ];
    for (const [described, clusters, message] of cases) {
      const { exit, out, checks } = await task(t, described, clusters);
      assert.equal(exit, 4, out);
      assert.match(out, message);
      assert.ok(checks.includes("✗ task"), out);
      assert.ok(checks.includes("✓ invocation"), out);
    }
  });

  test("warns about a log that cannot be read afterwards", async (t) => {
    const other = await task(
      t,
      defined({ containerDefinitions: [container("hasura-migrate", "/x")] }),
    );
    assert.equal(other.exit, 0);
    assert.match(other.line, /^! task +its container logs to \/x \(expected log group: /);
    const none = await task(t, defined({ containerDefinitions: [{ name: "hasura-migrate" }] }));
    assert.match(none.line, /^! task +its container does not log to CloudWatch/);
  });

  test("needs no permission to look at the task definition", async (t) => {
    const denied = refuses(400, "AccessDeniedException", "not authorized");
    const { exit, line } = await task(t, denied);
    assert.equal(exit, 0);
    assert.match(line, /^· task +no permission to read it \(ecs:DescribeTaskDefinition/);
  });

  test("skips the task if there is no connection", async (t) => {
    const { checks } = await doctor(t, ["dev-1", "--profile", "nobody"], [], { runner: "ecs" });
    assert.deepEqual(checks.slice(-3), ["· task", "· function", "· invocation"]);
  });

  test("shows a bug in one environment as its failed check, and checks the others", async (t) => {
    const active = answersState("Active");
    const [first, second] = ["dev-1", "dev-2"].map((name) => streams(healthy(name)));
    assert(first && second);
    const lambda = await lambdaStandIn(t, [active, first, active, second]);
    const cwd = emptyDirectory(t);
    const environments = { "dev-1": {}, "dev-2": { region: "eu-west-1" } };
    writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
    const context = testContext(t, {
      argv: ["doctor", "--all", "--concurrency", "1"],
      cwd,
      env: { ...keys, AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    let isBroken = true;
    const exit = await main({
      ...context,
      now: () => {
        // Once the first environment's function has answered.
        if (isBroken && lambda.calls.length === 2) {
          isBroken = false;
          throw new TypeError("a bug");
        }
        return context.now();
      },
    });
    assert.equal(exit, 70);
    assert.match(context.out.text, /✗ environment\s+✗ This is a bug .*: a bug/);
    assert.match(context.out.text, /✓ ledger of default/);
  });

  test("has no option that only a run in stages can follow", async (t) => {
    for (const argv of [
      ["dev-1", "--then", "dev-2"],
      ["--all", "--fail-fast"],
    ]) {
      const { exit, calls } = await doctor(t, argv, []);
      assert.deepEqual([exit, calls.length], [2, 0]);
    }
  });
});
