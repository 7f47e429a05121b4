import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import type { Ran } from "../../engine/support/run.ts";
import { tracking, type MetadataFaultBench } from "./metadata-bench.ts";

/** Runs beside which somebody else has changed the metadata. */
export interface BesideWriter {
  readonly wrong: readonly string[];
  /** How often that change was shown before it was overwritten. */
  readonly shown: number;
  /** How often it was not shown, and kept. */
  readonly kept: number;
}

/**
 * Starts a run for each of these requests, and holds that request back until somebody else has tracked the table `theirs`. That change
 * must be kept, or shown before it is overwritten, and a plain re-run must succeed.
 */
export async function besideWriter(
  bench: MetadataFaultBench,
  {
    requests,
    reset,
    run,
  }: {
    readonly requests: readonly number[];
    readonly reset: () => Promise<unknown>;
    readonly run: () => Promise<Ran>;
  },
): Promise<BesideWriter> {
  const wrong: string[] = [];
  let [shown, kept] = [0, 0];
  for (const at of requests) {
    await reset();
    const ran = await runBesideWrite(bench, at, run);
    if (ran.isWritten && ran.isShown) shown += 1;
    if (ran.isWritten && !ran.isShown && ran.isKept) kept += 1;
    const again = await run();
    const problems = [
      ...(ran.isWritten && !ran.isShown && !ran.isKept ? ["lost"] : []),
      ...(again.failure ? [again.failure.code] : []),
      ...(await bench.metadataProblems()),
    ];
    wrong.push(...problems.map((text) => `request ${String(at)}: ${text}`));
  }
  return { wrong, shown, kept };
}

async function runBesideWrite(bench: MetadataFaultBench, at: number, run: () => Promise<Ran>) {
  let written = Promise.resolve(false);
  bench.network.expect(({ index }) => {
    if (index !== at) return undefined;
    written = writeTheirs(bench);
    return written.then(nothing, nothing);
  });
  const ran = await run();
  const isWritten = await written;
  await bench.endFaults();
  const isKept = JSON.stringify((await bench.stored()).document).includes('"theirs"');
  const isShown = ran
    .of("metadata.diff")
    .some(({ changes }) => changes.some(({ path }) => path.at(-1)?.name === "public.theirs"));
  return { isWritten, isKept, isShown };
}

const nothing = (): undefined => undefined;

/** Tracks the table as somebody with the Console does, besides what is tracked. False if another request of the run came first. */
async function writeTheirs(bench: MetadataFaultBench): Promise<boolean> {
  const { document } = await bench.stored();
  const others = JSON.stringify(document).includes('"people"') ? ["people"] : [];
  try {
    await bench.write(tracking(bench.before, [...others, "theirs"]));
    return true;
  } catch (error) {
    if (error instanceof HasuraCallError && error.status === 409) return false;
    throw error;
  }
}
