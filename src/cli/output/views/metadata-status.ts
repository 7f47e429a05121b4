import type { EventOf } from "../../../protocol/events.ts";
import type { InconsistentSince, LastReplacement } from "../../../protocol/metadata-change.ts";
import { localTime, plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { styled, type Styled } from "../terminal/styled.ts";
import { spaces, wrap } from "../terminal/width.ts";
import { shortRun } from "./history.ts";

/** The answer to `metadata status`: what is inconsistent and since when, and the last replacement. */
export function metadataStatusLines(
  event: EventOf<"metadata.status">,
  style: Style,
  columns: number,
): Styled[] {
  const heading = `metadata (resource version ${event.resourceVersion}): ${consistencyText(event)}`;
  return [
    ...wrap(heading, columns).map(style.bold),
    ...event.inconsistent.flatMap((object) => objectLines(object, style, columns)),
    ...(event.replaced ? wrap(replacedText(event.replaced), columns).map(style.dim) : []),
  ];
}

/** `consistent`, or `2 objects are inconsistent`. */
export function consistencyText({ inconsistent }: EventOf<"metadata.status">): string {
  if (inconsistent.length === 0) return "consistent";
  return `${plural(inconsistent.length, "object")} ${inconsistent.length === 1 ? "is" : "are"} inconsistent`;
}

function objectLines(
  { name, reason, since }: EventOf<"metadata.status">["inconsistent"][number],
  style: Style,
  columns: number,
): Styled[] {
  const indented = (text: string, first: number, more: number): Styled[] =>
    wrap(text, columns - more).map((line, i) => styled`${spaces(i === 0 ? first : more)}${line}`);
  return [
    ...indented(`${name}: ${reason}`, 2, 4),
    ...(since ? indented(sinceText(since), 4, 4).map(style.dim) : []),
  ];
}

function sinceText(since: InconsistentSince): string {
  const when = localTime(since.at);
  switch (since.relation) {
    case "since-run":
      return `since ${when}, by ${runText(since)}`;
    case "before-run":
      return `first recorded on ${when} by ${runText(since)}`;
    case "after-run":
      return `became inconsistent after ${when}, when ${runText(since)} last recorded the state`;
  }
}

function replacedText(replaced: LastReplacement): string {
  const kept = replaced.canRestore
    ? "metadata restore puts back the previous metadata"
    : "the previous metadata was not kept";
  return `last replaced on ${localTime(replaced.at)} by ${runText(replaced)}; ${kept}`;
}

/** `ada's run 0199a7c0-0000 (metadata-apply)`. */
function runText({ runId, user, operation }: InconsistentSince | LastReplacement): string {
  const run = `run ${shortRun(runId)}`;
  return `${user === undefined ? run : `${user}'s ${run}`}${operation === undefined ? "" : ` (${operation})`}`;
}
