import type { DiffReport } from "../../output/diffs/diff-markdown.ts";
import { failureOf, type EnvironmentView } from "../../output/several/environment-view.ts";

/** The answers to `metadata diff`. */
export function diffsFor(full: boolean, views: readonly EnvironmentView[]): DiffReport {
  const diffs = views.map((view) => {
    const { environment, results } = view;
    const [event] = results.flatMap((each) => (each.type === "metadata.diff" ? [each] : []));
    return event === undefined || view.failure !== undefined
      ? { environment, event: undefined, failure: failureOf(view) }
      : { environment, event };
  });
  return { diffs, full };
}
