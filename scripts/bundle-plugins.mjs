import { readFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import * as esbuild from "esbuild";
import ts from "typescript";

/*
 * esbuild plugins that keep parts of the libraries out of the bundles.
 */

/**
 * The AWS SDK warns on stderr about a future minimum version of Node. Which Node runs this is declared by the package
 * ("engines"), and the user of a bundle cannot change it. The build fails when an update of the SDK has moved the file.
 * @type {import("esbuild").Plugin}
 */
export const quietSdk = {
  name: "quiet-sdk",
  setup(build) {
    build.onLoad({ filter: /emitWarningIfUnsupportedVersion\.js$/ }, () => ({
      contents:
        "export const state = { warningEmitted: true }; export const emitWarningIfUnsupportedVersion = () => {};",
      loader: "js",
    }));
    build.onEnd(({ metafile }) => {
      const inputs = Object.keys(metafile?.inputs ?? {});
      const hasSdk = inputs.some((path) => path.includes("node_modules/@aws-sdk/core/"));
      const replaced = inputs.some(
        (path) =>
          path.includes("@aws-sdk/core/") && path.endsWith("/emitWarningIfUnsupportedVersion.js"),
      );
      if (hasSdk && !replaced)
        return {
          errors: [
            {
              text: "the AWS SDK has moved its Node version warning: update quietSdk in scripts/bundle-plugins.mjs",
            },
          ],
        };
      return undefined;
    });
  },
};

/**
 * Fails the build when a bundle contains zod's messages in every language. `import * as z from "zod"` lets esbuild
 * drop what is not used; `import { z } from "zod"` does not.
 * @type {import("esbuild").Plugin}
 */
export const onlyUsedZod = {
  name: "only-used-zod",
  setup(build) {
    build.onEnd(({ metafile }) => {
      const outputs = Object.values(metafile?.outputs ?? {});
      const french = outputs.some(({ inputs }) =>
        Object.entries(inputs).some(
          ([path, { bytesInOutput }]) => path.endsWith("zod/v4/locales/fr.js") && bytesInOutput > 0,
        ),
      );
      return french
        ? { errors: [{ text: 'a bundle contains all of zod: write `import * as z from "zod"`' }] }
        : undefined;
    });
  },
};

/** The modules whose schemas describe their fields for the documentation. */
const described =
  /[\\/]src[\\/](?:protocol[\\/][\w-]+|lambda[\\/]settings|cli[\\/]config[\\/]schema)\.ts$/;

/**
 * Omits the descriptions that schemas get by `.describe(…)`: only the documentation uses them, and each call constructs its schema a
 * second time at every start.
 * @type {import("esbuild").Plugin}
 */
export const noDescriptions = {
  name: "no-descriptions",
  setup(build) {
    build.onLoad({ filter: described }, ({ path }) => ({
      contents: withoutDescriptions(readFileSync(path, "utf8")),
      loader: "ts",
    }));
  },
};

/** @returns {string} the module without its calls of `.describe(…)` */
function withoutDescriptions(/** @type {string} */ source) {
  /** @type {ts.TextRange[]} */
  const calls = [];
  /** @returns {void} */
  const visit = (/** @type {ts.Node} */ node) => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression, name } = node.expression;
      if (name.text === "describe") calls.push({ pos: expression.end, end: node.end });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("module.ts", source, ts.ScriptTarget.Latest));
  return calls
    .sort((one, other) => other.pos - one.pos)
    .reduce((text, { pos, end }) => text.slice(0, pos) + text.slice(end), source);
}

/**
 * Replaces bowser, which the SDK loads only to detect the browser it runs in.
 * @type {import("esbuild").Plugin}
 */
export const noBrowser = {
  name: "no-browser",
  setup(build) {
    build.onLoad({ filter: /node_modules[\\/]bowser[\\/]/ }, () => ({
      contents: "export default undefined;",
      loader: "js",
    }));
  },
};

/**
 * Keeps two of the eighty spinners that ora brings along: the one that is shown, and its fallback for old consoles.
 * @type {import("esbuild").Plugin}
 */
export const usedSpinners = {
  name: "used-spinners",
  setup(build) {
    build.onLoad({ filter: /cli-spinners[\\/]spinners\.json$/ }, ({ path }) => {
      const { dots, line } = JSON.parse(readFileSync(path, "utf8"));
      return { contents: JSON.stringify({ dots, line }), loader: "json" };
    });
  },
};

/**
 * Replaces debug, by which the proxy agent logs for its own developers.
 * @type {import("esbuild").Plugin}
 */
export const noDebugLog = {
  name: "no-debug-log",
  setup(build) {
    build.onLoad({ filter: /node_modules[\\/]debug[\\/]src[\\/]index\.js$/ }, () => ({
      contents: "module.exports = () => () => undefined;",
      loader: "js",
    }));
  },
};

/**
 * Loads SQL as text without full-line comments and indentation, which only readers need. Nothing else is touched, so that
 * literals stay as they are; the ledger's files have no line inside a literal that begins with blanks or two dashes.
 * @type {import("esbuild").Plugin}
 */
export const compactSql = {
  name: "compact-sql",
  setup(build) {
    build.onLoad({ filter: /\.sql$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("--"))
        .join("\n"),
      loader: "text",
    }));
  },
};

/**
 * Embeds `import text from "./page.css?raw"` as text, minified: the parts of the page that `status --html` writes.
 * @type {import("esbuild").Plugin}
 */
export const rawText = {
  name: "raw-text",
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, ({ path, importer }) => ({
      path: resolve(dirname(importer), path.slice(0, -"?raw".length)),
      namespace: "raw-text",
    }));
    build.onLoad({ filter: /.*/, namespace: "raw-text" }, async ({ path }) => ({
      contents: await minified(path),
      loader: "text",
    }));
  },
};

/** A script, a style sheet or an HTML page without what only its authors need. */
async function minified(/** @type {string} */ path) {
  const text = readFileSync(path, "utf8");
  const extension = extname(path);
  if (extension === ".html") return text.replace(/\n\s+/g, "\n");
  const loader = extension === ".js" ? "js" : "css";
  return (
    await esbuild.transform(text, { loader, minify: true, legalComments: "none" })
  ).code.trim();
}
