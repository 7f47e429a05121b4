import type { Report } from "../../output/several/report.ts";
import type { EnvironmentView } from "../../output/several/environment-view.ts";
import type { ReportOptions } from "../environment-run.ts";
import { diffsFor } from "./diffs-for.ts";
import { matrixFor } from "./matrix-for.ts";
import { plansFor, type PlanSources } from "./plans-for.ts";

/** The report on all answers; undefined for an operation that has none. */
export async function reportFor(
  options: ReportOptions | undefined,
  views: readonly EnvironmentView[],
  from: PlanSources,
): Promise<Report | undefined> {
  switch (options?.kind) {
    case "matrix":
      return { kind: "matrix", matrix: await matrixFor(options.database, views, from) };
    case "plans":
      return { kind: "plans", plans: await plansFor(options.selection, views, from) };
    case "diffs":
      return { kind: "diffs", diffs: diffsFor(options.full, views) };
    case undefined:
      return undefined;
  }
}
