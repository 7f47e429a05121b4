import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { folders } from "./mutation/folders.mjs";
import { guards } from "./mutation/guards.mjs";
import { runStryker } from "./mutation/stryker.mjs";

/*
 * `npm run mutate [-- WORD…]`: the mutations of mutation/guards.mjs, which include SQL, and then Stryker's. A word that is a folder,
 * such as engine/sql, runs Stryker on that folder alone; any other runs the guards with that word in their names alone.
 */

/** @typedef {import("./mutation/guards.mjs").Mutation} Mutation */

/**
 * Takes out one guard at a time in a copy of the tree, of all or of those with one of the words in their names, and prints which
 * test noticed. Sets the exit code 1 if one was not noticed.
 * @param {{ root: string, args: string[] }} options
 */
async function run({ root, args }) {
  const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-mutate-"));
  try {
    const tree = copyOf(root, scratch);
    const chosen = guards.filter(
      ({ name }) => args.length === 0 || args.some((word) => name.includes(word)),
    );
    /** @type {Set<string>} */
    const files = new Set(chosen.flatMap(({ tests }) => tests));
    const broken = await failures(tree, { tests: [...files] });
    if (broken.length > 0)
      throw new Error(`Without any mutation these tests fail already: ${broken.join(", ")}`);
    process.stdout.write("| removed | noticed by |\n| --- | --- |\n");
    for (const mutation of chosen) {
      const restore = mutate(tree, mutation);
      const noticed = await failures(tree, mutation);
      restore();
      if (noticed.length === 0) process.exitCode = 1;
      const first = noticed[0] ?? "**nothing**";
      const more = noticed.length > 1 ? ` and ${String(noticed.length - 1)} more` : "";
      process.stdout.write(`| ${mutation.name} | ${first}${more} |\n`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @returns {string} the copy's directory; the packages are shared with the original */
function copyOf(/** @type {string} */ root, /** @type {string} */ scratch) {
  const tree = join(scratch, "tree");
  for (const part of [
    "src",
    "test",
    "scripts",
    "migrations",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vitest.config.ts",
  ]) {
    cpSync(join(root, part), join(tree, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  return tree;
}

/** @returns {() => void} puts the guard back */
function mutate(
  /** @type {string} */ tree,
  /** @type {Mutation} */ { name, file, guard, without, times = 1 },
) {
  const path = join(tree, file);
  const text = readFileSync(path, "utf8");
  const found = text.split(guard).length - 1;
  if (found !== times)
    throw new Error(
      `${file} holds ${String(found)} times, not ${String(times)}, what is to be taken out for "${name}"`,
    );
  writeFileSync(
    path,
    text.replaceAll(guard, () => without),
  );
  return () => writeFileSync(path, text);
}

/**
 * The names of the tests that fail.
 * @param {string} tree
 * @param {Pick<Mutation, "tests" | "hangs">} options
 * @returns {Promise<string[]>}
 */
async function failures(tree, { tests, hangs }) {
  const report = join(tree, "report.json");
  rmSync(report, { force: true });
  const vitest = join(tree, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [
      ...[vitest, "run", "--reporter=json", `--outputFile=${report}`],
      ...(hangs ? ["--testTimeout=15000", "--bail=1"] : ["--testTimeout=60000"]),
      ...tests,
    ],
    { cwd: tree, stdio: "ignore" },
  );
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code === 0) return [];
  /** @type {{ testResults: { name: string, assertionResults: { title: string, status: string }[] }[] }} */
  const { testResults } = existsSync(report)
    ? JSON.parse(readFileSync(report, "utf8"))
    : { testResults: [] };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = results.flatMap(({ title, status }) =>
    status === "failed" ? [`“${title.replaceAll(/\s+/g, " ")}”`] : [],
  );
  return names.length === 0 ? [`Vitest exits with code ${String(code)}`] : names;
}

const root = dirname(import.meta.dirname);
const args = process.argv.slice(2);
const named = folders.filter(({ name }) => args.includes(name));
const words = args.filter((word) => !named.some(({ name }) => name === word));
if (named.length === 0 || words.length > 0) await run({ root, args: words });
if (words.length === 0 && !(await runStryker(root, named.length > 0 ? named : folders)))
  process.exitCode = 1;
