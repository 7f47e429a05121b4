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
