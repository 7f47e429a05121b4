import { runTool } from "./tool.mjs";

/** `npm run typecheck`: all of the TypeScript, and the types in the scripts' comments. */
export async function run() {
  await runTool("typescript/bin/tsc", ["--noEmit"]);
}
