import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";

/*
 * `npm run torture [-- schedules [first seed]]`: the tests of test/faults in their long form, 5,000 schedules unless told
 * otherwise, and the comparison with the official CLI's request order at every request. Prints what each test counted.
 */
const root = dirname(import.meta.dirname);
const [schedules = "5000", seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
process.stdout.write(`${schedules} schedules, seeds from ${seed}\n`);
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const child = spawn(process.execPath, [vitest, "run", "--project", "faults", "--testTimeout=0"], {
  cwd: root,
  env: {
    ...process.env,
    HASURA_MIGRATE_TORTURE_SCHEDULES: schedules,
    HASURA_MIGRATE_TORTURE_SEED: seed,
    HASURA_MIGRATE_TORTURE_COMPARED: "1000",
    HASURA_MIGRATE_TORTURE_KILL_STEP: "1",
    HASURA_MIGRATE_TORTURE_CLIENT_STEP: "1",
    HASURA_MIGRATE_TORTURE_CLIENT_SAMPLE: "1",
    HASURA_MIGRATE_TORTURE_FRAME_CUTS: "7",
    HASURA_MIGRATE_TORTURE_CLIENT_ROUNDS: "3",
  },
  stdio: ["ignore", "inherit", "inherit"],
});
const [code] = await once(child, "exit");
process.exitCode = code ?? 1;
