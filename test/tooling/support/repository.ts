import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The root of this repository. */
export const root = dirname(dirname(dirname(import.meta.dirname)));

/** The text of a file, by its path from the root. */
export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The names of the scripts of package.json. */
export function npmScripts(): ReadonlySet<string> {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  return new Set(Object.keys(scripts));
}
