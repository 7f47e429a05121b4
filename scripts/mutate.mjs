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
import { runStryker } from "./mutation/stryker.mjs";

/*
 * `npm run mutate [-- WORD…]`: the mutations below, which include SQL, and then Stryker's. A word that is a folder, such as
 * engine/sql, runs Stryker on that folder alone; any other runs the mutations below with that word in their names alone.
 */

/**
 * @typedef {object} Mutation one guard, taken out
 * @property {string} name
 * @property {string} file
 * @property {string} guard a text that stands exactly once in the file, or as often as `times` says
 * @property {number} [times]
 * @property {string} without what stands there instead
 * @property {string[]} tests files of which at least one must fail
 */

/** @type {Mutation[]} */
const mutations = [
  {
    name: "leave's check that the running row is still there",
    file: "src/engine/store/ledger/sql/functions.sql",
    guard: "IF entered.version IS NULL THEN",
    without: "IF entered.version IS NULL THEN RETURN 'applied';",
    tests: ["test/engine/store/ledger/ledger.test.ts"],
  },
  {
    name: "the generation check of enter and record",
    file: "src/engine/store/ledger/sql/functions.sql",
    guard: "  WHERE generation = p_expected\n",
    without: "",
    tests: ["test/faults/guards.test.ts", "test/faults/store.test.ts"],
  },
  {
    name: "the check that this run made the generation of its last step",
    file: "src/engine/store/ledger/sql/functions.sql",
    guard: "IF step.own_generation AND NOT EXISTS",
    without: "IF false AND NOT EXISTS",
    tests: ["test/faults/store.test.ts"],
  },
  {
    name: "the confirmation after the last migration",
    file: "src/engine/store/ledger/confirmation.ts",
    guard: 'applied.has(version) !== (direction === "up")',
    without: "applied.has(version) && direction === null",
    tests: [
      "test/engine/store/ledger/confirmation.test.ts",
      "test/faults/guards.test.ts",
      "test/faults/store.test.ts",
    ],
  },
  {
    name: "writing to the catalog only what is confirmed",
    file: "src/engine/store/ledger/ledger-store.ts",
    guard:
      "before);\n    if (confirmed) this.#catalog.confirmed(confirmed, this.#confirmation.generation);",
    without:
      "before);\n    if (confirmed !== null) this.#catalog.confirmed({ version, direction }, before + 1n);",
    tests: ["test/faults/store.test.ts"],
  },
  {
    name: "reading back changes of the ledger",
    file: "src/engine/store/ledger/record-changes.ts",
    guard: "isRecorded(change, position.generation + BigInt(i + 1), snapshot)",
    without: "snapshot.generation >= BigInt(i * 0) && change !== null",
    tests: ["test/faults/store.test.ts"],
  },
  {
    name: "the catalog merge: keeping what others wrote in between",
    file: "src/engine/store/catalog/state-client.ts",
    guard: "if (isUndisturbed) return;",
    without: "if (isUndisturbed || exchange >= 0) return;",
    tests: ["test/engine/store/catalog/write-queue.test.ts", "test/faults/guards.test.ts"],
  },
  {
    name: "lowering the catalog's generation after a foreign write",
    file: "src/engine/store/catalog/merge-generations.ts",
    guard: "if (rule === undefined) return [change];",
    without: "if (rule !== null) return [change];",
    tests: ["test/engine/store/catalog/merge-generations.test.ts"],
  },
  {
    name: "the limit of one catalog write at a time",
    file: "src/engine/store/catalog/write-queue.ts",
    guard: "running ??= drain();",
    without: "running = drain();",
    times: 3,
    tests: ["test/engine/store/catalog/write-queue.test.ts"],
  },
  {
    name: "COMMIT in the local API",
    file: "src/local/hasura-api/transaction.ts",
    guard: 'await control(session, "commit", "COMMIT");',
    without: 'await control(session, "commit", "ROLLBACK");',
    tests: ["test/engine/store/ledger/ledger.test.ts"],
  },
  {
    name: "enter's lock",
    file: "src/engine/store/ledger/sql/functions.sql",
    guard: "IF NOT pg_catalog.pg_try_advisory_xact_lock(${lock_class}, ${migration_lock}) THEN",
    without: "IF false THEN",
    tests: ["test/faults/guards.test.ts"],
  },
  {
    name: "looking up the outcome of a request without an answer",
    file: "src/engine/store/ledger/classify-outcome.ts",
    guard: 'if (tookEffect(step, run, generation, ledger)) return { do: "done" };',
    without: "",
    tests: ["test/engine/store/ledger/classify-outcome.test.ts"],
  },
  {
    name: "sending the file at all",
    file: "src/engine/store/ledger/send-step.ts",
    guard: "await send(context, framedSql(step, position, context), outside)",
    without: "{ columns: [], rows: [] }",
    tests: ["test/engine/store/ledger/ledger.test.ts"],
  },
  {
    name: "the order of versions",
    file: "src/engine/plan/select-steps.ts",
    guard: "compareVersions(version, to) <= 0)\n    .slice(0, steps)\n",
    without: "compareVersions(version, to) <= 0)\n    .slice(0, steps)\n    .reverse()\n",
    tests: ["test/engine/plan/select-steps.test.ts", "test/engine/store/ledger/ledger.test.ts"],
  },
  {
    name: "reporting applied only after the answer",
    file: "src/engine/run/run-plan.ts",
    guard: "  const { store } = first.ready;\n",
    without: "  const { store } = first.ready;\n  await reportApplied(first, 0, [], engine);\n",
    tests: ["test/engine/run/run.test.ts", "test/engine/store/ledger/ledger.test.ts"],
  },
  {
    name: "looking up how far a shared request came",
    file: "src/engine/store/ledger/run-batch.ts",
    guard: "progress.catchUp(await readLedger(context), notices);",
    without: "await readLedger(context);",
    tests: ["test/engine/store/ledger/run-batch.test.ts"],
  },
  {
    name: "attributing an error to its place in a shared request",
    file: "src/engine/store/ledger/run-batch.ts",
    guard: "failedAt === progress.done ? sent : undefined",
    without: "sent",
    tests: ["test/engine/store/ledger/batch-lost.test.ts"],
  },
  {
    name: "keeping files that commit by themselves out of shared requests",
    file: "src/engine/run/load-steps.ts",
    guard: "return !hasUnbatchableStatement(body.sql);",
    without: "return true;",
    tests: ["test/engine/store/ledger/run-batch.test.ts"],
  },
  {
    name: "looking up a lost run instead of sending it again",
    file: "src/cli/run/follow-run.ts",
    guard: "return this.#report(found);",
    without: "return this.#invoke();",
    tests: ["test/cli/run/recover-outcome.test.ts"],
  },
  {
    name: "treating the end of the stream as not the end of the run",
    file: "src/cli/run/follow-run.ts",
    guard: "throw this.#detached ?? unknownOutcome(this.#run, now() - startedAt);",
    without: 'return this.#report({ type: "run.finished", applied: 0, notReached: 0, tookMs: 0 });',
    tests: ["test/cli/run/broken-streams.test.ts"],
  },
];

/**
 * The mutations above, or those with one of the words in their names: takes out one guard at a time in a copy of the tree, and
 * prints which test noticed. Sets the exit code 1 if one was not noticed.
 * @param {{ root: string, args: string[] }} options
 */
async function run({ root, args }) {
  const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-mutate-"));
  try {
    const tree = copyOf(root, scratch);
    const chosen = mutations.filter(
      ({ name }) => args.length === 0 || args.some((word) => name.includes(word)),
    );
    /** @type {Set<string>} */
    const files = new Set(chosen.flatMap(({ tests }) => tests));
    const broken = await failures(tree, [...files]);
    if (broken.length > 0)
      throw new Error(`Without any mutation these tests fail already: ${broken.join(", ")}`);
    process.stdout.write("| removed | noticed by |\n| --- | --- |\n");
    for (const mutation of chosen) {
      const restore = mutate(tree, mutation);
      const noticed = await failures(tree, mutation.tests);
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
 * @param {string[]} files
 * @returns {Promise<string[]>}
 */
async function failures(tree, files) {
  const report = join(tree, "report.json");
  rmSync(report, { force: true });
  const vitest = join(tree, "node_modules/vitest/vitest.mjs");
  const child = spawn(
    process.execPath,
    [vitest, "run", "--testTimeout=60000", "--reporter=json", `--outputFile=${report}`, ...files],
    { cwd: tree, stdio: "ignore" },
  );
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code === 0) return [];
  /** @type {{ testResults: { name: string, assertionResults: { title: string, status: string }[] }[] }} */
  const { testResults } = existsSync(report)
    ? JSON.parse(readFileSync(report, "utf8"))
    : { testResults: [] };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  const names = results.flatMap(({ title, status }) => (status === "failed" ? [`“${title}”`] : []));
  return names.length === 0 ? [`Vitest exits with code ${String(code)}`] : names;
}

const root = dirname(import.meta.dirname);
const args = process.argv.slice(2);
const named = folders.filter(({ name }) => args.includes(name));
const words = args.filter((word) => !named.some(({ name }) => name === word));
if (named.length === 0 || words.length > 0) await run({ root, args: words });
if (words.length === 0 && !(await runStryker(root, named.length > 0 ? named : folders)))
  process.exitCode = 1;
