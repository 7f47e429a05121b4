import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { testDatabase } from "./test-database.mjs";

/**
 * `npm run torture [schedules [first seed]]`: the tests of test/faults in their long form, 5,000 schedules unless told otherwise, and
 * the comparison with the official CLI's request order at every request. Prints what each test counted.
 * @param {{ root: string, args: string[] }} options
 */
export async function run({ root, args }) {
  const [schedules = "5000", seed = String(Date.now() % 1_000_000)] = args;
  await build({ root });
  const files = readdirSync(join(root, "test/faults"))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test/faults", name));
  const scratch = mkdtempSync(join(tmpdir(), "hasura-migrate-torture-"));
  chmodSync(scratch, 0o711); // as root, the server runs under another user
  const database = await testDatabase(scratch);
  process.stdout.write(`${schedules} schedules, seeds from ${seed}\n`);
  try {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--test", "--test-reporter=spec", "--test-concurrency=2", ...files],
      {
        cwd: root,
        env: {
          ...process.env,
          NODE_OPTIONS: "",
          HASURA_TEST_DATABASE_URL: database.url,
          HASURA_MIGRATE_TORTURE_SCHEDULES: schedules,
          HASURA_MIGRATE_TORTURE_SEED: seed,
          HASURA_MIGRATE_TORTURE_COMPARED: "1000",
          HASURA_MIGRATE_TORTURE_KILL_STEP: "1",
          HASURA_MIGRATE_TORTURE_CLIENT_STEP: "1",
          HASURA_MIGRATE_TORTURE_FRAME_CUTS: "7",
          HASURA_MIGRATE_TORTURE_CLIENT_ROUNDS: "3",
        },
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    process.exitCode = await new Promise((resolve) =>
      child.once("exit", (code) => resolve(code ?? 1)),
    );
  } finally {
    await database.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}
