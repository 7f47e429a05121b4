import type { EventOf, RunEvent } from "../../../protocol/events.ts";
import { fromFailureData, type Failure } from "../../../protocol/failure.ts";
import type { Hint } from "../../../protocol/hint.ts";
import type { UnknownEvent } from "../../../protocol/ndjson.ts";
import type { CommandResult } from "../../command-result.ts";
import type { ConnectionInfo } from "../../connection/connection.ts";
import { entriesOf, type ResultEvent } from "../entries.ts";
import type { StopProgress } from "../renderer.ts";
import { closeView, newRunView, reduceView, type RunView } from "../run-view.ts";

/** The state of one environment among several. */
export interface EnvironmentView {
  readonly environment: string;
  readonly phase: "waiting" | "running" | "ended" | "skipped";
  readonly run: RunView;
  /** When its run began, in epoch milliseconds, and how long it took. */
  readonly sinceMs?: number;
  readonly tookMs?: number;
  /** How far stopping its run has got, once that was asked for. */
  readonly stop?: StopProgress["state"];
  /** How the command ends for it. */
  readonly result?: CommandResult;
  /** The last line of a run that ended well. */
  readonly finished?: string;
  /** Migrations that were applied or rolled back. */
  readonly applied: number;
  readonly failure?: Failure;
  /** Why it was not started. */
  readonly reason?: string;
  /** The command's result: a plan, a history, a status. */
  readonly results: readonly ResultEvent[];
  readonly notices: readonly string[];
  /** What can be done about them. */
  readonly hints: readonly Hint[];
}

export type EnvironmentChange =
  | { readonly type: "started"; readonly at: number }
  | { readonly type: "connected"; readonly connection: ConnectionInfo }
  | { readonly type: "waiting"; readonly text: string }
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "stopping"; readonly stop: StopProgress }
  | { readonly type: "event"; readonly event: RunEvent | UnknownEvent; readonly at: number }
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "ended"; readonly result: CommandResult; readonly at: number }
  | { readonly type: "skipped"; readonly reason: string };

export function newEnvironmentView(environment: string, operation: string): EnvironmentView {
  return {
    environment,
    phase: "waiting",
    run: newRunView(operation),
    applied: 0,
    results: [],
    notices: [],
    hints: [],
  };
}

export function reduceEnvironment(
  view: EnvironmentView,
  change: EnvironmentChange,
): EnvironmentView {
  switch (change.type) {
    case "started":
      return { ...view, phase: "running", sinceMs: change.at };
    case "connected":
      return { ...view, run: { ...view.run, connection: change.connection } };
    case "waiting":
      return { ...view, run: { ...view.run, waitingFor: change.text } };
    case "notice":
      return { ...view, notices: [...view.notices, change.text] };
    case "stopping":
      return stopping(view, change.stop);
    case "event":
      return afterEvent(view, change.event, change.at);
    case "failed":
      return { ...view, failure: change.failure, run: closeView(view.run) };
    case "ended":
      return { ...ended(view, change.at), result: change.result };
    case "skipped":
      return { ...view, phase: "skipped", reason: change.reason };
  }
}

/** Only a stop request that failed is still worth a notice after the run. */
function stopping(view: EnvironmentView, { state, text }: StopProgress): EnvironmentView {
  return {
    ...view,
    stop: state,
    ...(state === "failed" && { notices: [...view.notices, text] }),
  };
}

function ended(view: EnvironmentView, at: number): EnvironmentView {
  const { sinceMs = at } = view;
  return { ...view, phase: "ended", tookMs: at - sinceMs, run: closeView(view.run) };
}

function afterEvent(
  view: EnvironmentView,
  event: RunEvent | UnknownEvent,
  at: number,
): EnvironmentView {
  const entries = entriesOf(view.run, event, at);
  const next = { ...view, run: reduceView(view.run, event, at) };
  return entries.reduce<EnvironmentView>(
    (reduced, entry) => {
      switch (entry.kind) {
        case "result":
          return { ...reduced, results: [...reduced.results, entry.event] };
        case "notice":
          return isPassing(event)
            ? reduced
            : { ...reduced, notices: [...reduced.notices, entry.text] };
        case "hint":
          return { ...reduced, hints: [...reduced.hints, entry.hint] };
        case "finished":
          return { ...reduced, finished: entry.text };
        default:
          return reduced;
      }
    },
    { ...next, ...closingFacts(event) },
  );
}

/** Notices that are shown during the run and need not be repeated afterwards. */
function isPassing({ type }: RunEvent | UnknownEvent): boolean {
  return type === "waiting" || type === "plan" || type === "seed.plan" || type === "run.paused";
}

function closingFacts(
  event: RunEvent | UnknownEvent,
): Partial<Pick<EnvironmentView, "applied" | "failure">> {
  if (event.type === "run.finished") return { applied: event.applied };
  if (event.type !== "run.failed") return {};
  return { applied: event.applied, failure: fromFailureData(event.failure) };
}

/** The newest answer to `status`. */
export function statusOf({ results }: EnvironmentView): EventOf<"status"> | undefined {
  return results.findLast((event) => event.type === "status");
}

/** The newest answer to `plan`. */
export function planOf({ results }: EnvironmentView): EventOf<"plan"> | undefined {
  return results.findLast((event) => event.type === "plan");
}

/** Why it did not answer, or was not asked; undefined if it did. */
export function failureOf({ failure, reason }: EnvironmentView): string | undefined {
  return failure?.message ?? reason;
}

/** The views of several environments, in their order. */
export class EnvironmentViews {
  readonly #views: Map<string, EnvironmentView>;
  readonly #changed: (environment: string, change: EnvironmentChange) => void;

  /** `changed` is called after each change. */
  constructor(
    environments: readonly string[],
    operation: string,
    changed: (environment: string, change: EnvironmentChange) => void = () => undefined,
  ) {
    this.#views = new Map(
      environments.map((environment) => [environment, newEnvironmentView(environment, operation)]),
    );
    this.#changed = changed;
  }

  get all(): readonly EnvironmentView[] {
    return [...this.#views.values()];
  }

  change(environment: string, change: EnvironmentChange): void {
    const view = this.#views.get(environment);
    if (!view) return;
    this.#views.set(environment, reduceEnvironment(view, change));
    this.#changed(environment, change);
  }
}
