import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/* What the local Lambda service starts in place of an interface client: the image's entry point, with the directory as its own. */
const entryPoint = fileURLToPath(new URL("../../../docker/entry-point", import.meta.url));
const env = { ...process.env, FUNCTION_DIR: process.cwd() };
const child = spawn("sh", [entryPoint, ...process.argv.slice(2)], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
child.once("exit", (code) => process.exit(code ?? 1));
