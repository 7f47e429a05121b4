import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import { LongestFirst } from "./test/setup/longest-first.ts";
import { SummaryReporter } from "./test/setup/summary-reporter.ts";

/** Tests that need PostgreSQL, or start processes of what they test, and not the built package. */
const integration = [
  "test/cli/process.test.ts",
  "test/cli/signals.test.ts",
  "test/cli/memory.test.ts",
  "test/cli/connection/{credentials,moto}.test.ts",
  "test/engine/engine-postgres.test.ts",
  "test/engine/metadata/{adaptation,deploy,metadata-apply,metadata-restore,metadata-status}.test.ts",
  "test/engine/operations/locks.test.ts",
  "test/engine/plan/assess-postgres.test.ts",
  "test/engine/query/query.test.ts",
  "test/engine/rehearsal/{rehearse,second-try}.test.ts",
  "test/engine/run/invalid-indexes.test.ts",
  "test/engine/seeds/seeds.test.ts",
  "test/engine/sql/{locate-error-postgres,unfinished}.test.ts",
  "test/engine/store/ledger/{batch-lost,hostile-schema,inspect,kept-plan,kept-rollbacks,last-applied,ledger,ledger-memory,lock-holders,ownership,rehearsal-beside-run,reset-to,rolled-back-elsewhere,run-batch,run-ids,runs,settings,squash,since,since-schedules,unread-ledger,upgrade}.test.ts",
  "test/lambda/{index,run-task}.test.ts",
  "test/lambda/hasura-cli/{failures,hasura-cli,metadata-with-cli,official}.test.ts",
  "test/lint/{enum-uses,locks,type-changes}.test.ts",
  "test/local/**/*.test.ts",
  "test/verify/**/*.test.ts",
];
const e2e = ["cdk", "docker", "e2e"]
  .map((folder) => `test/${folder}/**/*.test.ts`)
  .concat("test/lambda/crash.test.ts");
const faults = ["test/faults/**/*.test.ts"];
/** What the code assumes about a Hasura server, against any server (CONTRIBUTING.md). */
const hasura = ["test/hasura/**/*.test.ts"];
const build = "test/setup/build.ts";
const postgres = "test/setup/postgres.ts";

/** SQL files are texts, as in the bundles. */
const sqlAsText = {
  name: "sql-as-text",
  load: (id: string) =>
    id.endsWith(".sql") ? `export default ${JSON.stringify(readFileSync(id, "utf8"))};` : undefined,
};

// Read by Vitest, which asks for a default export.
export default defineConfig({
  plugins: [sqlAsText],
  test: {
    // A test waits for a condition; what waits for ever ends here, with its name.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Each file is a process of its own: tests send signals, and change the environment.
    pool: "forks",
    maxWorkers: Math.min(4, availableParallelism()),
    // Of the SDK, about its future versions, in each process.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new SummaryReporter()],
    coverage: { include: ["src/**"] },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...integration, ...e2e, ...faults, ...hasura],
          testTimeout: 30_000,
          // They share a process, and so what it has loaded: nothing in them changes it.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: "integration", include: integration, globalSetup: [postgres] },
      },
      { extends: true, test: { name: "e2e", include: e2e, globalSetup: [build, postgres] } },
      {
        extends: true,
        // One test is hundreds of runs: its limit only ends what hangs.
        test: {
          name: "faults",
          include: faults,
          globalSetup: [build, postgres],
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        // One file after the other: they share the state of one server.
        test: {
          name: "hasura",
          include: hasura,
          globalSetup: "test/setup/hasura-server.ts",
          fileParallelism: false,
        },
      },
    ],
  },
});
