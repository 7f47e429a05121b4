import type { HistoryRow } from "../../protocol/history-row.ts";
import type { CliContext } from "../context.ts";
import { duration } from "../output/format.ts";

const defaultRepeatMs = 30_000;

/** What a live run is doing, and for how long. */
export function activityOf(
  { activity, startedAt }: HistoryRow,
  now: number,
): [news: string, detail: string] {
  const what = activity === undefined ? "" : `: ${activity}`;
  return [`still running${what}`, `, ${duration(now - Date.parse(startedAt))}`];
}

/** Shows changes immediately, and repeats an unchanged state from time to time. */
export function newsReporter({
  now,
  waiting,
  repeatMs = defaultRepeatMs,
}: {
  readonly now: CliContext["now"];
  readonly waiting: (text: string) => void;
  readonly repeatMs?: number;
}): (news: string, detail?: string) => void {
  let last = { news: "", at: 0 };
  return (news, detail = "") => {
    if (news === last.news && now() - last.at < repeatMs) return;
    last = { news, at: now() };
    waiting(news + detail);
  };
}
