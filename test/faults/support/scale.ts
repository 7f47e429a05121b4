/** How much of each test is done: `npm test` does the bounded form, `npm run torture` the long one. */
export interface Scale {
  readonly schedules: number;
  readonly firstSeed: number;
  /** Schedules of each protocol in the comparison with the official CLI's. */
  readonly compared: number;
  /** Every how many events a process is killed at. */
  readonly killStep: number;
  /** Every how many events the less telling harm between client and function is done at. */
  readonly clientStep: number;
  /** Every how many of the faults between client and function that differ in little are injected. */
  readonly clientSample: number;
  /** In how many places a frame of the answer is cut. */
  readonly frameCuts: number;
  /** How often each harm between client and function is done: what the function is at meanwhile differs each time. */
  readonly clientRounds: number;
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
  clientStep: setting("CLIENT_STEP", 2),
  clientSample: setting("CLIENT_SAMPLE", 60),
  frameCuts: setting("FRAME_CUTS", 1),
  clientRounds: setting("CLIENT_ROUNDS", 1),
};

/** Every `scale.clientSample`-th of them, at least one. */
export function sampled<T>(all: readonly T[]): readonly T[] {
  const step = scale.clientSample;
  const first = Math.floor(Math.min(step, all.length) / 2);
  return all.filter((_, index) => index % step === (step === 1 ? 0 : first));
}
