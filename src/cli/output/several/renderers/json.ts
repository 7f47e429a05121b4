import { exitCodeOf } from "../../../command-result.ts";
import type { CliContext } from "../../../context.ts";
import { jsonLine } from "../../json-line.ts";
import { runsInProgress, type Matrix, type MatrixColumn } from "../../matrix/matrix.ts";
import { jsonRenderer } from "../../renderers/json.ts";
import { EnvironmentViews, type EnvironmentView } from "../environment-view.ts";
import { memberRenderer } from "../member-renderer.ts";
import type { SeveralOptions, SeveralRenderer } from "../several-renderer.ts";

/** The objects of each environment as they arrive, and one that sums them up. */
export function severalJson(context: CliContext, options: SeveralOptions): SeveralRenderer {
  const write = (object: object): void => context.out.write(`${jsonLine(object)}\n`);
  const views = new EnvironmentViews(options.environments, options.operation, (env, change) => {
    if (change.type === "skipped") write({ type: "skipped", env, reason: change.reason });
  });
  return {
    views,
    member: (environment) =>
      memberRenderer({
        change: (change) => views.change(environment, change),
        now: context.now,
        inner: jsonRenderer(context, { ...options, environment }),
        holdsBack: () => false,
      }),
    waiting: () => undefined,
    stillWaiting: () => undefined,
    // There are no prompts with --json.
    preview: () => undefined,
    begin: () => undefined,
    finish: (result, report) => {
      if (report?.kind === "matrix") write(matrixObject(report.matrix));
      write({ type: "summary", exit: exitCodeOf(result), environments: views.all.map(summaryOf) });
    },
    close: () => undefined,
  };
}

/** The matrix with the cells of a row by environment. */
function matrixObject({ columns, rows }: Matrix): object {
  return {
    type: "matrix",
    environments: columns.map(environmentObject),
    rows: rows.map(({ cells, ...row }) => ({
      ...row,
      cells: Object.fromEntries(
        cells.map((cell, column) => [columns[column]?.environment ?? "", cell]),
      ),
    })),
  };
}

function environmentObject(column: MatrixColumn): object {
  const { environment, image, package: version, failure } = column;
  const inProgress = runsInProgress(column);
  return {
    env: environment,
    ...(image !== "" && { image }),
    ...(version !== undefined && { package: version }),
    ...(inProgress.length > 0 && { inProgress }),
    ...(failure !== undefined && { failure }),
  };
}

function summaryOf(view: EnvironmentView): object {
  const { environment, result, failure, reason, tookMs, applied } = view;
  return {
    env: environment,
    ...(result === undefined
      ? { result: "skipped", reason }
      : { result, exit: exitCodeOf(result) }),
    applied,
    ...(tookMs !== undefined && { tookMs }),
    ...(failure && { failure: { code: failure.code, message: failure.message } }),
  };
}
