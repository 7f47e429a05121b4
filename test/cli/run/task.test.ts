import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { main } from "../../../src/cli/main.ts";
import { taskOf } from "../../../src/cli/run/environment-run.ts";
import { operationNames } from "../../../src/protocol/operations.ts";
import { keys } from "../../support/aws-keys.ts";
import { row } from "../../support/failure-cases.ts";
import {
  lambdaStandIn,
  refuses,
  streams,
  type Answer,
  type Call,
} from "../../support/lambda-stand-in.ts";
import {
  constraint,
  failedMigration,
  failedRun,
  finished,
  historyOf,
  item,
  ledgerOperations,
  plan,
  started,
} from "../../support/run-events.ts";
import { testContext } from "../../support/test-context.ts";

const second = ["1700000000200", "add_index"] as const;
const arn = "arn:aws:ecs:eu-west-1:111122223333:task/hasura-migrate-dev-3/0123abcd";
const up = { database: "default", version: row[0], name: row[1], change: "up", ms: 41 };
const up2 = { ...up, version: second[0], name: second[1], ms: 3_600_000 };
const begun = started("dev-3", { operations: ledgerOperations, store: "ledger" });
const bothPending = plan([item(...row), item(...second, { transaction: false })]);
const preview = streams([begun, { ...bothPending, dryRun: true }, finished(0)]);

function json(body: object, status = 200): Answer {
  return (response) =>
    void response
      .writeHead(status, { "content-type": "application/x-amz-json-1.1" })
      .end(JSON.stringify(body));
}

const network = json({
  State: "Active",
  VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] },
});
const placed = json({ tasks: [{ taskArn: arn, lastStatus: "PROVISIONING" }], failures: [] });
const state = (lastStatus: string, more: object = {}): Answer =>
  json({ tasks: [{ taskArn: arn, lastStatus, ...more }] });
const running = state("RUNNING");
const missing = json({ tasks: [], failures: [{ arn, reason: "MISSING" }] });
const mayNotDescribe = json({ __type: "AccessDeniedException", message: "no" }, 400);
const exited = (exitCode: number, more: object = {}): Answer =>
  state("DEPROVISIONING", {
    stopCode: "EssentialContainerExited",
    stoppedReason: "Essential container in task exited",
    containers: [{ name: "hasura-migrate", lastStatus: "STOPPED", exitCode }],
    ...more,
  });
const logs = (events: readonly object[]): Answer =>
  json({ events: events.map((event) => ({ message: JSON.stringify({ level: "info", event }) })) });

/** A failure as the function's log has it: without lines of the file. */
const logged = { ...constraint, sql: { ...constraint.sql, place: { line: 1, column: 26 } } };

const paused = { type: "run.paused", reason: "x", applied: 1, notReached: 1, tookMs: 1 };
const warning = (code: string, message: string) => ({
  type: "log",
  level: "warning",
  code,
  message,
});

/** The run that the task was started for. */
let runId = "";
const ledger =
  (more: object): Answer =>
  (response, call) =>
    streams([begun, { type: "history", runs: [historyOf(runId, more)] }, finished(0)])(
      response,
      call,
    );
const dropped: Answer = (response) => void response.destroy();
const expired = refuses(403, "ExpiredTokenException", "expired");
const unknown = streams([begun, { type: "history", runs: [] }, finished(0)]);

/** What was called, in words. */
function wordOf({ kind, body, headers }: Call): string {
  if (kind === "other") return String(headers["x-amz-target"]).split(".").at(-1) ?? "";
  if (kind === "state") return "state";
  const { operation, options } = JSON.parse(body) as {
    operation: string;
    options: { dryRun?: boolean };
  };
  return options.dryRun ? "plan" : operation;
}

async function runTask(t: TestContext, answers: readonly Answer[], argv: readonly string[] = []) {
  const keepsRunId =
    (answer: Answer): Answer =>
    (response, call) => {
      if (wordOf(call) === "RunTask")
        runId = (JSON.parse(call.body) as { startedBy: string }).startedBy;
      return answer(response, call);
    };
  const aws = await lambdaStandIn(t, answers.map(keepsRunId));
  const context = testContext(t, {
    argv: ["dev-3", "--runner", "ecs", ...argv],
    env: { ...keys, AWS_ENDPOINT_URL: aws.url },
  });
  const exit = await main(context);
  const { text } = context.err;
  return {
    exit,
    context,
    err: text,
    out: context.out.text,
    calls: aws.calls,
    words: aws.calls.map(wordOf),
  };
}

const start = [preview, network, placed];

describe("a run in an ECS task", () => {
  test("is one that runs migrations: everything else is done by the function", () => {
    const target = {
      ...{ environment: "prod", function: "hasura-migrate-prod", protected: false },
      task: { cluster: "c", taskDefinition: "t", container: "c", logGroup: "l" },
      profile: { name: "prod", from: "convention" as const },
    };
    assert.deepEqual(
      operationNames.filter((operation) => taskOf({ operation, options: {} }, target)),
      ["apply", "down", "redo", "reset-to"],
    );
  });

  test("is not started for seeds, which run in the function, and the command says so", async (t) => {
    const lambda = await lambdaStandIn(t, [streams([begun, finished(0)])]);
    const context = testContext(t, {
      argv: ["seed", "dev-3", "--yes"],
      columns: 200,
      env: { ...keys, NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
    });
    const environments = { "dev-3": { runner: "ecs" } };
    writeFileSync(join(context.cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
    assert.equal(await main(context), 0, context.err.text);
    assert.deepEqual(
      lambda.calls.map(({ body }) => z.object({ operation: z.string() }).parse(JSON.parse(body))),
      [{ operation: "seed" }],
    );
    assert.match(context.err.text, /! Seeds run in the function, not in an ECS task: each file/);
  });

  test("is planned by the function, started once, and followed in the ledger to its end", async (t) => {
    const { exit, out, err, calls, words } = await runTask(t, [
      ...start,
      state("PROVISIONING"),
      state("PENDING"),
      running,
      ledger({ live: true, activity: `${row[0]} ${row[1]} (pid 7)` }),
      ledger({ live: true, migrations: [up], activity: `${second[0]} ${second[1]} (pid 7)` }),
      ledger({
        outcome: "finished",
        endedAt: "2026-11-24T13:06:00.000Z",
        migrations: [up, up2],
      }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0, err);
    assert.deepEqual(words, [
      ...["plan", "state", "RunTask", "DescribeTasks", "DescribeTasks", "DescribeTasks"],
      ...["history", "history", "history", "GetLogEvents"],
    ]);
    assert.match(err, /starting an ECS task …[\s\S]*waiting for the ECS task to start \(PENDING\)/);
    assert.match(err, /1700000000200 add_index started/);
    assert.match(
      out,
      /1700000000100 add_order_notes applied 41ms\n.*1700000000200 add_index applied/,
    );
    assert.match(out, /2 applied in 1h 06m/);
    const request = JSON.parse(calls[2]?.body ?? "") as Record<string, unknown>;
    assert.match(calls[2]?.headers.authorization ?? "", /\/eu-west-1\/ecs\/aws4_request/);
    assert.match(calls.at(-1)?.headers.authorization ?? "", /\/eu-west-1\/logs\/aws4_request/);
    const { overrides, clientToken, ...rest } = request;
    assert.deepEqual(rest, {
      cluster: "hasura-migrate-dev-3",
      taskDefinition: "hasura-migrate-dev-3",
      launchType: "FARGATE",
      count: 1,
      startedBy: clientToken,
      propagateTags: "TASK_DEFINITION",
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ["subnet-1"],
          securityGroups: ["sg-1"],
          assignPublicIp: "DISABLED",
        },
      },
    });
    const { containerOverrides } = overrides as {
      containerOverrides: { name: string; command: string[] }[];
    };
    assert.equal(containerOverrides[0]?.name, "hasura-migrate");
    assert.equal(containerOverrides[0].command[0], "run-task");
    const sent = JSON.parse(containerOverrides[0].command[1] ?? "") as { runId: string };
    assert.equal(sent.runId, clientToken);
  });

  test("with nothing pending is a run in the function", async (t) => {
    const { exit, words } = await runTask(t, [
      streams([begun, { ...plan([]), dryRun: true }, finished(0)]),
      streams([begun, plan([]), finished(0)]),
    ]);
    assert.equal(exit, 0);
    assert.deepEqual(words, ["plan", "apply"]);
  });

  test("is refused without a ledger, because nothing would show how it ended", async (t) => {
    const { exit, err, words } = await runTask(t, [
      streams([started("dev-3"), { ...bothPending, dryRun: true }, finished(0)]),
    ]);
    assert.equal(exit, 2);
    assert.match(err, /requires a ledger, which shows how they ended/);
    assert.match(err, /→ to run them in the function: hasura-migrate dev-3 --runner lambda/);
    assert.deepEqual(words, ["plan"]);
  });

  test("whose plan did not arrive was not started", async (t) => {
    const { exit, err, words } = await runTask(t, [(response) => void response.destroy()]);
    assert.equal(exit, 4);
    assert.match(err, /did not return the plan; no task was started/);
    assert.deepEqual(words, ["plan"]);
  });

  test("that fails shows the details of its log, or else what the ledger has", async (t) => {
    const outcome = {
      outcome: "migration/sql-failed",
      failure: "up.sql failed: no",
      migrations: [up],
    };
    const detailed = await runTask(t, [
      ...[...start, running, ledger(outcome)],
      logs([failedMigration(...second, logged), failedRun(logged, 1, 1)]),
    ]);
    assert.equal(detailed.exit, 1);
    assert.match(
      detailed.err,
      /✗ migrations\/default\/1700000000200_drop_legacy_flag\/up\.sql:1 failed\n {4}2BP01 cannot drop column/,
    );
    const denied = json({ __type: "AccessDeniedException", message: "not authorized" }, 400);
    const plain = await runTask(t, [...start, running, ledger(outcome), denied]);
    assert.equal(plain.exit, 1);
    assert.match(plain.err, /up\.sql failed: no/);
    assert.equal(plain.words.at(-1), "GetLogEvents");
  });

  test("that deploys metadata shows its differences, what was applied, and every warning once", async (t) => {
    const diff = {
      type: "metadata.diff",
      resourceVersion: 7,
      changes: [
        {
          ...{ path: [{ kind: "action", name: "a" }], change: "added", isInside: false },
          ...{ fields: [], attention: [] },
        },
      ],
      inconsistent: [],
    };
    const known = warning("metadata-ignored", "No other file includes old.yaml.");
    const broken = [{ type: "table", name: "table users in source default", reason: "gone" }];
    const metadataApplied = {
      type: "metadata.applied",
      ...{ resourceVersion: 8, objects: 1, tookMs: 9, inconsistent: { broken, before: 0 } },
    };
    const differs = warning("metadata-differs", "1 object still differs.");
    const { exit, out, err } = await runTask(
      t,
      [
        streams([
          ...[begun, { ...diff, dryRun: true }, known],
          ...[{ ...bothPending, dryRun: true }, finished(0)],
        ]),
        ...[network, placed, running],
        ledger({ outcome: "finished", migrations: [up, up2] }),
        logs([begun, known, diff, bothPending, metadataApplied, differs, finished(2)]),
      ],
      ["--metadata", "--json"],
    );
    assert.equal(exit, 0, err);
    const events = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; code?: string; dryRun?: boolean });
    assert.deepEqual(
      events.map(({ type, code }) => code ?? type).filter((each) => !each.startsWith("migration.")),
      [
        ...["client", "run.started", "metadata.diff", "metadata-ignored", "plan"],
        ...["metadata.applied", "metadata-differs", "run.finished"],
      ],
    );
    assert.ok(events.every(({ dryRun }) => dryRun !== true));
  });

  test("shows remarks about how its migrations were applied, which only its log has", async (t) => {
    const [version, name] = row;
    const applied = {
      ...{ type: "migration.applied", database: "default", direction: "up", version, name },
      ...{ tookMs: 41, notices: ["its answer was lost"] },
    };
    const { exit, err } = await runTask(t, [
      ...[...start, running],
      ledger({ outcome: "finished", migrations: [up, up2] }),
      logs([begun, bothPending, applied, finished(2)]),
    ]);
    assert.equal(exit, 0, err);
    assert.match(err, /default 1700000000100 add_order_notes notice: its answer was lost\n/);
  });

  test("reports that its log, which has the warnings, cannot be read", async (t) => {
    const denied = json({ __type: "AccessDeniedException", message: "not authorized" }, 400);
    const ended = ledger({ outcome: "finished", migrations: [up, up2] });
    const { exit, err } = await runTask(t, [...start, running, ended, denied]);
    assert.equal(exit, 0, err);
    assert.match(
      err,
      /! The log of the ECS task could not be read, so warnings, notices and the outcome /,
    );
  });

  for (const [what, before, after] of [
    ["ECS answers with an error", json({ __type: "ServerException", message: "x" }, 500), placed],
    ["the answer is lost", ((response) => void response.destroy()) satisfies Answer, placed],
    [
      "ECS throttles",
      json({ __type: "ThrottlingException", message: "Rate exceeded" }, 400),
      placed,
    ],
  ] as const)
    test(`is started with the same token and the same request again where ${what}`, async (t) => {
      const { exit, calls, words } = await runTask(t, [
        ...[preview, network, before, before, after, running],
        ledger({ outcome: "finished", migrations: [up, up2] }),
        logs([finished(2)]),
      ]);
      assert.equal(exit, 0);
      const bodies = calls.filter((call) => wordOf(call) === "RunTask").map(({ body }) => body);
      assert.equal(bodies.length, 3);
      assert.equal(new Set(bodies).size, 1);
      assert.equal(words.filter((word) => word === "apply").length, 0);
    });

  test("whose start was never answered is looked up for longer than a task takes to start", async (t) => {
    const lost: Answer = (response) => void response.destroy();
    const { exit, err, words } = await runTask(t, [
      ...[preview, network, lost, lost, lost, lost, lost, lost],
      ...Array.from({ length: 12 }, () => unknown),
      ledger({ live: true }),
      ledger({ outcome: "finished", migrations: [up, up2] }),
    ]);
    assert.equal(exit, 0, err);
    assert.match(
      err,
      /The response to RunTask was lost .*; the task may have been started\. Looking up run/,
    );
    assert.equal(words.filter((word) => word === "RunTask").length, 6);
  });

  const cases: readonly [
    name: string,
    answers: readonly Answer[],
    exit: number,
    says: readonly RegExp[],
  ][] = [
    [
      "that cannot be placed",
      [json({ tasks: [], failures: [{ reason: "RESOURCE:ENI", detail: "no address" }] })],
      4,
      [
        /could not place a task of hasura-migrate-dev-3: RESOURCE:ENI \(no address\)\. Nothing has run/,
      ],
    ],
    [
      "that may not be started",
      [
        json(
          {
            __type: "AccessDeniedException",
            message:
              "User: arn:aws:sts::1:assumed-role/dev/ada is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:eu-west-1:1:task-definition/x:1",
          },
          400,
        ),
      ],
      3,
      [/assumed-role\/dev\/ada is not authorized to perform ecs:RunTask/, /TaskPolicyArn/],
    ],
    [
      "whose role may not be passed",
      [
        json(
          {
            __type: "com.amazonaws.ecs#AccessDeniedException",
            message:
              "User: arn:aws:sts::1:assumed-role/dev/ada is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/task",
          },
          400,
        ),
      ],
      3,
      [/not authorized to perform iam:PassRole on arn:aws:iam::1:role\/task/],
    ],
    [
      "in a cluster that does not exist",
      [json({ __type: "ClusterNotFoundException", message: "Cluster not found." }, 400)],
      4,
      [
        /There is no ECS cluster hasura-migrate-dev-3 in eu-west-1; nothing has run/,
        /TaskRunner=true/,
      ],
    ],
    [
      "of a task definition that does not exist",
      [json({ __type: "ClientException", message: "TaskDefinition not found." }, 400)],
      4,
      [/There is no active task definition hasura-migrate-dev-3/],
    ],
    [
      "that ECS refuses",
      [
        json(
          {
            __type: "InvalidParameterException",
            message: "Override for container named x is not a container in the TaskDefinition.",
          },
          400,
        ),
      ],
      4,
      [/ECS refused .*Override for container named x/],
    ],
    [
      "whose token belongs to another request",
      [json({ __type: "ConflictException", message: "in use", resourceIds: [arn] }, 400)],
      4,
      [/RunTask failed \(ConflictException\)/],
    ],
    [
      "of an identity whose token has expired",
      [json({ __type: "ExpiredTokenException", message: "expired" }, 400)],
      3,
      [/credentials have expired/],
    ],
    [
      "that is answered by something else",
      [
        (response) =>
          void response.writeHead(403, { "content-type": "text/html" }).end("<html>no</html>"),
      ],
      4,
      [/RunTask failed \(HTTP 403\)/],
    ],
    [
      "whose image cannot be pulled",
      [
        placed,
        state("STOPPED", {
          stopCode: "TaskFailedToStart",
          stoppedReason: "CannotPullContainerError: i/o timeout",
        }),
        unknown,
        unknown,
        ...Array.from({ length: 4 }, () =>
          json({ __type: "ResourceNotFoundException", message: "no stream" }, 400),
        ),
      ],
      4,
      [
        /stopped before the run began \(CannotPullContainerError: i\/o timeout\); nothing has run/,
        /route to ECR, S3 and CloudWatch Logs/,
        /→ read its log: aws logs tail \/ecs\/hasura-migrate-dev-3 --log-stream-names task\/hasura-migrate\/[\w-]+ --region eu-west-1/,
      ],
    ],
    [
      "that was refused before it reached the ledger",
      [
        placed,
        exited(2),
        unknown,
        logs([
          failedRun({
            kind: "usage",
            code: "protected",
            message: "dev-3 is protected, and the request is not confirmed.",
            hints: [],
            causes: [],
          }),
        ]),
      ],
      2,
      [/✗ dev-3 is protected, and the request is not confirmed/],
    ],
    [
      "whose process was killed",
      [
        placed,
        running,
        ledger({ live: true, migrations: [up] }),
        ledger({ migrations: [up] }),
        exited(137, { stoppedReason: "OutOfMemoryError: Container killed due to memory usage" }),
        ledger({ migrations: [up] }),
        ledger({ migrations: [up] }),
        ledger({ migrations: [up] }),
      ],
      4,
      [
        /The ECS task stopped without reporting how the run ended \(exit code 137; OutOfMemoryError/,
        /appears to have died/,
        /→ to continue where it stopped \(nothing is applied twice\): hasura-migrate dev-3 --runner ecs/,
      ],
    ],
    [
      "that cannot be followed with credentials that have expired",
      [placed, running, expired, running, expired, running, expired],
      4,
      [/it may still be running/, /hasura-migrate history dev-3 --run/],
    ],
    [
      "whose function cannot be asked for a quarter of an hour",
      [placed, running, ...Array.from({ length: 184 }, () => [dropped, running]).flat(), dropped],
      4,
      [/it may still be running/],
    ],
    [
      "that neither ECS nor the ledger knows",
      [placed, missing, ...Array.from({ length: 180 }, () => [unknown, missing]).flat()],
      4,
      [/it may still be running/, /hasura-migrate history dev-3 --run/],
    ],
    [
      "that may not be described and is not in the ledger",
      [
        placed,
        mayNotDescribe,
        ...Array.from({ length: 180 }, () => [unknown, mayNotDescribe]).flat(),
      ],
      4,
      [/it may still be running/],
    ],
    [
      "that ECS has forgotten and that shows no activity",
      [
        ...[placed, running, ledger({ live: true, migrations: [up] })],
        ...[ledger({ migrations: [up] }), missing, ledger({ migrations: [up] }), missing],
        ...[ledger({ migrations: [up] }), ledger({ migrations: [up] })],
      ],
      4,
      [/The ECS task stopped without reporting how the run ended\./, /appears to have died/],
    ],
    [
      "that a person stopped",
      [
        placed,
        running,
        ledger({ outcome: "paused", requestIds: ["t-1"], migrations: [up] }),
        exited(0, { stopCode: "UserInitiated", stoppedReason: "Task stopped by user" }),
        logs([warning("metadata-not-put-back", "Objects were not put back."), paused]),
      ],
      130,
      [
        /! Objects were not put back\./,
        /! The ECS task was stopped manually: Task stopped by user/,
      ],
    ],
  ];
  for (const [name, answers, exit, says] of cases)
    test(`${name}: exit ${String(exit)}`, async (t) => {
      const ran = await runTask(t, [preview, network, ...answers]);
      for (const pattern of says) assert.match(ran.err, pattern);
      assert.equal(ran.exit, exit, ran.err);
      assert.ok(!ran.words.includes("apply"), "the function ran nothing");
    });

  test("that AWS stopped is continued in another task", async (t) => {
    const { exit, out, err, calls } = await runTask(t, [
      ...[...start, running],
      ledger({ outcome: "paused", requestIds: ["t-1"], migrations: [up] }),
      exited(0, { stopCode: "TerminationNotice", stoppedReason: "Task retirement" }),
      logs([paused]),
      ...[
        streams([begun, { ...plan([item(...second)]), dryRun: true }, finished(0)]),
        network,
        placed,
        running,
      ],
      ledger({ outcome: "finished", requestIds: ["t-1", "t-2"], migrations: [up, up2] }),
      logs([finished(1)]),
    ]);
    assert.equal(exit, 0, err);
    const tokens = calls
      .filter((call) => wordOf(call) === "RunTask")
      .map(({ body }) => (JSON.parse(body) as { clientToken: string }).clientToken);
    assert.equal(tokens[1], `${String(tokens[0])}.2`);
    assert.match(out, /add_order_notes applied[\s\S]*add_index applied[\s\S]*2 applied/);
    assert.equal(out.match(/add_order_notes applied/g)?.length, 1);
  });

  test("that is continued in another task, which may not be described, is followed until it starts", async (t) => {
    const left = ledger({ outcome: "paused", requestIds: ["t-1"], migrations: [up] });
    const { exit, err } = await runTask(t, [
      ...[...start, running, left],
      exited(0, { stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." }),
      logs([paused]),
      streams([begun, { ...plan([item(...second)]), dryRun: true }, finished(0)]),
      ...[network, placed, mayNotDescribe],
      ...Array.from({ length: 5 }, () => [left, mayNotDescribe]).flat(),
      ledger({ outcome: "finished", requestIds: ["t-1", "t-2"], migrations: [up, up2] }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0, err);
  });

  test("whose image is not the function's is warned of once", async (t) => {
    const image = { imageCommit: "0ld0ld0" };
    const { exit, err } = await runTask(t, [
      ...[...start, running],
      ledger({ live: true, ...image }),
      ledger({ outcome: "finished", migrations: [up, up2], ...image }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0, err);
    assert.equal(
      err.match(/The task's image \(0ld0ld0\) is not that of the function \(4c6ea1a\)/g)?.length,
      1,
    );
  });

  test("is followed even where ECS may not be asked about it", async (t) => {
    const denied = json({ __type: "AccessDeniedException", message: "no" }, 400);
    const { exit } = await runTask(t, [
      ...[...start, denied, unknown, denied],
      ledger({ outcome: "finished", migrations: [up, up2] }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0);
  });

  test("is followed as usual where ECS knows it only some seconds after it was started", async (t) => {
    const { exit, err, words } = await runTask(t, [
      ...[
        ...start,
        missing,
        unknown,
        missing,
        unknown,
        state("PENDING"),
        state("PENDING"),
        running,
      ],
      ledger({ outcome: "finished", migrations: [up, up2] }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0, err);
    assert.deepEqual(words.slice(-5), [
      ...["DescribeTasks", "DescribeTasks", "DescribeTasks", "history", "GetLogEvents"],
    ]);
  });

  test("is followed to its recorded end although ECS has forgotten it", async (t) => {
    const { exit, err } = await runTask(t, [
      ...[...start, missing],
      ledger({ outcome: "finished", migrations: [up, up2] }),
      logs([finished(2)]),
    ]);
    assert.equal(exit, 0, err);
  });

  test("is for migrations alone, and never for the embedded environment", async (t) => {
    for (const argv of [
      ["status", "dev-3"],
      ["mark", "dev-3", "1"],
    ]) {
      const context = testContext(t, { argv: [...argv, "--runner", "ecs"] });
      assert.equal(await main(context), 2);
    }
    const local = testContext(t, { argv: ["local", "--runner", "ecs"] });
    assert.equal(await main(local), 2);
    const dryRun = await runTask(t, [preview], ["--dry-run"]);
    assert.deepEqual([dryRun.exit, dryRun.words], [0, ["plan"]]);
  });
});
