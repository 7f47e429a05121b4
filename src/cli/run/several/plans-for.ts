import type { EventOf } from "../../../protocol/events.ts";
import { compareVersions } from "../../../protocol/migration.ts";
import type { OptionsOf } from "../../../protocol/operations.ts";
import {
  plannedRows,
  type EnvironmentPlan,
  type PlannedRow,
  type PlanReport,
} from "../../output/plans/plan-report.ts";
import { failureOf, planOf, type EnvironmentView } from "../../output/several/environment-view.ts";
import { filesLabel } from "../../output/views/banner.ts";
import {
  migrationsNotInImage,
  type LocalMigration,
  type LocalMigrations,
} from "../../project/image-drift.ts";
import type { ReadLocal } from "../compare-image.ts";
import { newFindings } from "./new-findings.ts";

type PlanOptions = OptionsOf<"plan">;

/** What a plan is made from besides the answers. */
export interface PlanSources {
  readonly readLocal: ReadLocal;
  readonly now: number;
  /** Of rules of `lint`, from the configuration. */
  readonly severities?: Parameters<typeof newFindings>[2];
}

/** The answers to `plan`, with the migrations here that run once they are deployed. */
export async function plansFor(
  options: PlanOptions,
  views: readonly EnvironmentView[],
  { readLocal, now, severities }: PlanSources,
): Promise<PlanReport> {
  const local = await readLocal().catch(() => undefined);
  const rowOf = newRows();
  const answers = views.map(async (view): Promise<EnvironmentPlan> => {
    const event = planOf(view);
    const { started } = view.run;
    const { environment } = view;
    const image = started ? filesLabel(started, now) : "";
    const isUploaded = started?.migrationSource === "upload";
    if (event === undefined || view.failure !== undefined)
      return { environment, image, isUploaded, rows: undefined, failure: failureOf(view) };
    const added = isUploaded ? [] : local && (await addedRows(local, event, { options, rowOf }));
    return {
      ...{ environment, image, isUploaded },
      rows: inOrder([...plannedRows(event), ...(added ?? [])]),
      isCompared: added !== undefined,
    };
  });
  const plans = await Promise.all(answers);
  const comparesProject = local !== undefined && plans.some(({ isUploaded }) => !isUploaded);
  const found = await findingsIn(plans, local, severities);
  return { plans: plans.map((plan) => withFindings(plan, found)), comparesProject };
}

type Findings = Awaited<ReturnType<typeof newFindings>>;

/** No function has examined the files that are new here: what `lint` finds in them is shown instead. */
async function findingsIn(
  plans: readonly EnvironmentPlan[],
  local: LocalMigrations | undefined,
  severities: PlanSources["severities"],
): Promise<Findings> {
  const added = plans.flatMap(({ rows = [] }) => rows.filter(({ isNew }) => isNew));
  const files = new Set(added.map(({ file }) => file));
  // The plan is of use without them, too.
  return local ? newFindings(local, files, severities).catch(() => new Map()) : new Map();
}

function withFindings(plan: EnvironmentPlan, found: Findings): EnvironmentPlan {
  if (plan.rows === undefined) return plan;
  const rows = plan.rows.map((row) =>
    row.isNew ? { ...row, impacts: found.get(row.file) ?? [] } : row,
  );
  return { ...plan, rows };
}

/** As they would run: databases in the order of the answer, and in each by version. */
function inOrder(rows: readonly PlannedRow[]): PlannedRow[] {
  const databases = [...new Set(rows.map(({ database }) => database))];
  return databases.flatMap((database) =>
    rows
      .filter((row) => row.database === database)
      .toSorted((a, b) => compareVersions(a.version, b.version)),
  );
}

type RowOf = (database: string, migration: LocalMigration) => Promise<PlannedRow | undefined>;

/** Undefined for a function that does not list its files. */
async function addedRows(
  local: LocalMigrations,
  event: EventOf<"plan">,
  { options, rowOf }: { readonly options: PlanOptions; readonly rowOf: RowOf },
): Promise<PlannedRow[] | undefined> {
  const missing = migrationsNotInImage(local, event, options.database);
  const rows = missing
    ?.filter(({ migration: { version } }) => isSelected(version, options))
    .map(async ({ database, migration }): Promise<PlannedRow[]> => {
      const row = await rowOf(database, migration);
      if (row === undefined) return [];
      const isLate = isUnbounded(options) && isOlderThanApplied(row, event);
      return [isLate ? { ...row, remarks: ["out-of-order", ...row.remarks] } : row];
    });
  return rows && (await Promise.all(rows)).flat();
}

function isSelected(version: string, { to, only }: PlanOptions): boolean {
  if (only !== undefined) return version === only;
  return to === undefined || compareVersions(version, to) <= 0;
}

function isUnbounded({ to, only, steps }: PlanOptions): boolean {
  return to === undefined && only === undefined && steps === undefined;
}

/** In the answer to an unbounded plan, the image's files that are not going to run are applied. */
function isOlderThanApplied({ database, version }: PlannedRow, event: EventOf<"plan">): boolean {
  const answered = event.databases.find((each) => each.database === database);
  const pending = new Set(answered?.items.map((item) => item.version));
  return (answered?.files ?? []).some(
    (file) => !pending.has(file) && compareVersions(file, version) > 0,
  );
}

/** Reads a migration here once, for however many environments lack it. Resolves to undefined for one that is not run. */
function newRows(): RowOf {
  const rows = new Map<LocalMigration, Promise<PlannedRow | undefined>>();
  return (database, migration) => {
    const known = rows.get(migration) ?? newRow(database, migration);
    rows.set(migration, known);
    return known;
  };
}

async function newRow(
  database: string,
  { version, name, up }: LocalMigration,
): Promise<PlannedRow | undefined> {
  if (up?.runnable !== true) return undefined;
  const row = { database, version, name, file: up.path, isNew: true };
  try {
    const { sql, blank, directives } = await up.body();
    return {
      ...row,
      sql,
      remarks: [
        ...(directives.noTransaction ? (["no-transaction"] as const) : []),
        ...(blank ? (["empty"] as const) : []),
      ],
    };
  } catch (thrown) {
    const unreadable = thrown instanceof Error ? thrown.message : String(thrown);
    return { ...row, remarks: [{ unreadable }] };
  }
}
