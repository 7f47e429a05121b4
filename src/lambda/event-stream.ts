import type { Writable } from "node:stream";
import { endsInvocation, type RunEvent } from "../protocol/events.ts";
import { isLongStatus, statusColumns } from "../protocol/status-columns.ts";
import type { Log } from "./log.ts";
import { writeStatus } from "./long-status.ts";
import { eventLines } from "./truncate-event.ts";
import type { Redactor } from "./secrets/redact.ts";

/** Calls `run` every `ms` milliseconds until the returned function is called. */
export type Every = (ms: number, run: () => void) => () => void;

/** Calls `run` after the current tick of the event loop (`setImmediate`). */
export type Soon = (run: () => void) => void;

export interface EventStreamOptions {
  readonly out: Writable;
  readonly requestId: string;
  /** What the client reads beyond the events as they are, from its request. */
  readonly accept?: readonly string[];
  readonly redact: Redactor;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly every: Every;
  readonly soon: Soon;
  /** Gets every event up to the closing one, before it is redacted. */
  readonly observe?: (event: RunEvent) => void;
  /** How long a slow reader may delay the run; after the first time it is not waited for again. */
  readonly drainMs?: number;
  /** Milliseconds until the process is killed. */
  readonly remainingMs: () => number;
}

export interface EventStream {
  /** Never rejects: a run must not stop because its reader has disconnected. Waits while the reader is behind. */
  emit(event: RunEvent): Promise<void>;
  /** True after a closing event; later events only go to the log. */
  readonly closed: boolean;
  /** How many migrations were reported as applied. */
  readonly applied: number;
  /** Stops the heartbeat and ends the output. */
  end(): Promise<void>;
}

/** NAT gateways drop connections that are idle for 350 s, and CI systems stop jobs without output. */
export const heartbeatMs = 10_000;
const defaultDrainMs = 30_000;
/** A slow reader gets at most this part of the time that remains: what follows the answer needs time, too. */
const drainShare = 1 / 4;
const slowReader = "the client reads events too slowly; the run continues without waiting for it";

/**
 * Writes events to the caller, one JSON line each, and to the log. Events of one tick become one write at its end: the end of a
 * migration and the start of the next are sent together, after the request for the next migration.
 */
export function eventStream(options: EventStreamOptions): EventStream {
  const { out, redact, log, now, soon, drainMs = defaultDrainMs } = options;
  const patienceMs = (): number => Math.min(drainMs, options.remainingMs() * drainShare);
  const written = eventWriter(options);
  const state = { closed: false, applied: 0, broken: false, waitForReader: true };
  const queue: { readonly event: RunEvent; readonly onlyLog: boolean }[] = [];
  // Without a listener, a reader that disconnects would crash the process in the middle of a migration.
  out.on("error", (error) => {
    if (!state.broken)
      log.warning("the event stream was interrupted; the run continues", {
        error: redact.text(error.message),
      });
    state.broken = true;
  });
  const flush = (): void => {
    try {
      writeAll();
    } catch (error) {
      // There is no caller to throw to, and the run matters more than its reader.
      log.warning("events could not be written", { error: String(error) });
    }
  };
  const writeAll = (): void => {
    const all = queue.splice(0).map(({ event, onlyLog }) => ({ ...written(event), onlyLog }));
    const text = all.flatMap(({ onlyLog, lines }) => (onlyLog ? [] : lines())).join("");
    if (text !== "" && !state.broken && !out.destroyed && !out.writableEnded) out.write(text);
    for (const { event } of all) if (event.type !== "heartbeat") log.event(event);
  };
  const write = async (event: RunEvent, onlyLog = false): Promise<void> => {
    queue.push({ event, onlyLog });
    if (queue.length === 1) soon(flush);
    if (!out.writableNeedDrain || !state.waitForReader || state.broken || out.destroyed) return;
    state.waitForReader = await drained(out, patienceMs());
    if (!state.waitForReader) log.warning(slowReader, {});
  };
  const stopHeartbeat = options.every(heartbeatMs, () => {
    if (!state.closed && !out.writableNeedDrain)
      void write({ type: "heartbeat", at: new Date(now()).toISOString() });
  });
  return {
    get closed() {
      return state.closed;
    },
    get applied() {
      return state.applied;
    },
    async emit(event) {
      const late = state.closed;
      if (!late) options.observe?.(event);
      if (event.type === "migration.applied" || event.type === "seed.applied") state.applied += 1;
      state.closed ||= endsInvocation(event);
      await write(event, late);
    },
    async end() {
      stopHeartbeat();
      flush();
      await finishWithin(out, patienceMs());
    },
  };
}

/** Redacts events and converts them to the lines that are sent. */
function eventWriter({ redact, requestId, accept = [] }: EventStreamOptions) {
  const readsColumns = accept.includes(statusColumns);
  return (
    event: RunEvent,
  ): { readonly event: RunEvent; readonly lines: () => readonly string[] } => {
    if (readsColumns && isLongStatus(event)) {
      const status = writeStatus(event, redact);
      const lines = () => status.columns ?? eventLines(status.event, requestId, accept);
      return { event: status.event, lines };
    }
    const redacted = redact.value(event);
    return { event: redacted, lines: () => eventLines(redacted, requestId, accept) };
  };
}

/** False if the reader has not caught up within the bound. */
function drained(out: Writable, ms: number): Promise<boolean> {
  return settledWithin(out, ["drain"], ms);
}

/** Ends the output; destroys it if that takes longer than the bound. */
async function finishWithin(out: Writable, ms: number): Promise<void> {
  if (out.destroyed) return;
  const done = settledWithin(out, ["finish"], ms);
  out.end();
  if (!(await done)) out.destroy();
}

/** True at the first of these events, or when the stream has closed; false after the bound. */
function settledWithin(out: Writable, events: readonly string[], ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const all = [...events, "close", "error"];
    const settle = (value: boolean): void => {
      clearTimeout(timer);
      for (const event of all) out.off(event, onEvent);
      resolve(value);
    };
    const onEvent = (): void => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    for (const event of all) out.on(event, onEvent);
  });
}
