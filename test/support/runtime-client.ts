import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

let built: Promise<string> | undefined;

/** The client of the Runtime API, bundled from the sources as they are, once a test file; resolves to its file. */
export function runtimeClient(): Promise<string> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "hasura-migrate-runtime-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, "runtime-client.mjs");
  const entry = fileURLToPath(new URL("../../src/local/runtime-client/main.ts", import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "error",
  });
  return outfile;
}
