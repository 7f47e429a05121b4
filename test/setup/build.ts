import { fileURLToPath } from "node:url";
import { build } from "../../scripts/build.mjs";

/** Builds dist/ when a source changed since the last time: what the end-to-end tests run. */
export async function setup(): Promise<void> {
  await build({ root: fileURLToPath(new URL("../../", import.meta.url)) });
}
