import type { RunEvent } from "../../protocol/events.ts";
import { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { Operation } from "../../protocol/operations.ts";
import { queryFunction } from "./query.ts";
import type { FollowOptions } from "./follow-run.ts";
import { stopRequestedMessage, stopAcceptedMessage } from "./cancel-messages.ts";

/** Pauses between questions to the function, in milliseconds; the last one repeats. */
export const pauses = [1000, 2000, 4000, 5000] as const;
export const pauseAfter = (tries: number): number => pauses[tries] ?? 5000;

/** A migration that has started and not ended. */
export interface CurrentMigration {
  readonly version: string;
  readonly name: string;
  readonly transaction: boolean;
}

/** meant: to be asked once the run has started · asked: no answer yet · heard: its books have it. */
export type CancellationState = "no" | "meant" | "asked" | "heard";

/**
 * What is known of the run being watched, and what Ctrl-C means for it: the first one asks a run that can be asked to stop and
 * keeps watching, the second one stops watching. Where it cannot be asked, the first one does that.
 */
export class RunTracker {
  readonly #it: FollowOptions;
  readonly #detach = new AbortController();
  #operations: ReadonlySet<string> | undefined;
  #planned: readonly string[] = [];
  #earlier: { readonly applied: number; readonly tookMs: number } = { applied: 0, tookMs: 0 };
  #outsideTransaction: ReadonlySet<string> = new Set();
  #inHand: CurrentMigration | undefined;
  #waits = false;
  #asking = false;
  #stopping: CancellationState = "no";
  #over = false;

  constructor(it: FollowOptions) {
    this.#it = it;
    const { first, second } = it.interrupts;
    first.addEventListener("abort", this.#onFirst);
    second.addEventListener("abort", this.#leave);
    if (first.aborted) this.#onFirst();
  }

  /** Aborted when nobody wants to watch any more. */
  get detach(): AbortSignal {
    return this.#detach.signal;
  }

  /** Versions of the newest plan. */
  get planned(): readonly string[] {
    return this.#planned;
  }

  get askedToStop(): boolean {
    return this.#asking;
  }

  get stopping(): CancellationState {
    return this.#stopping;
  }

  get inHand(): CurrentMigration | undefined {
    return this.#inHand;
  }

  /** True while it waits for another run. */
  get waits(): boolean {
    return this.#waits;
  }

  /** True once the function has said that it started. */
  get begun(): boolean {
    return this.#operations !== undefined;
  }

  /** True when the function is known to answer such a request. The embedded one ends with this process. */
  serves(operation: Operation): boolean {
    return this.#it.request.environment !== "local" && (this.#operations?.has(operation) ?? false);
  }

  /** A closing event covers its own invocation: what earlier parts of the run did is added. */
  whole(event: RunEvent | UnknownEvent): RunEvent | UnknownEvent {
    if (event.type !== "run.finished" && event.type !== "run.failed" && event.type !== "run.paused")
      return event;
    const { applied, tookMs } = this.#earlier;
    const whole = { ...event, applied: applied + event.applied, tookMs: tookMs + event.tookMs };
    if (event.type === "run.paused") this.#earlier = whole;
    return whole;
  }

  heard(event: RunEvent | UnknownEvent): void {
    switch (event.type) {
      case "run.started":
        this.#operations = new Set(event.operations);
        if (this.#it.interrupts.first.aborted) this.#onFirst();
        break;
      case "waiting":
        this.#waits = event.reason === "run" || event.reason === "lock";
        break;
      case "plan": {
        const items = event.databases.flatMap((it) => it.items);
        this.#planned = items.map(({ version }) => version);
        this.#outsideTransaction = new Set(
          items.filter(({ transaction }) => !transaction).map(({ version }) => version),
        );
        this.#waits = false;
        break;
      }
      case "migration.started":
        this.#inHand = {
          version: event.version,
          name: event.name,
          transaction: !this.#outsideTransaction.has(event.version),
        };
        this.#waits = false;
        break;
      case "migration.applied":
      case "migration.failed":
      case "migration.skipped":
      case "run.paused":
        this.#inHand = undefined;
        break;
      default:
    }
  }

  close(): void {
    this.#over = true;
    this.#it.interrupts.first.removeEventListener("abort", this.#onFirst);
    this.#it.interrupts.second.removeEventListener("abort", this.#leave);
  }

  readonly #leave = (): void => this.#detach.abort();

  readonly #onFirst = (): void => {
    const { changes, request, notice } = this.#it;
    if (!changes || request.environment === "local") {
      this.#leave();
      return;
    }
    if (this.#operations === undefined) {
      this.#stopping = "meant";
      notice("It will be asked to stop once it has started; Ctrl-C again to stop watching.");
      return;
    }
    if (!this.serves("cancel")) {
      this.#stopping = "no";
      this.#leave();
      return;
    }
    if (this.#asking) return;
    this.#asking = true;
    this.#stopping = "asked";
    notice(stopRequestedMessage(this));
    void this.#askToStop();
  };

  #taken(): void {
    this.#stopping = "heard";
    if (!this.#over) this.#it.notice(stopAcceptedMessage(this));
  }

  /** A run that waits for its turn is not in the books yet: asked again until it is known, or over. */
  async #askToStop(): Promise<void> {
    const { connection, request, notice, sleep, now } = this.#it;
    const cancel = { ...request, operation: "cancel" as const, options: { run: request.runId } };
    try {
      for (let tries = 0; !this.#over; tries += 1) {
        const events = await queryFunction(connection, cancel, { signal: this.detach, now });
        if (events.some((event) => event.type === "cancel.requested" && event.runs.length > 0)) {
          this.#taken();
          return;
        }
        await sleep(pauseAfter(tries), this.detach);
      }
    } catch (thrown) {
      if (this.#over || this.detach.aborted) return;
      this.#stopping = "no";
      notice(
        `! It could not be asked to stop: ${thrown instanceof Failure ? thrown.message : String(thrown)}`,
      );
    }
  }
}
