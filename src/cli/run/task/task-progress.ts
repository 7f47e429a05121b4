import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import type { HistoryRow } from "../../../protocol/history-row.ts";

/** A planned step, by what identifies it in the ledger. */
interface PlannedStep {
  readonly database: string;
  readonly version: string;
  readonly name: string;
  readonly direction: "up" | "down";
}

/** What was reported of a plan that a task runs. */
export interface TaskProgress {
  /** Planned steps that are not reported as done, in order. */
  readonly left: readonly PlannedStep[];
  /** The one that was reported as started. */
  readonly current: PlannedStep | undefined;
}

/** Nothing is reported yet. */
export function newProgress({ databases }: EventOf<"plan">): TaskProgress {
  const left = databases.flatMap(({ database, items }) =>
    items.map(({ version, name, direction }) => ({ database, version, name, direction })),
  );
  return { left, current: undefined };
}

/** What the ledger shows beyond what was reported, as events, and the state after them. */
export function afterRow(
  progress: TaskProgress,
  row: HistoryRow | undefined,
): { readonly progress: TaskProgress; readonly events: readonly RunEvent[] } {
  const { migrations = [], activity } = row ?? {};
  const events: RunEvent[] = [];
  let { left, current } = progress;
  for (const { database, version, name, change, ms = 0 } of migrations) {
    const step = left.find(
      (each) => each.database === database && each.version === version && each.direction === change,
    );
    if (!step) continue;
    if (step !== current) events.push({ type: "migration.started", ...step, name });
    events.push({ type: "migration.applied", ...step, name, tookMs: ms });
    left = left.filter((each) => each !== step);
    current = current === step ? undefined : current;
  }
  const begun = left.find(({ version }) => activity?.startsWith(version));
  if (begun && begun !== current) {
    events.push({ type: "migration.started", ...begun });
    current = begun;
  }
  return { progress: { left, current }, events };
}
