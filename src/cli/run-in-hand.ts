import type { RunEvent } from "../protocol/events.ts";
import { Failure } from "../protocol/failure.ts";
import type { UnknownEvent } from "../protocol/ndjson.ts";
import type { Operation } from "../protocol/request.ts";
import { ask } from "./ask.ts";
import type { Following } from "./follow.ts";

/** Pauses between questions to the function, in milliseconds; the last one repeats. */
export const pauses = [1000, 2000, 4000, 5000] as const;
export const pauseAfter = (tries: number): number => pauses[tries] ?? 5000;

/**
 * What is known of the run being watched, and what Ctrl-C means for it: the first one asks a run that can be asked to stop and
 * keeps watching, the second one leaves it alone. Where it cannot be asked, the first one leaves.
 */
export class RunInHand {
  readonly #it: Following;
  readonly #detach = new AbortController();
  #operations: ReadonlySet<string> | undefined;
  #planned: readonly string[] = [];
  #earlier: { readonly applied: number; readonly tookMs: number } = { applied: 0, tookMs: 0 };
  #asking = false;
  #over = false;

  constructor(it: Following) {
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

  /** True once the function has said that it started. */
  get begun(): boolean {
    return this.#operations !== undefined;
  }

  /** True when the function is known to answer such a request. The embedded one ends with this process. */
  serves(operation: Operation): boolean {
    return this.#it.request.environment !== "local" && (this.#operations?.has(operation) ?? false);
  }

  /** A closing event speaks of its own invocation: what earlier parts of the run did is added. */
  whole(event: RunEvent | UnknownEvent): RunEvent | UnknownEvent {
    if (event.type !== "run.finished" && event.type !== "run.failed" && event.type !== "run.paused") return event;
    const { applied, tookMs } = this.#earlier;
    const whole = { ...event, applied: applied + event.applied, tookMs: tookMs + event.tookMs };
    if (event.type === "run.paused") this.#earlier = whole;
    return whole;
  }

  heard(event: RunEvent | UnknownEvent): void {
    if (event.type === "plan") this.#planned = event.databases.flatMap(({ items }) => items.map(({ version }) => version));
    if (event.type !== "run.started") return;
    this.#operations = new Set(event.operations);
    if (this.#it.interrupts.first.aborted) this.#onFirst();
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
      notice("It will be asked to stop once it has started; Ctrl-C again to leave it alone.");
      return;
    }
    if (!this.serves("cancel")) {
      this.#leave();
      return;
    }
    if (this.#asking) return;
    this.#asking = true;
    notice("Asking it to stop after the migration in hand; Ctrl-C again to leave it alone.");
    void this.#askToStop();
  };

  /** A run that waits for its turn is not in the books yet: asked again until it is known, or over. */
  async #askToStop(): Promise<void> {
    const { connection, request, notice, sleep, now } = this.#it;
    const cancel = { ...request, operation: "cancel" as const, options: { run: request.runId } };
    try {
      for (let tries = 0; !this.#over; tries += 1) {
        const events = await ask(connection, cancel, { signal: this.detach, now });
        if (events.some((event) => event.type === "cancel.asked" && event.runs.length > 0)) return;
        await sleep(pauseAfter(tries), this.detach);
      }
    } catch (thrown) {
      if (this.#over || this.detach.aborted) return;
      notice(`! It could not be asked to stop: ${thrown instanceof Failure ? thrown.message : String(thrown)}`);
    }
  }
}
