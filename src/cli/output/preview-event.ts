import type { EventOf, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import { isToRun } from "./run-view.ts";

/** What the answer to a dry run shows: migrations or seeds to run, versions to mark, how metadata would change, or its state. */
export type PreviewEvent =
  | PlanPreview
  | EventOf<"seed.plan">
  | EventOf<"status">
  | EventOf<"metadata.diff">
  | EventOf<"metadata.status">;

const types: ReadonlySet<string> = new Set<PreviewEvent["type"]>([
  "plan",
  "seed.plan",
  "status",
  "metadata.diff",
  "metadata.status",
]);

/** A plan, and the changes of the metadata that is deployed with it. */
export type PlanPreview = EventOf<"plan"> & {
  readonly metadata?: EventOf<"metadata.diff"> | undefined;
};

/** What a dry run has shown so far: the plan of a deployment follows the differences of its metadata. */
export function previewAfter(
  shown: PreviewEvent | undefined,
  event: RunEvent | UnknownEvent,
): PreviewEvent | undefined {
  if (!isPreview(event)) return shown;
  return event.type === "plan" && shown?.type === "metadata.diff"
    ? { ...event, metadata: shown }
    : event;
}

export function isPreview(event: RunEvent | UnknownEvent): event is PreviewEvent {
  return types.has(event.type);
}

/** The fingerprint that a confirmation refers to; undefined if nothing could change before it. */
export function fingerprintIn(event: PreviewEvent): string | undefined {
  return "fingerprint" in event ? event.fingerprint : undefined;
}

/** True if there would be nothing to confirm. */
export function isNothingToDo(event: PreviewEvent): boolean {
  switch (event.type) {
    case "plan":
      return (
        event.databases.every(({ items }) => items.length === 0) &&
        (event.metadata === undefined || event.metadata.changes.length === 0)
      );
    case "seed.plan":
      return event.databases.every(({ items }) => !items.some(isToRun));
    case "status":
      return event.databases.every(({ migrations }) => migrations.length === 0);
    case "metadata.diff":
      return event.changes.length === 0;
    case "metadata.status":
      return false;
  }
}
