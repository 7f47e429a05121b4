import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rawText } from "../../scripts/bundle-plugins.mjs";

/** Below node_modules, where packages that a bundle leaves out are found from. */
const cache = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const bundles = new Map<string, Promise<string>>();

/**
 * A program of the sources as they are, as one JavaScript file that a process of its own can run; built once a test file.
 * @param entry the TypeScript file that is started
 * @returns the path of the JavaScript
 */
export function bundled(entry: URL): Promise<string> {
  const known = bundles.get(entry.href) ?? bundle(fileURLToPath(entry));
  bundles.set(entry.href, known);
  return known;
}

async function bundle(entry: string): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "program-"));
  // Not with the test that happened to come first.
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, "program.mjs");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    loader: { ".sql": "text" },
    banner: {
      js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
    },
    external: ["pg-native"],
    plugins: [rawText],
    logLevel: "error",
  });
  return outfile;
}
