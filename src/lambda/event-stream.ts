import type { Writable } from "node:stream";
import { isClosing, type RunEvent } from "../protocol/events.ts";
import type { Log } from "./log.ts";
import { eventLines } from "./truncate-event.ts";
import type { Redactor } from "./secrets/redact.ts";

/** Calls `run` every `ms` until the answer is called. */
export type Every = (ms: number, run: () => void) => () => void;

/** Calls `run` once what is at hand has been done, and before anything is waited for. */
export type Soon = (run: () => void) => void;

export interface EventStreamOptions {
  readonly out: Writable;
  readonly requestId: string;
  readonly redact: Redactor;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly every: Every;
  readonly soon: Soon;
  /** How long a slow reader may hold the run back; after the first time it is not waited for again. */
  readonly drainMs?: number;
}

export interface EventStream {
  /** Never rejects: who runs migrations must not stop because nobody reads. Waits while the reader is behind. */
  emit(event: RunEvent): Promise<void>;
  /** True once a closing event was emitted; later events go to the log alone. */
  readonly closed: boolean;
  /** Ends the heartbeat and the output, in every case. */
  end(): Promise<void>;
}

/** Idle connections are dropped by what lies between (350 s at NAT gateways), and CI systems dislike silence. */
export const heartbeatMs = 10_000;
const defaultDrainMs = 30_000;

/**
 * Events to the caller, one JSON line each, and all of them to the log. What comes together leaves together, behind the request
 * that the run sends in the same moment: the end of a migration and the start of the next are one write, and delay nothing.
 */
export function eventStream(options: EventStreamOptions): EventStream {
  const { out, requestId, redact, log, now, soon, drainMs = defaultDrainMs } = options;
  const state = { closed: false, broken: false, waitForReader: true };
  const waiting: { readonly event: RunEvent; readonly onlyLog: boolean }[] = [];
  // Without a listener a reader that goes away would end the process, and the migration with it.
  out.on("error", (error) => {
    if (!state.broken)
      log.warning("the event stream broke; the run goes on", { error: redact.text(error.message) });
    state.broken = true;
  });
  const flush = (): void => {
    try {
      writeAll();
    } catch (error) {
      // Nobody called that could be told; and the run matters more than its listener.
      log.warning("events could not be written", { error: String(error) });
    }
  };
  const writeAll = (): void => {
    const all = waiting
      .splice(0)
      .map(({ event, onlyLog }) => ({ event: redact.value(event), onlyLog }));
    const text = all
      .flatMap(({ event, onlyLog }) => (onlyLog ? [] : eventLines(event, requestId)))
      .join("");
    if (text !== "" && !state.broken && !out.destroyed && !out.writableEnded) out.write(text);
    for (const { event } of all) if (event.type !== "heartbeat") log.event(event);
  };
  const write = async (event: RunEvent, onlyLog = false): Promise<void> => {
    waiting.push({ event, onlyLog });
    if (waiting.length === 1) soon(flush);
    if (!out.writableNeedDrain || !state.waitForReader || state.broken || out.destroyed) return;
    state.waitForReader = await drained(out, drainMs);
    if (!state.waitForReader)
      log.warning("nobody reads the events; the run goes on without waiting", {});
  };
  const stopHeartbeat = options.every(heartbeatMs, () => {
    if (!state.closed && !out.writableNeedDrain)
      void write({ type: "heartbeat", at: new Date(now()).toISOString() });
  });
  return {
    get closed() {
      return state.closed;
    },
    async emit(event) {
      const late = state.closed;
      state.closed ||= isClosing(event);
      await write(event, late);
    },
    async end() {
      stopHeartbeat();
      flush();
      await ended(out, drainMs);
    },
  };
}

/** False when the reader has not caught up within the bound. */
function drained(out: Writable, ms: number): Promise<boolean> {
  return settledWithin(out, ["drain"], ms);
}

async function ended(out: Writable, ms: number): Promise<void> {
  if (out.destroyed) return;
  const done = settledWithin(out, ["finish"], ms);
  out.end();
  if (!(await done)) out.destroy();
}

/** True at the first of these events, or when the stream is over; false after the bound. */
function settledWithin(out: Writable, events: readonly string[], ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const all = [...events, "close", "error"];
    const settle = (value: boolean): void => {
      clearTimeout(timer);
      for (const event of all) out.off(event, yes);
      resolve(value);
    };
    const yes = (): void => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    for (const event of all) out.on(event, yes);
  });
}
