import type { Running } from "../../e2e/support/cli.ts";
import type { AnswerFault } from "./answer-faults.ts";
import type { ClientBench } from "./client-bench.ts";
import { falseReports } from "./false-reports.ts";
import type { ClientSideFault } from "./relay.ts";

/** One fault of one run: what happens, and how the CLI may exit. */
export interface ClientFault {
  readonly name: string;
  /**
   * To what is sent, in order: the run's invocation, the further ones of a run in slices, and what is asked about it; undefined: nothing
   * happens to it. Empty: nobody listens at the service's address.
   */
  readonly faults: readonly (ClientSideFault | undefined)[];
  /** What the CLI is sent at the event of the first fault. */
  readonly signal?: "SIGKILL" | "SIGTERM" | "SIGHUP";
  /** When the function is killed: at the event of the first fault, or when it sends Hasura the request of that number, from 0. */
  readonly killsFunction?: "event" | number;
  /** Exit codes that are true here; null: it was killed. */
  readonly ends: readonly (number | null)[];
  /** How often the run itself reaches the service; default: once. */
  readonly sent?: number | "as often as it takes";
  /** False: a service without response streaming. */
  readonly streaming?: boolean;
  /** True: a run that pauses after each migration and is resumed. */
  readonly inSlices?: boolean;
}

/** On a slow machine the CLI may take a connection for silent before the fault: so often it is tried. */
const attempts = 3;

/** Injects the fault into one run and makes one plain re-run; returns what is wrong then. */
export async function problemsAfter(bench: ClientBench, harm: ClientFault): Promise<string[]> {
  const shortBounds = harm.faults.some(leavesSilence);
  for (let attempt = 1; ; attempt += 1) {
    const { missing, wrong } = await attemptOf(bench, harm, shortBounds);
    if (missing.length === 0 || !shortBounds || attempt === attempts)
      return [...missing, ...wrong].map((text) => `${harm.name}: ${text}`);
  }
}

/** True for a fault that only a bound on the wait ends. */
function leavesSilence(fault: ClientSideFault | undefined): boolean {
  if (isAnswerFault(fault)) return fault.what === "silent";
  return fault === "swallowed" || fault === "unanswered";
}

async function attemptOf(
  bench: ClientBench,
  harm: ClientFault,
  shortBounds: boolean,
): Promise<{ readonly missing: string[]; readonly wrong: string[] }> {
  await bench.prepare();
  await bench.startFunction();
  const url = harm.faults.length === 0 ? bench.closedUrl : bench.relay.url;
  // The proxy knows the fault before the new process can have sent anything.
  const running = await bench.begin({ url, shortBounds });
  const injected = inject(bench, harm, running);
  const ran = await running.ended;
  const observed = { ...ran, ledger: await bench.inLedger() };
  const sent = bench.relay.passed.filter(
    ({ operation }) => operation === bench.task.operation,
  ).length;
  await bench.endFaults();
  const { ends, sent: expected = 1 } = harm;
  const counts = harm.faults.some((fault) => isAnswerFault(fault) && fault.what === "repeated")
    ? "at most"
    : "exactly";
  const wrong = [
    ...falseReports(observed, await bench.database.facts(), { ...bench.task, ends, counts }),
    ...(typeof expected === "number" && sent !== expected
      ? [`the run was sent ${String(sent)} times`]
      : []),
    ...(await bench.again()).map((problem) => `after the re-run, ${problem}`),
  ];
  return { missing: injected.missing(), wrong };
}

const isAnswerFault = (fault: ClientSideFault | undefined): fault is AnswerFault =>
  typeof fault === "object";

/** Makes the fault happen; `missing` returns what of it has not, once everything has ended. */
function inject(
  bench: ClientBench,
  harm: ClientFault,
  running: Running,
): { readonly missing: () => string[] } {
  const { faults, killsFunction, streaming = true, inSlices = false } = harm;
  let killed = killsFunction === undefined ? 1 : 0;
  let happened = faults.length === 0;
  const kill = (): void => {
    if (killed === 0) killed = bench.killFunction();
  };
  bench.network.expect(({ index }) => {
    if (index === killsFunction) kill();
    return undefined;
  });
  const first = faults.findIndex((fault) => fault !== undefined);
  bench.relay.expect({
    streaming,
    sliceMs: inSlices ? 1 : undefined,
    faultOf: ({ index }) => {
      const fault = faults[index];
      if (index !== first) return fault;
      happened ||= !isAnswerFault(fault);
      return isAnswerFault(fault)
        ? {
            ...fault,
            before: () => {
              happened = true;
              if (killsFunction === "event") kill();
            },
            ...afterIt(fault, harm, running),
          }
        : fault;
    },
  });
  return {
    missing: () => [
      ...(happened ? [] : ["the fault did not happen"]),
      ...(killed > 0 ? [] : ["the function was not killed"]),
    ],
  };
}

/** The CLI is cut off, or sent a signal, when it has shown the event. */
function afterIt(
  fault: AnswerFault,
  { signal, killsFunction, streaming = true, faults }: ClientFault,
  running: Running,
): Pick<AnswerFault, "after"> {
  const isCutOff = fault.what === "reset" || fault.what === "ended" || fault.what === "passed";
  if (killsFunction === "event" || !streaming || !isCutOff) return {};
  const shown = faults.indexOf(fault) * eventsOfSlice + fault.at + 1;
  return {
    after: async () => {
      // It may have ended before: on a slow machine it gives up early.
      await running.shows(new RegExp(`^(?:.*\\n){${String(shown)}}`)).catch(() => undefined);
      if (signal) running.child.kill(signal);
    },
  };
}

/** Events of a clean run of three migrations: its start, the plan, two for each migration, the reload, the end. */
export const events = 10;
/** The same of a slice, which has one migration; its end is a pause, in all but the last. */
export const eventsOfSlice = 6;
/** So many requests to Hasura a clean run of three migrations has at least: how many state writes are joined depends on the machine. */
export const requests = 16;

/** Every `step`-th place in an answer of `count` events, also before the first one. */
function places(step: number, count: number): number[] {
  return Array.from({ length: Math.ceil((count + 1) / step) }, (_, index) => index * step - 1);
}

/** One fault at every `step`-th event of an answer; `count`: how many events it has. */
export function atEvents(
  what: AnswerFault["what"],
  step: number,
  more: Pick<ClientFault, "ends"> &
    Partial<ClientFault> & { readonly share?: number; readonly count?: number },
): ClientFault[] {
  const { share, count = events, faults = [], ...rest } = more;
  return places(step, count).map((at) => ({
    name: `${what} at event ${String(at)}${share === undefined ? "" : `, ${String(share)} of its frame`}`,
    faults: [{ what, at, ...(share !== undefined && { share }) }, ...faults],
    ...rest,
  }));
}
