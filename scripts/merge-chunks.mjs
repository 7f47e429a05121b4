import { posix } from "node:path";
import { rolldown } from "rolldown";

/** What is loaded step by step: to complete words, or by a command at its start, to run an operation, and to reach AWS. */
const steps = [
  {
    name: "complete",
    entries: ["src/cli/completion/complete.ts", "node_modules/env-paths/index.js"],
  },
  { name: "start", entries: ["src/cli/main.ts", "src/cli/process-context.ts"] },
  { name: "run", entries: ["src/cli/options/schemas.ts", "src/cli/run/run-operation.ts"] },
  {
    name: "aws",
    entries: [
      "src/cli/connection/aws/connect.ts",
      "node_modules/@smithy/core/dist-es/submodules/event-streams/index.js",
    ],
  },
];

/**
 * Joins the chunks that one command loads together: each file costs more to find and open than to run. esbuild makes a chunk for
 * every set of entry points that share a module, about seventy for one `status`. What the function loads stays apart from what
 * only the CLI loads.
 * @param {import("esbuild").Metafile} metafile
 * @param {Map<string, string>} files esbuild's output, by path below dist/
 * @param {{ publishedPath: (path: string) => string }} options
 * @returns {Promise<Map<string, string>>} contents by path below dist/
 * @throws {Error} when an entry point of a step no longer exists
 */
export async function mergeChunks(metafile, files, { publishedPath }) {
  const groups = groupsIn(graphOf(metafile));
  const entries = entryPointsIn(metafile);
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((path) => [path.replace(/\.mjs$/, ""), path])),
    platform: "node",
    external: (/** @type {string} */ id) => !id.startsWith(".") && !files.has(id),
    plugins: [inMemory(files)],
  });
  const { output } = await bundle.generate({
    format: "esm",
    minify: true,
    entryFileNames: "[name].mjs",
    // esbuild's own hash in the name is not needed.
    chunkFileNames: ({ name }) => `function/chunks/${name.replace(/-[A-Z0-9]{8}$/, "")}-[hash].mjs`,
    codeSplitting: {
      // A group also takes what its files import, unless a group before it has done so.
      groups: groups.map(({ name, files: members }, i) => ({
        name,
        test: (/** @type {string} */ id) => members.has(id),
        priority: groups.length - i,
      })),
    },
  });
  await bundle.close();
  const chunks = output.filter((file) => file.type === "chunk");
  return new Map(
    withoutForwarding(chunks).map(({ fileName, code }) => [publishedPath(fileName), code]),
  );
}

/** A chunk that only exports names of another one, for a dynamic import. */
const forwarding = /^export\{([^}]*)\}from"\.\/([\w.-]+)";\s*$/;

/**
 * Imports what is behind such chunks directly.
 * @param {readonly { readonly fileName: string, readonly code: string, readonly isEntry: boolean }[]} chunks
 * @returns {{ readonly fileName: string, readonly code: string }[]}
 */
function withoutForwarding(chunks) {
  /** @type {Map<string, { readonly names: string, readonly to: string }>} */
  const forwarded = new Map();
  for (const { fileName, code, isEntry } of chunks) {
    const [, names, to] = (!isEntry && forwarding.exec(code)) || [];
    if (names === undefined || to === undefined) continue;
    const pairs = names.split(",").map((pair) => pair.split(" as "));
    const fields = pairs.map(([inner, outer = inner]) => `${outer}:e.${inner}`);
    forwarded.set(posix.basename(fileName), { names: fields.join(), to });
  }
  const direct = (
    /** @type {string} */ call,
    /** @type {string} */ folder,
    /** @type {string} */ file,
  ) => {
    const target = forwarded.get(file);
    if (target === undefined) return call;
    return `import("${folder}${target.to}").then(e=>({${target.names}}))`;
  };
  return chunks
    .filter(({ fileName }) => !forwarded.has(posix.basename(fileName)))
    .map(({ fileName, code }) => ({
      fileName,
      code: code.replace(/\bimport\([`"]([./\w-]*\/)([\w.-]+)[`"]\)/g, direct),
    }));
}

/**
 * @param {Map<string, string>} files
 * @returns {import("rolldown").Plugin} the files as modules
 */
function inMemory(files) {
  return {
    name: "in-memory",
    resolveId(source, importer) {
      if (importer === undefined) return source;
      if (!source.startsWith(".")) return undefined;
      return posix.join(posix.dirname(importer), source);
    },
    load: (id) => files.get(id),
  };
}

/**
 * @typedef {{ readonly imported: readonly string[], readonly later: readonly string[] }} Links what a chunk imports, and imports
 * dynamically
 * @typedef {{ readonly links: ReadonlyMap<string, Links>, readonly chunkOf: ReadonlyMap<string, string> }} Graph
 */

/** @returns {Graph} */
function graphOf(/** @type {import("esbuild").Metafile} */ { outputs }) {
  const links = new Map();
  const chunkOf = new Map();
  for (const [output, { imports, entryPoint }] of Object.entries(outputs)) {
    const of = (/** @type {string} */ kind) =>
      imports.filter((used) => used.kind === kind && !used.external).map(({ path }) => below(path));
    links.set(below(output), { imported: of("import-statement"), later: of("dynamic-import") });
    // node_modules may be a link to a directory elsewhere.
    if (entryPoint !== undefined)
      chunkOf.set(entryPoint.replace(/^.*?(?=node_modules\/)/, ""), below(output));
  }
  return { links, chunkOf };
}

/** @returns {string[]} what is started by its path */
function entryPointsIn(/** @type {import("esbuild").Metafile} */ { outputs }) {
  return Object.keys(outputs)
    .map(below)
    .filter((path) => !path.startsWith("function/chunks/"));
}

/** @returns {{ name: string, files: ReadonlySet<string> }[]} chunks to join; none of them imports one of a later group */
function groupsIn(/** @type {Graph} */ graph) {
  const first = reached(graph, ["src/cli/bin.ts"], ["imported"]);
  first.delete("bin.mjs");
  const inFunction = reached(graph, ["src/lambda/index.ts"], ["imported"]);
  const laterInFunction = reached(graph, ["src/lambda/index.ts"], ["imported", "later"]);
  const inSteps = steps.map(({ name, entries }) => ({
    name,
    files: reached(graph, entries, ["imported"]),
  }));
  return [
    { name: "first", files: first },
    ...[inFunction, laterInFunction].flatMap((shared, later) =>
      inSteps.map(({ name, files }) => ({
        name: `${name}-shared${later === 1 ? "-later" : ""}`,
        files: new Set([...files].filter((file) => shared.has(file))),
      })),
    ),
    ...inSteps,
  ];
}

/** @returns {Set<string>} the chunks of these entry points and all that they lead to */
function reached(
  /** @type {Graph} */ { links, chunkOf },
  /** @type {readonly string[]} */ entries,
  /** @type {readonly ("imported" | "later")[]} */ kinds,
) {
  const found = new Set(
    entries.map((entry) => {
      const chunk = chunkOf.get(entry);
      if (chunk === undefined)
        throw new Error(`${entry} is not loaded on its own: update scripts/merge-chunks.mjs`);
      return chunk;
    }),
  );
  for (const chunk of found)
    for (const kind of kinds) for (const next of links.get(chunk)?.[kind] ?? []) found.add(next);
  return found;
}

function below(/** @type {string} */ path) {
  return path.replace(/^dist\//, "");
}
