import { readFileSync } from "node:fs";
import { join } from "node:path";

/*
 * What the bundles leave out of the libraries. Each plugin fails the build when the file it is about is no longer
 * there to replace: an update must not bring it back unseen.
 */

/**
 * Of our own package.json the bundles take the name and the version: the rest is about building.
 * @returns {import("esbuild").Plugin}
 */
export function ownPackage(/** @type {string} */ root) {
  const path = join(root, "package.json");
  return {
    name: "own-package",
    setup(builder) {
      builder.onLoad({ filter: /package\.json$/ }, (args) => {
        if (args.path !== path) return undefined;
        const { name, version } = JSON.parse(readFileSync(path, "utf8"));
        return { contents: JSON.stringify({ name, version }), loader: "json" };
      });
    },
  };
}

/**
 * The AWS SDK warns on stderr about a future minimum version of Node. Which Node runs this is the package's own promise
 * ("engines"), and a person at a terminal can do nothing about the SDK inside a bundle.
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
              text: "the AWS SDK's Node version warning is somewhere else now: see scripts/bundle-plugins.mjs",
            },
          ],
        };
      return undefined;
    });
  },
};

/**
 * Fails the build when a bundle holds zod's messages in every language: `import * as z from "zod"` lets
 * esbuild leave out what is not used, `import { z } from "zod"` does not.
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
        ? { errors: [{ text: 'all of zod is in a bundle: write `import * as z from "zod"`' }] }
        : undefined;
    });
  },
};

/**
 * The SDK loads this to name the browser it runs in.
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
