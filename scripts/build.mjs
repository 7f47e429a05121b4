import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { bundleCdk } from "./bundle-cdk.mjs";
import { bundle } from "./bundle.mjs";
import { licencesOf } from "./licences.mjs";
import { parserPackage } from "./sql-parser-file.mjs";

/** Where the hash of what was built stands; not published. */
const stamp = "dist/.inputs";

/**
 * Builds dist/, schema.json and THIRD-PARTY-LICENSES.txt when a source changed since the last time. Safe beside another
 * build: everything is written to a folder of its own first, then each file is renamed into place, entry points last.
 * @param {{ root: string, force?: boolean }} options
 * @returns {Promise<boolean>} whether anything was built
 */
export async function build({ root, force = false }) {
  const inputs = hashOfInputs(root);
  if (!force && existsSync(join(root, stamp)) && readFileSync(join(root, stamp), "utf8") === inputs)
    return false;
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
  const work = mkdtempSync(join(root, "node_modules/.cache/build-"));
  try {
    const { files, metafile } = await bundle(root);
    for (const [path, text] of [...files, ...(await bundleCdk(root))]) {
      mkdirSync(dirname(join(work, "dist", path)), { recursive: true });
      writeFileSync(join(work, "dist", path), text);
    }
    await writeSchema(root, work);
    writeFileSync(
      join(work, "THIRD-PARTY-LICENSES.txt"),
      licencesOf(root, metafile, [parserPackage]),
    );
    writeFileSync(join(work, stamp), inputs);
    chmodSync(join(work, "dist/bin.js"), 0o755);
    publish(root, work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return true;
}

/** The configuration's JSON Schema, from the zod schema that checks it. */
async function writeSchema(/** @type {string} */ root, /** @type {string} */ work) {
  const outfile = join(work, "config-schema.mjs");
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["src/cli/config/schema.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "warning",
  });
  const { configJsonSchema } = await import(pathToFileURL(outfile).href);
  writeFileSync(join(work, "schema.json"), `${JSON.stringify(configJsonSchema())}\n`);
}

/** Moves what was built into place. Chunks carry a hash in their names, so a program that runs meanwhile still finds its own. */
function publish(/** @type {string} */ root, /** @type {string} */ work) {
  const entries = [
    "dist/bin.js",
    "dist/function/write-manifest.mjs",
    "dist/function/run-task.mjs",
    "dist/function/index.mjs",
    "dist/runtime-client.mjs",
    stamp,
  ];
  const files = [
    ...filesIn(join(work, "dist")).map((path) => relative(work, path)),
    "schema.json",
    "THIRD-PARTY-LICENSES.txt",
  ].filter((file) => existsSync(join(work, file)));
  files.sort((a, b) => entries.indexOf(a) - entries.indexOf(b));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    renameSync(join(work, file), join(root, file));
  }
  const current = new Set(files);
  for (const path of filesIn(join(root, "dist")))
    if (!current.has(relative(root, path))) rmSync(path, { force: true });
}

function hashOfInputs(/** @type {string} */ root) {
  const hash = createHash("sha256");
  const files = [
    ...filesIn(join(root, "src")),
    ...["package.json", "package-lock.json"].map((name) => join(root, name)),
  ];
  for (const name of [
    "build",
    "bundle",
    "bundle-cdk",
    "bundle-libraries",
    "bundle-plugins",
    "command-tree",
    "licences",
    "merge-chunks",
    "sql-parser-file",
  ])
    files.push(join(root, "scripts", `${name}.mjs`));
  for (const path of files.sort())
    hash.update(relative(root, path)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

/** @returns {string[]} every file below a directory */
function filesIn(/** @type {string} */ directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

// `npm run build [-- --force]`; other scripts import `build`.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  const built = await build({
    root: dirname(import.meta.dirname),
    force: process.argv.includes("--force"),
  });
  process.stderr.write(built ? "Built dist/\n" : "dist/ is up to date\n");
}
