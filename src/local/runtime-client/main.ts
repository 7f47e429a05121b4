import process from "node:process";
import { awsLambdaGlobal } from "./aws-lambda-global.ts";
import { reportOf } from "./error-report.ts";
import { invoke } from "./invoke.ts";
import { type Handler, HandlerError, loadHandler } from "./load-handler.ts";
import { RuntimeApiClient } from "./runtime-api.ts";

/*
 * The program in a function's process, in place of aws-lambda-ric. It exits when the Runtime API is gone. The exit codes are
 * those of aws-lambda-ric 3.x: 128 for an unhandled rejection, 129 for everything else.
 */
const { env } = process;
const client = new RuntimeApiClient(
  env.AWS_LAMBDA_RUNTIME_API ?? "127.0.0.1:9001",
  env.HASURA_MIGRATE_RUNTIME_TOKEN ?? "",
);
// Child processes of the function do not need it.
delete env.HASURA_MIGRATE_RUNTIME_TOKEN;
let currentRequestId: string | undefined;

process.on("uncaughtException", (thrown) => void reportAndExit(thrown, undefined, 129));
process.on("unhandledRejection", (reason) => {
  if (process.listenerCount("unhandledRejection") > 1) return; // the handler has its own listener
  void reportAndExit(reason, "Runtime.UnhandledPromiseRejection", 128);
});

/** Reports an uncaught error and exits. */
async function reportAndExit(
  thrown: unknown,
  type: string | undefined,
  code: number,
): Promise<void> {
  process.stderr.write(
    `${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
  );
  const body = JSON.stringify(reportOf(thrown, type));
  const path =
    currentRequestId === undefined ? "init/error" : `invocation/${currentRequestId}/error`;
  await client.post(path, body).catch(() => undefined);
  process.exit(code);
}

async function load(): Promise<Handler> {
  try {
    return await loadHandler(
      env.LAMBDA_TASK_ROOT ?? process.cwd(),
      process.argv[2] ?? env._HANDLER ?? "",
    );
  } catch (thrown) {
    const type = thrown instanceof HandlerError ? thrown.type : reportOf(thrown).errorType;
    process.stderr.write(
      `${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
    );
    await client.post("init/error", JSON.stringify(reportOf(thrown, type)), {
      "lambda-runtime-function-error-type": type,
    });
    process.exit(129);
  }
}

// An ordinary property, as aws-lambda-ric sets it: clients of the AWS SDK assign to it.
Object.assign(globalThis, { awslambda: awsLambdaGlobal });
const handler = await load();
for (;;) {
  const invocation = await client.next().catch(() => process.exit(1));
  currentRequestId = invocation.requestId;
  await invoke(handler, invocation, client, env).catch(() => process.exit(1));
  currentRequestId = undefined;
}
