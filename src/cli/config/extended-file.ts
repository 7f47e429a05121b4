import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { errorCode } from "../../system-error.ts";

/*
 * Loaded each time Tab is pressed as well, so nothing here may load a library.
 */

/** What `extends` stands for: a file, or why there is none. */
export type ExtendedFile =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "not-installed"; readonly package: string }
  | { readonly kind: "not-in-package"; readonly package: string; readonly wanted: string };

const defaultFile = "hasura-migrate.json";

/**
 * The file that `extends` in `file` stands for: a path from the file's directory, or a package as Node finds it from there. A
 * package is its main file where that is JSON, else its `hasura-migrate.json`. A path need not exist.
 */
export function extendedFile(file: string, reference: string): ExtendedFile {
  if (/^\.{1,2}[\\/]/.test(reference) || isAbsolute(reference))
    return { kind: "file", path: resolve(dirname(file), reference) };
  const name = reference.split("/", reference.startsWith("@") ? 2 : 1).join("/");
  const isWhole = name === reference;
  const require = createRequire(file);
  const wanted = isWhole ? [reference, `${reference}/${defaultFile}`] : [reference];
  for (const each of wanted) {
    const path = resolved(require, each);
    if (path !== undefined && (!isWhole || path.endsWith(".json"))) return { kind: "file", path };
  }
  return isInstalled(require, name)
    ? {
        kind: "not-in-package",
        package: name,
        wanted: isWhole ? defaultFile : reference.slice(name.length + 1),
      }
    : { kind: "not-installed", package: name };
}

function resolved(require: NodeJS.Require, reference: string): string | undefined {
  try {
    const path = require.resolve(reference);
    // Node's own modules have no path.
    return isAbsolute(path) ? path : undefined;
  } catch (thrown) {
    // Missing, not exported, or a package.json that is broken.
    if (errorCode(thrown) !== undefined || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function isInstalled(require: NodeJS.Require, name: string): boolean {
  return (require.resolve.paths(name) ?? []).some((folder) => existsSync(join(folder, name)));
}
