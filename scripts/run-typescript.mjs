import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { rawText } from "./bundle-plugins.mjs";

/*
 * `node scripts/run-typescript.mjs FILE [arguments]`: runs a TypeScript program of this repository. Node 20 cannot, so it is bundled
 * to build/ first; packages stay where they are.
 */

/**
 * Each file keeps its own `import.meta`: programs find other files from theirs.
 * @type {esbuild.Plugin}
 */
const ownPlace = {
  name: "own-place",
  setup(builder) {
    builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const place = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) };
      const contents = Object.entries(place).reduce(
        (text, [name, value]) =>
          text.replaceAll(`import.meta.${name}`, () => JSON.stringify(value)),
        readFileSync(path, "utf8"),
      );
      return { contents, loader: "ts" };
    });
  },
};

/**
 * @param {string} root
 * @param {string} file path of the program below the root
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function runTypeScript(root, file, args) {
  const outfile = join(root, "build", `${basename(file, ".ts")}.mjs`);
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    loader: { ".sql": "text" },
    sourcemap: "inline",
    logLevel: "warning",
    plugins: [ownPlace, rawText],
  });
  const child = spawn(process.execPath, ["--enable-source-maps", outfile, ...args], {
    stdio: "inherit",
  });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => done(code ?? 1));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  if (file === undefined) throw new Error("usage: run-typescript.mjs FILE [arguments]");
  process.exitCode = await runTypeScript(resolve(import.meta.dirname, ".."), file, args);
}
