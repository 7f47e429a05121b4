import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Code that is compiled into a package's files, under a licence that the package does not include. */
const compiledIn = [
  { name: "libpg_query (BSD-3-Clause)", file: "libpg_query.txt" },
  { name: "PostgreSQL (PostgreSQL)", file: "postgresql.txt" },
].map(({ name, file }) => ({
  name,
  text: readFileSync(join(import.meta.dirname, "notices", file), "utf8"),
}));

/** A line with a copyright, and the titles that some packages put before the text of a licence. */
const copyright = /^\s*Copyright\b(?! (?:notice|owner|[Ll]icense|holder)).*\n?/gm;
const title = /^\W*(?:the )?(?:mit|isc) license(?:\s*\(mit\))?\W*/i;

/**
 * The licence texts of every package that has a byte in the bundles, as one text. Packages whose licences differ only in their
 * copyright, title or line breaks share a text, below their names and copyrights.
 * @param {string} root
 * @param {import("esbuild").Metafile} metafile
 * @param {readonly string[]} others the folders of packages that are shipped as files
 * @throws {Error} when a package says no licence at all: such code may not be shipped.
 */
export function licencesOf(root, metafile, others) {
  const packages = new Set([...shippedInputs(metafile).flatMap(packageOf), ...others]);
  /** @type {Map<string, { names: string[], text: string }>} */
  const byWords = new Map();
  const add = (/** @type {string} */ name, /** @type {string} */ whole) => {
    const text = whole.replace(copyright, "").replace(title, "").trim();
    const words = text.replace(/\W+/g, " ").toLowerCase();
    const known = byWords.get(words) ?? { names: [], text };
    const owners = [...whole.matchAll(copyright)].map(([line]) => `  ${line.trim()}`);
    byWords.set(words, { ...known, names: [...known.names, name, ...owners] });
  };
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(
      readFileSync(join(root, folder, "package.json"), "utf8"),
    );
    if (!license) throw new Error(`${name} has no licence in its package.json`);
    const text =
      licenceText(join(root, folder)) ?? `Licence: ${license} (the package carries no text of it)`;
    add(`${name} ${version} (${license})`, text);
  }
  for (const { name, text } of compiledIn) add(name, text);
  const parts = [...byWords.values()].map(({ names, text }) => `${names.join("\n")}\n\n${text}\n`);
  return `hasura-migrate contains code of these packages, under these licences.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** @returns {string[]} the inputs of which something is left after tree shaking */
function shippedInputs(/** @type {import("esbuild").Metafile} */ { outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path),
  );
}

/** @returns {string[]} the folder of the package a file belongs to, none for our own */
function packageOf(/** @type {string} */ path) {
  const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return found?.[1] ? [found[1]] : [];
}

/** @returns {string | undefined} */
function licenceText(/** @type {string} */ folder) {
  const file = readdirSync(folder).find(
    (name) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(name) && existsSync(join(folder, name)),
  );
  return file === undefined ? undefined : readFileSync(join(folder, file), "utf8");
}
