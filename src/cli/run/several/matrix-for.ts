import { matrixOf, type Matrix, type MatrixColumn } from "../../output/matrix/matrix.ts";
import {
  failureOf,
  statusOf,
  type EnvironmentView,
} from "../../output/several/environment-view.ts";
import { filesLabel } from "../../output/views/banner.ts";
import type { ReadLocal } from "../compare-image.ts";

/** The answers to `status` as one matrix; `database` is the only one that was asked about. */
export async function matrixFor(
  database: string | undefined,
  views: readonly EnvironmentView[],
  { readLocal, now }: { readonly readLocal: ReadLocal; readonly now: number },
): Promise<Matrix> {
  // What was uploaded, with --from or by the configuration, may be of another project than the one here.
  const isUploaded = views.some(({ run }) => run.started?.migrationSource === "upload");
  const local = isUploaded ? undefined : await readLocal().catch(() => undefined);
  return matrixOf(
    views.map((view) => columnOf(view, now)),
    local,
    database,
  );
}

function columnOf(view: EnvironmentView, now: number): MatrixColumn {
  const { started } = view.run;
  const failure = failureOf(view);
  return {
    environment: view.environment,
    image: started ? filesLabel(started, now) : "",
    package: started?.function.package,
    status: statusOf(view),
    ...(failure !== undefined && { failure }),
  };
}
