import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";
import { root, start, type Running } from "../../e2e/support/cli.ts";
import { bundled } from "../../support/bundle.ts";
import { faultBench, type FaultBench } from "./bench.ts";
import type { Sql } from "./migrations.ts";

/** An environment whose migrations run in tasks: the command line, the services of AWS, the built function, and what is behind it. */
export interface TaskBench extends FaultBench {
  readonly url: string;
  /** Starts the command line, to apply what is pending in a task. */
  apply(): Promise<Running>;
  /** The tasks that work at this moment. */
  tasks(): number[];
  /** Sends a signal to every task; returns how many there were. */
  signal(name: "SIGKILL" | "SIGTERM"): number;
  /** Breaks the connection after so many of the next calls of RunTask, when ECS has done what they ask. */
  loseStarts(count: number): void;
  /** How often RunTask was called. */
  readonly starts: () => number;
  /** How many tasks have begun to serve a request to apply. */
  readonly begun: () => number;
  /** Resolves when no task works any more. */
  tasksEnded(): Promise<void>;
}

/** Starts one environment of its own for a test. Pauses of the command line are a 12th as long. */
export async function taskBench(
  t: TestContext,
  sql: Sql,
  env: Record<string, string> = {},
): Promise<TaskBench> {
  const bench = await faultBench(t, sql);
  const functionDirectory = await ownFunction(t);
  const log = { text: "" };
  const service = await startLambdaService({
    functionDirectory,
    log: (text) => (log.text += text),
    env: {
      HASURA_MIGRATE_ENVIRONMENT: "*",
      HASURA_MIGRATE_ENDPOINT: bench.network.url,
      HASURA_MIGRATE_ADMIN_SECRET: "test-admin-secret",
      HASURA_MIGRATE_DIRECTORY: bench.root,
      ...env,
    },
  });
  t.onTestFinished(() => service.stop());
  const starts = { left: 0, made: 0 };
  const url = await startFront(t, service.url, starts);
  const program = await bundled(new URL("short-waits.ts", import.meta.url));
  const tasks = (): number[] => processesOf(join(functionDirectory, "run-task.mjs"));
  return {
    ...bench,
    url,
    tasks,
    apply: () =>
      start(t, ["dev-1", "--json", "--runner", "ecs", "--endpoint-url", url], {
        program,
        env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      }),
    signal: (name) => {
      const found = tasks();
      for (const pid of found) process.kill(pid, name);
      return found.length;
    },
    loseStarts: (count) => {
      starts.left = count;
    },
    starts: () => starts.made,
    begun: () => log.text.split("\n").filter((line) => isApply.test(line)).length,
    tasksEnded: async () => {
      while (tasks().length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

/** The line of the function's log at the begin of a request; the plan is a dry run. */
const isApply = /"message":"request","operation":"apply"(?!.*"dryRun":true)/;

/** The built function under a name of its own, by which the tasks of this environment are found. */
async function ownFunction(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "task-bench-"));
  t.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const link = join(directory, "function");
  await symlink(join(root, "dist/function"), link);
  return link;
}

function processesOf(program: string): number[] {
  const listed = execFileSync("ps", ["-e", "-ww", "-o", "pid=,args="], { encoding: "utf8" });
  return listed
    .split("\n")
    .flatMap((line) => (line.includes(program) ? [Number.parseInt(line, 10)] : []));
}

/** Passes everything on, except the answers of RunTask that are to be lost. */
async function startFront(
  t: TestContext,
  target: string,
  starts: { left: number; made: number },
): Promise<string> {
  const server = http.createServer((request, response) => {
    const onward = http.request(
      new URL(request.url ?? "/", target),
      { agent: false, method: request.method, headers: request.headers },
      (answer) => {
        const isStart = request.headers["x-amz-target"]?.includes("RunTask") === true;
        if (isStart) starts.made += 1;
        if (isStart && starts.left > 0) {
          starts.left -= 1;
          answer.resume();
          response.destroy();
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}
