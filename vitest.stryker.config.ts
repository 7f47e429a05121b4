import { defineConfig } from "vitest/config";
import { currentFolder } from "./scripts/mutation/folders.mjs";
import { LoadErrors } from "./test/setup/load-errors.ts";
import base from "./vitest.config.ts";

const { tests, postgres = false } = currentFolder();

// The tests of one folder, for Stryker, whose runner reads one configuration and no project's name.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: [
      {
        extends: true,
        test: {
          name: "mutation",
          include: tests,
          globalSetup: postgres ? ["test/setup/postgres.ts"] : [],
          isolate: false,
        },
      },
    ],
    sequence: {},
    reporters: [new LoadErrors()],
    testTimeout: 30_000,
  },
});
