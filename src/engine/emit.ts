import type { RunEvent } from "../protocol/events.ts";
import type { Hint } from "../protocol/hint.ts";
import type { EngineContext } from "./context.ts";
import { withoutSqlCommands } from "./store/hints.ts";

type Emitter = Pick<EngineContext, "emit" | "takesQueries">;

/** Emits an event; a disconnected reader is ignored. */
export async function emit(engine: Emitter, event: RunEvent): Promise<void> {
  try {
    await engine.emit(engine.takesQueries === false ? withoutQueries(event) : event);
  } catch {
    // The run is more important than its reader.
  }
}

/** The event without commands that would be refused. */
function withoutQueries(event: RunEvent): RunEvent {
  if ("failure" in event && event.failure !== undefined) {
    const { failure } = event;
    return { ...event, failure: { ...failure, hints: withoutSqlCommands(failure.hints) } };
  }
  return "hints" in event && event.hints !== undefined
    ? { ...event, hints: withoutSqlCommands(event.hints) }
    : event;
}

/** Emits a warning, with what can be done about it. */
export function warn(
  engine: Emitter,
  code: string,
  message: string,
  ...hints: Hint[]
): Promise<void> {
  return emit(engine, {
    ...{ type: "log", level: "warning", code, message },
    ...(hints.length > 0 && { hints }),
  });
}
