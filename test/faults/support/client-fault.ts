import type { Running } from "../../e2e/support/cli.ts";
import type { ClientBench } from "./client-bench.ts";
import { falseReports } from "./false-reports.ts";
import type { StreamFault } from "./stream-cut.ts";

/** One fault of one run: what happens, and how the CLI may exit. */
export interface ClientFault {
  readonly name: string;
  /** To the run's invocation, and to what is sent after it, in order. Empty: nobody listens at the service's address. */
  readonly faults: readonly StreamFault[];
  /** Who is killed at the event of the first fault. */
  readonly kills?: "client" | "function";
  /** Exit codes that are true here; null: it was killed. */
  readonly ends: readonly (number | null)[];
  /** How often the run itself reaches the service; default: once. */
  readonly sent?: number;
}

/** Injects the fault into one run and makes one plain re-run; returns what is wrong then. */
export async function problemsAfter(bench: ClientBench, harm: ClientFault): Promise<string[]> {
  await bench.database.reset(false);
  const functions = harm.kills === "function" ? await bench.functions() : [];
  // The proxy knows the fault before the new process can have sent anything.
  const running = await bench.apply(harm.faults.length === 0 ? bench.closedUrl : bench.relay.url);
  bench.relay.expect(({ index }) => {
    const fault = harm.faults[index];
    return index === 0 && typeof fault === "object"
      ? deadly(fault, harm, running, functions)
      : fault;
  });
  const ran = await running.ended;
  const observed = { ...ran, ledger: await bench.inLedger() };
  const sent = bench.relay.passed.filter(({ operation }) => operation === "apply").length;
  await bench.endFaults();
  const wrong = falseReports(observed, await bench.database.facts(), harm.ends);
  if (sent !== (harm.sent ?? 1)) wrong.push(`the run was sent ${String(sent)} times`);
  const again = await bench.again();
  if (again.code !== 0)
    wrong.push(`the re-run ended with ${String(again.code)}: ${again.stdout}${again.stderr}`);
  wrong.push(...(await bench.databaseProblems()));
  return wrong.map((text) => `${harm.name}: ${text}`);
}

/** The same fault, with its victim. The CLI is cut off, or killed, when it has shown the event. */
function deadly(
  fault: Exclude<StreamFault, string>,
  { kills }: ClientFault,
  running: Running,
  functions: readonly number[],
): StreamFault {
  if (kills === "function")
    return { ...fault, before: () => functions.forEach((pid) => process.kill(pid, "SIGKILL")) };
  if (kills === undefined && (fault.what === "half" || fault.what === "held")) return fault;
  const after = async (): Promise<void> => {
    await running.shows(new RegExp(`^(?:.*\\n){${String(fault.at + 1)}}`));
    if (kills === "client") running.child.kill("SIGKILL");
  };
  return { ...fault, after };
}

/** Events of a clean run of three migrations: its start, the plan, two for each migration, the reload, the end. */
export const events = 10;

/** Every `step`-th place in an answer, also before its first event. */
function places(step: number): number[] {
  return Array.from({ length: Math.ceil((events + 1) / step) }, (_, index) => index * step - 1);
}

type What = Exclude<StreamFault, string>["what"];

/** One fault at every `step`-th event of an answer. */
export function atEvents(
  what: What,
  step: number,
  more: Pick<ClientFault, "ends"> & Partial<ClientFault> & { readonly share?: number },
): ClientFault[] {
  const { share, faults = [], ...rest } = more;
  return places(step).map((at) => ({
    name: `event ${String(at)}${share === undefined ? "" : `, ${String(share)} of its frame`}`,
    faults: [{ what, at, ...(share !== undefined && { share }) }, ...faults],
    ...rest,
  }));
}
