/**
 * @typedef {object} MutatedFolder
 * @property {string} name as in src/
 * @property {string[]} mutate
 * @property {string[]} tests the test files that are held against the folder
 * @property {number} atLeast the score in percent that it has to keep
 * @property {boolean} [postgres] whether they need the database
 */

/** These need PostgreSQL, which the other tests of their folders do without. */
const withoutParsing = "!test/engine/sql/unfinished.test.ts";
const withoutIndexes = "!test/engine/run/invalid-indexes.test.ts";

/**
 * What Stryker mutates, a run for each folder. A mutant in the top level of a module, such as a schema or a pattern, is run against
 * all of the folder's tests, so these are the tests beside the folder rather than all there are.
 * @type {readonly MutatedFolder[]}
 */
export const folders = [
  {
    name: "protocol",
    // Texts for the documentation, imported as types only.
    mutate: ["src/protocol/**/*.ts", "!src/protocol/failure-codes/**"],
    tests: ["test/protocol/**/*.test.ts"],
    atLeast: 0,
  },
  folder("engine/project", 85),
  folder("engine/sql", 85, [withoutParsing]),
  folder("engine/hasura", 85),
  folder("engine/plan", 85, ["test/engine/operations/**/*.test.ts"]),
  folder("engine/run", 85, [withoutIndexes]),
  folder("engine/operations", 80, ["test/engine/run/**/*.test.ts", withoutIndexes]),
  folder("engine/store/catalog", 0, ["test/engine/{operations,run}/**/*.test.ts", withoutIndexes]),
  { ...folder("engine/store/ledger", 0), postgres: true },
  {
    name: "lambda",
    // Without the entry points and the tests that start processes.
    mutate: ["src/lambda/*.ts", "!src/lambda/{index,run-task,write-manifest,process-context}.ts"],
    tests: ["test/lambda/*.test.ts", "!test/lambda/{crash,index}.test.ts"],
    atLeast: 0,
  },
  folder("lambda/hasura", 85),
  folder("lambda/secrets", 0),
  { ...folder("lambda/hasura-cli", 0), postgres: true },
  folder("cli/config", 0),
  folder("cli/options", 0, ["test/cli/refusals.test.ts"]),
  folder("cli/run", 0),
  folder("cli/connection", 0, ["test/cli/refusals.test.ts"]),
  folder("cli/output", 0),
];

/**
 * A folder with the tests in the folder of the same name, and others.
 * @param {string} name
 * @param {number} atLeast
 * @param {string[]} tests
 * @returns {MutatedFolder}
 */
function folder(name, atLeast, tests = []) {
  return {
    name,
    mutate: [`src/${name}/**/*.ts`],
    tests: [`test/${name}/**/*.test.ts`, ...tests],
    atLeast,
  };
}

/** How many percent of the top-level statements are mutated (`MUTATE_SAMPLE`), chosen by `MUTATE_SEED`. */
export const samplePercent = Number(process.env["MUTATE_SAMPLE"] ?? 100);
export const sampleSeed = process.env["MUTATE_SEED"] ?? "1";

/** The variable that names the folder of a run to the configurations of Stryker and Vitest. */
export const folderVariable = "MUTATED_FOLDER";

/**
 * The folder of this run, or all of them together where none is named.
 * @returns {MutatedFolder}
 */
export function currentFolder() {
  const name = process.env[folderVariable];
  const chosen = folders.filter((one) => name === undefined || one.name === name);
  return {
    name: name ?? "all",
    mutate: chosen.flatMap(({ mutate }) => mutate),
    tests: chosen.flatMap(({ tests }) => tests),
    atLeast: Math.min(...chosen.map(({ atLeast }) => atLeast)),
    postgres: chosen.some(({ postgres }) => postgres),
  };
}

/**
 * Where a folder's report is, from the root.
 * @param {string} name
 * @param {string} extension
 */
export function reportFile(name, extension) {
  return `reports/mutation/${name.replaceAll("/", "-")}.${extension}`;
}
