import process from "node:process";
import { awsLambdaGlobal } from "./aws-lambda-global.ts";
import { reportOf } from "./error-report.ts";
import { invoke } from "./invoke.ts";
import { type Handler, HandlerError, loadHandler } from "./load-handler.ts";
import { RuntimeApiClient } from "./runtime-api.ts";

/*
 * The program in a function's process: what aws-lambda-ric is on Lambda. It ends when the Runtime API has gone away; exit
 * codes are those of aws-lambda-ric 3.x (128 unhandled rejection, 129 everything else).
 */
const { env } = process;
const client = new RuntimeApiClient(env.AWS_LAMBDA_RUNTIME_API ?? "127.0.0.1:9001");
let inHand: string | undefined;

process.on("uncaughtException", (thrown) => void give(thrown, undefined, 129));
process.on("unhandledRejection", (reason) => {
  if (process.listenerCount("unhandledRejection") > 1) return; // the handler has a listener of its own
  void give(reason, "Runtime.UnhandledPromiseRejection", 128);
});

/** Reports what nobody caught, and ends the process. */
async function give(thrown: unknown, type: string | undefined, code: number): Promise<void> {
  process.stderr.write(
    `${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
  );
  const body = JSON.stringify(reportOf(thrown, type));
  const path = inHand === undefined ? "init/error" : `invocation/${inHand}/error`;
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

Object.defineProperty(globalThis, "awslambda", { value: awsLambdaGlobal, configurable: true });
const handler = await load();
for (;;) {
  const work = await client.next().catch(() => process.exit(1));
  inHand = work.requestId;
  await invoke(handler, work, client, env).catch(() => process.exit(1));
  inHand = undefined;
}
