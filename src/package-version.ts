import packageJson from "../package.json" with { type: "json" };

/** Set by scripts/bundle.mjs, which leaves package.json out of the bundles; undefined when this runs from source. */
declare const PACKAGE_VERSION: string | undefined;

/** The version of this package, such as `1.4.0`. */
export const packageVersion: string =
  typeof PACKAGE_VERSION === "undefined" ? packageJson.version : PACKAGE_VERSION;
