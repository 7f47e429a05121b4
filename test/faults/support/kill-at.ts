import type { FaultBench } from "./bench.ts";
import type { Running } from "./programs.ts";

type PassedRequest = Parameters<Parameters<FaultBench["network"]["expect"]>[0]>[0];

/** Lets a program begin, kills it at each request that matches, and waits for its end; returns how often it was killed. */
export async function killAt(
  { process, ended }: Running,
  { network, endFaults }: Pick<FaultBench, "network" | "endFaults">,
  matches: (request: PassedRequest) => boolean,
): Promise<number> {
  let kills = 0;
  network.expect((request) => {
    if (!matches(request)) return undefined;
    kills += 1;
    process.kill("SIGKILL");
    return undefined;
  });
  process.stdin?.write("go\n");
  await ended;
  await endFaults();
  return kills;
}
