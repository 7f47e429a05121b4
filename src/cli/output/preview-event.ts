import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { isToRun } from "./run-view.ts";

/** What the answer to a dry run shows: migrations or seeds to run, versions to mark, or how metadata would change. */
export type PreviewEvent =
  EventOf<"plan"> | EventOf<"seed.plan"> | EventOf<"status"> | EventOf<"metadata.diff">;

const types: ReadonlySet<string> = new Set<PreviewEvent["type"]>([
  "plan",
  "seed.plan",
  "status",
  "metadata.diff",
]);

export function isPreview(event: RunEvent | UnknownEvent): event is PreviewEvent {
  return types.has(event.type);
}

/** True if there would be nothing to confirm. */
export function isNothingToDo(event: PreviewEvent): boolean {
  switch (event.type) {
    case "plan":
      return event.databases.every(({ items }) => items.length === 0);
    case "seed.plan":
      return event.databases.every(({ items }) => !items.some(isToRun));
    case "status":
      return event.databases.every(({ migrations }) => migrations.length === 0);
    case "metadata.diff":
      return event.changes.length === 0;
  }
}
