import { fileURLToPath } from "node:url";
import { startLambdaService } from "../../../src/local/lambda-service/index.ts";

/* Serves the streaming fixture until it is killed; prints its address. */
const functionDirectory = fileURLToPath(new URL("./functions", import.meta.url));
const runtime = process.argv[2];
const service = await startLambdaService({
  functionDirectory,
  handler: "streaming.handler",
  env: {},
  ...(runtime !== undefined && { runtime }),
});
process.stdout.write(`${service.url}\n`);
