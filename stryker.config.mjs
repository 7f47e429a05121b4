import { currentFolder, reportFile, samplePercent } from "./scripts/mutation/folders.mjs";

const { name, mutate } = currentFolder();

/**
 * Run by `npm run mutate`, once for each folder.
 * @type {import("@stryker-mutator/api/core").PartialStrykerOptions}
 */
export default {
  mutate,
  testRunner: "vitest",
  // Not "related": the tests are chosen already, and every test is related to the protocol.
  vitest: { configFile: "vitest.stryker.config.ts", related: false },
  coverageAnalysis: "perTest",
  // Vitest cancels a run at the first failure, and the next mutant's run may begin while it still does: about one mutant in twenty
  // then survives by chance.
  disableBail: true,
  plugins: [
    "@stryker-mutator/vitest-runner",
    "./scripts/mutation/wording.mjs",
    "./scripts/mutation/sample.mjs",
  ],
  // Another wording is not a fault: snapshots beside the renderers hold the words, everything else asserts codes.
  ignorers: ["wording", "sample"],
  concurrency: Number(process.env["MUTATE_CONCURRENCY"] ?? 2),
  // A mutant outside of functions is run against all tests of its folder.
  ignoreStatic: samplePercent < 100,
  // A sample would replace what is known of the rest.
  incremental: samplePercent >= 100,
  incrementalFile: reportFile(name, "incremental.json"),
  reporters: ["progress-append-only", "json", "html"],
  jsonReporter: { fileName: reportFile(name, "json") },
  htmlReporter: { fileName: reportFile(name, "html") },
  // Copied for each run: what no test of these folders reads stays behind.
  ignorePatterns: ["/dist", "/build", "/bench", "/reports"],
  tempDirName: ".stryker-tmp",
};
