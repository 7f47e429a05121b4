import { startLambdaService } from "../../../src/local/lambda-service/index.ts";

/* `serve.ts FUNCTION_DIRECTORY RUNTIME`: serves the streaming fixture until it is killed; prints its address. */
const [functionDirectory, runtime] = process.argv.slice(2);
if (functionDirectory === undefined || runtime === undefined)
  throw new Error("usage: serve.ts FUNCTION_DIRECTORY RUNTIME");
const service = await startLambdaService({
  functionDirectory,
  handler: "streaming.handler",
  env: {},
  runtime,
});
process.stdout.write(`${service.url}\n`);
