/** How much of each test is done: `npm test` does the bounded form, `npm run torture` the long one. */
export interface Scale {
  readonly schedules: number;
  readonly firstSeed: number;
  /** Schedules of each protocol in the comparison with the official CLI's. */
  readonly compared: number;
  /** Every how many events a process is killed at. */
  readonly killStep: number;
}

const setting = (name: string, otherwise: number): number => {
  const text = process.env[`HASURA_MIGRATE_TORTURE_${name}`];
  return text === undefined || text === "" ? otherwise : Number(text);
};

export const scale: Scale = {
  schedules: setting("SCHEDULES", 200),
  firstSeed: setting("SEED", 1),
  compared: setting("COMPARED", 6),
  killStep: setting("KILL_STEP", 3),
};
