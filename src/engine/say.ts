import type { RunEvent } from "../protocol/events.ts";
import type { EngineDeps } from "./engine-deps.ts";

/** Emits, and goes on when nobody takes it any more. */
export async function say(deps: Pick<EngineDeps, "emit">, event: RunEvent): Promise<void> {
  try {
    await deps.emit(event);
  } catch {
    // The run matters more than its listener.
  }
}

/** A line of warning. */
export function warn(deps: Pick<EngineDeps, "emit">, code: string, message: string): Promise<void> {
  return say(deps, { type: "log", level: "warning", code, message });
}
