import type { EngineContext } from "../../../src/engine/execute.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import type { Ran } from "../../engine/support/run.ts";
import { newRequest, falselyReported, type FaultBench } from "./bench.ts";
import { chance, oneOf } from "./chance.ts";
import { driverFaults } from "./driver.ts";
import { networkFaults } from "./network.ts";

/** A run of a schedule: an operation, and the project if it is not that of the bench. */
export interface ScheduledRun {
  readonly operation: "apply" | "down" | "redo" | "reset-to";
  readonly project?: EngineContext["project"];
}

/** What a seed decides. Which request is the n-th one depends on the machine as well. */
export interface Schedule {
  readonly seed: number;
  readonly runs: readonly (ScheduledRun & { readonly diesAtCall: number | undefined })[];
  readonly keepLedger: boolean;
  /** Shares of requests and messages that are harmed. */
  readonly network: number;
  readonly driver: number;
}

export interface Outcome {
  readonly wrong: readonly string[];
  readonly faults: number;
  readonly deaths: number;
}

/** `choice`: the runs to choose from; by default mostly `apply`. */
export function scheduleOf(
  seed: number,
  choice?: readonly [ScheduledRun, ...ScheduledRun[]],
): Schedule {
  const random = chance(seed);
  const count = 2 + Math.floor(random() * 3);
  const withDown = random() < 0.25;
  return {
    seed,
    keepLedger: random() < 0.7,
    network: random() * 0.15,
    driver: random() * 0.03,
    runs: Array.from({ length: count }, () => ({
      ...(choice ? oneOf(choice, random) : { operation: usual(withDown, random) }),
      diesAtCall: random() < 0.25 ? Math.floor(random() * 18) : undefined,
    })),
  };
}

function usual(withDown: boolean, random: () => number): ScheduledRun["operation"] {
  return withDown ? oneOf(["apply", "apply", "down", "redo", "reset-to"], random) : "apply";
}

/** Several runs at once under harm, then one plain run of the operation `last`; answers what is wrong after it. */
export async function runSchedule(
  bench: FaultBench,
  schedule: Schedule,
  last: ScheduledRun["operation"] = "apply",
): Promise<Outcome> {
  const { seed, runs } = schedule;
  await bench.database.reset(schedule.keepLedger);
  let faults = 0;
  const harm = (index: number, share: number, salt: number): (() => number) | undefined => {
    const random = chance(seed * 7919 + index * 31 + salt);
    if (random() >= share) return undefined;
    faults += 1;
    return random;
  };
  bench.network.expect(({ index }) => {
    const random = harm(index, schedule.network, 1);
    return random && oneOf(networkFaults, random);
  });
  bench.driver.expect(({ index }) => {
    const random = harm(index, schedule.driver, 2);
    return random && oneOf(driverFaults, random);
  });
  const all = await Promise.all(runs.map((run, i) => oneRun(bench, run, chance(seed + i))));
  await bench.endFaults();
  const before = await bench.database.facts();
  const onlyUp = runs.every(({ operation }) => operation === "apply");
  const missing = onlyUp ? all.flatMap((ran) => (ran ? falselyReported(ran, before) : [])) : [];
  const wrong = [
    ...missing.map((version) => `reported as applied, but not in the ledger: ${version}`),
    ...(await bench.problems(await bench.run(newRequest(last)))),
  ];
  return {
    wrong: wrong.map((text) => `seed ${String(seed)}: ${text}`),
    faults,
    deaths: all.filter((ran) => ran === undefined).length,
  };
}

/** One run; undefined when it died. */
async function oneRun(
  bench: FaultBench,
  { operation, project = projectOf(bench, operation), diesAtCall }: Schedule["runs"][number],
  random: () => number,
): Promise<Ran | undefined> {
  const dying = mortal(diesAtCall);
  const more = { random, ...(project && { project }) };
  const ran = bench.run(newRequest(operation), more, dying.hasura);
  return Promise.race([ran, dying.dead]);
}

/** A reset leads to a project without the last three, which it rolls back with what the ledger keeps. */
function projectOf(
  bench: FaultBench,
  operation: ScheduledRun["operation"],
): EngineContext["project"] | undefined {
  return operation === "reset-to" ? bench.resetProject : undefined;
}

/**
 * A way to Hasura that ends with the process that has it: the call of that number is sent, its answer is never heard, and
 * nothing is said or asked after it.
 */
function mortal(diesAtCall: number | undefined): {
  hasura: (real: Hasura) => Hasura;
  dead: Promise<undefined>;
} {
  let calls = 0;
  let die = (): void => undefined;
  const dead = new Promise<undefined>((resolve) => (die = () => resolve(undefined)));
  const hasura = (real: Hasura): Hasura =>
    new Proxy(real, {
      get: (target, name, self) => {
        const method: unknown = Reflect.get(target, name, self);
        if (typeof method !== "function" || name === "close") return method;
        return (...given: unknown[]): unknown => {
          calls += 1;
          if (diesAtCall === undefined || calls <= diesAtCall)
            return Reflect.apply(method, target, given);
          if (calls === diesAtCall + 1)
            void Promise.resolve(Reflect.apply(method, target, given)).catch(() => undefined);
          die();
          return new Promise(() => undefined);
        };
      },
    });
  return { hasura, dead };
}
