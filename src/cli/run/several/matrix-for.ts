import { matrixOf, type Matrix, type MatrixColumn } from "../../output/matrix/matrix.ts";
import { statusOf, type EnvironmentView } from "../../output/several/environment-view.ts";
import { imageLabel } from "../../output/views/banner.ts";
import type { ReadLocal } from "../compare-image.ts";
import type { OperationSpec } from "../environment-run.ts";

/** The answers to `status` as one matrix; undefined for any other operation. */
export async function matrixFor(
  { operation, options }: OperationSpec,
  views: readonly EnvironmentView[],
  { readLocal, now }: { readonly readLocal: ReadLocal; readonly now: number },
): Promise<Matrix | undefined> {
  if (operation !== "status") return undefined;
  const local = await readLocal().catch(() => undefined);
  const only = "database" in options ? options.database : undefined;
  return matrixOf(
    views.map((view) => columnOf(view, now)),
    local,
    only,
  );
}

function columnOf(view: EnvironmentView, now: number): MatrixColumn {
  const { started } = view.run;
  const failure = view.failure?.message ?? view.reason;
  return {
    environment: view.environment,
    image: started ? imageLabel(started, now) : "",
    package: started?.function.package,
    status: statusOf(view),
    ...(failure !== undefined && { failure }),
  };
}
