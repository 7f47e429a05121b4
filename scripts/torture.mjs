import { runTool } from "./tool.mjs";

/**
 * `npm run torture [schedules [first seed]]`: the tests of test/faults in their long form, 5,000 schedules unless told otherwise, and
 * the comparison with the official CLI's request order at every request. Prints what each test counted.
 * @param {{ args: string[] }} options
 */
export async function run({ args }) {
  const [schedules = "5000", seed = String(Date.now() % 1_000_000)] = args;
  process.stdout.write(`${schedules} schedules, seeds from ${seed}\n`);
  Object.assign(process.env, {
    HASURA_MIGRATE_TORTURE_SCHEDULES: schedules,
    HASURA_MIGRATE_TORTURE_SEED: seed,
    HASURA_MIGRATE_TORTURE_COMPARED: "1000",
    HASURA_MIGRATE_TORTURE_KILL_STEP: "1",
    HASURA_MIGRATE_TORTURE_CLIENT_STEP: "1",
    HASURA_MIGRATE_TORTURE_FRAME_CUTS: "7",
    HASURA_MIGRATE_TORTURE_CLIENT_ROUNDS: "3",
  });
  await runTool("vitest/vitest.mjs", ["run", "--project", "faults", "--testTimeout=0"]);
}
