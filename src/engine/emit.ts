import type { RunEvent } from "../protocol/events.ts";
import type { Hint } from "../protocol/hint.ts";
import type { EngineContext } from "./context.ts";

/** Emits an event; a disconnected reader is ignored. */
export async function emit(engine: Pick<EngineContext, "emit">, event: RunEvent): Promise<void> {
  try {
    await engine.emit(event);
  } catch {
    // The run is more important than its reader.
  }
}

/** Emits a warning, with what can be done about it. */
export function warn(
  engine: Pick<EngineContext, "emit">,
  code: string,
  message: string,
  ...hints: Hint[]
): Promise<void> {
  return emit(engine, {
    ...{ type: "log", level: "warning", code, message },
    ...(hints.length > 0 && { hints }),
  });
}
