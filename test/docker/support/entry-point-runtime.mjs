import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/* What the local Lambda service starts in place of an interface client: the image's entry point, with the directory as its own. */
const entryPoint = fileURLToPath(new URL("../../../docker/entry-point", import.meta.url));
// The token is for our own client of the Runtime API. On Lambda there is none, and the function refuses settings that it does not know.
const env = {
  ...process.env,
  FUNCTION_DIR: process.cwd(),
  HASURA_MIGRATE_RUNTIME_TOKEN: undefined,
};
const child = spawn("sh", [entryPoint, ...process.argv.slice(2)], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
child.once("exit", (code) => process.exit(code ?? 1));
