import assert from "node:assert/strict";
import type { EngineContext } from "../../../src/engine/context.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { scriptedHasura } from "./scripted-hasura.ts";

/** An engine without a project and stores, for parts that need neither; what it emits is kept. */
export function engineOf(
  more: Partial<EngineContext> = {},
): EngineContext & { readonly events: RunEvent[] } {
  const events: RunEvent[] = [];
  return {
    hasura: scriptedHasura(),
    project: () => assert.fail("no project is read"),
    openStore: () => assert.fail("no store is opened"),
    now: () => 0,
    sleep: () => assert.fail("nothing sleeps"),
    random: () => 0.5,
    emit: (event) => void events.push(event),
    stop: new AbortController().signal,
    remainingMs: () => 900_000,
    ...more,
    events,
  };
}

/** The warnings among events, as `code: message`. */
export function warningsOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "log" && event.level === "warning" ? [`${event.code}: ${event.message}`] : [],
  );
}
