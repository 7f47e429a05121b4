import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";

/** What the answer to a dry run shows: migrations to run, versions to mark, or how metadata would change. */
export type PreviewEvent = EventOf<"plan"> | EventOf<"status"> | EventOf<"metadata.diff">;

export function isPreview(event: RunEvent | UnknownEvent): event is PreviewEvent {
  return event.type === "plan" || event.type === "status" || event.type === "metadata.diff";
}

/** True if there would be nothing to confirm. */
export function isNothingToDo(event: PreviewEvent): boolean {
  switch (event.type) {
    case "plan":
      return event.databases.every(({ items }) => items.length === 0);
    case "status":
      return event.databases.every(({ migrations }) => migrations.length === 0);
    case "metadata.diff":
      return event.changes.length === 0;
  }
}
