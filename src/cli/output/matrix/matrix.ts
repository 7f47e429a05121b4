import { compareVersions } from "../../../protocol/migration.ts";
import type { EventOf } from "../../../protocol/events.ts";
import type { RunInProgress, StatusRow } from "../../../protocol/status-rows.ts";
import type { LocalMigrations } from "../../project/image-drift.ts";

/** What one environment answered to `status`. */
export interface MatrixColumn {
  readonly environment: string;
  /** Commit and age of the image, as messages name it; empty where the build recorded neither. */
  readonly image: string;
  /** Version of hasura-migrate in the function; undefined where it did not answer. */
  readonly package: string | undefined;
  /** Undefined if it did not answer; `failure` then has the reason. */
  readonly status: EventOf<"status"> | undefined;
  readonly failure?: string | undefined;
}

/**
 * One migration in one environment. absent: it is not applied there, and its image has no file for it · no-answer: the
 * environment did not answer.
 */
export interface MatrixCell {
  readonly state: StatusRow["state"] | "absent" | "no-answer";
  readonly outOfOrder?: boolean;
  readonly appliedAt?: string;
  readonly appliedBy?: string;
  readonly branch?: string;
  readonly canRollBack?: true;
  /** For `changed`: the name of the other migration that is applied under the version. */
  readonly appliedAs?: string;
  readonly runId?: string;
}

export interface MatrixRow {
  readonly database: string;
  readonly version: string;
  /** Empty where no image and no project here has a file for it. */
  readonly name: string;
  /** Whether the project in the working directory has it; undefined without a project. */
  readonly here: boolean | undefined;
  /** In the order of the columns. */
  readonly cells: readonly MatrixCell[];
  /** Not cleanly applied in every environment that answered, or one of them lacks the local file. */
  readonly differs: boolean;
}

export interface Matrix {
  readonly columns: readonly MatrixColumn[];
  /** By database, then by version; one for each name, where different migrations have the same version. */
  readonly rows: readonly MatrixRow[];
}

/** Migrations by environments. `local` are those of the project in the working directory; `only` is the one database asked for. */
export function matrixOf(
  columns: readonly MatrixColumn[],
  local: LocalMigrations | undefined,
  only?: string,
): Matrix {
  const known = new Map<string, Found>();
  for (const [column, { status }] of columns.entries())
    for (const { database, migrations } of status?.databases ?? [])
      for (const row of migrations) add(known, { database, row, column });
  for (const [database, migrations] of local ?? [])
    if (only === undefined || only === database)
      for (const { version, name } of migrations) add(known, { database, row: { version, name } });
  const rows = withNames([...known.values()]).map((found) =>
    rowOf(found, columns, local !== undefined),
  );
  return {
    columns,
    rows: rows.toSorted(
      (a, b) =>
        compare(a.database, b.database) ||
        compareVersions(a.version, b.version) ||
        compare(a.name, b.name),
    ),
  };
}

/** A migration, and the rows that environments have for it by the number of their column. */
interface Found {
  readonly database: string;
  readonly version: string;
  readonly name: string;
  here: boolean;
  readonly rows: Map<number, StatusRow>;
}

type Addition = { readonly database: string } & (
  | { readonly row: StatusRow; readonly column: number }
  | { readonly row: Pick<StatusRow, "version" | "name">; readonly column?: undefined }
);

function add(known: Map<string, Found>, { database, ...addition }: Addition): void {
  const { version, name } = addition.row;
  const key = JSON.stringify([database, version, name]);
  const found = known.get(key) ?? { database, version, name, here: false, rows: new Map() };
  known.set(key, found);
  if (addition.column === undefined) found.here = true;
  else found.rows.set(addition.column, addition.row);
}

/** Rows without a name join the only migration of their version; where there are several, any of them may be meant. */
function withNames(found: readonly Found[]): Found[] {
  const byVersion = new Map<string, Found[]>();
  for (const each of found) {
    const key = JSON.stringify([each.database, each.version]);
    byVersion.set(key, [...(byVersion.get(key) ?? []), each]);
  }
  return [...byVersion.values()].flatMap((same) => {
    const nameless = same.find(({ name }) => name === "");
    const [only, ...others] = same.filter((each) => each !== nameless);
    if (nameless === undefined || only === undefined || others.length > 0) return same;
    return [{ ...only, rows: new Map([...nameless.rows, ...only.rows]) }];
  });
}

function rowOf(found: Found, columns: readonly MatrixColumn[], isProject: boolean): MatrixRow {
  const { database, version, name, here, rows } = found;
  const cells = columns.map(({ status }, column): MatrixCell => {
    const row = rows.get(column);
    if (row === undefined) return { state: status === undefined ? "no-answer" : "absent" };
    const { state, outOfOrder, appliedAt, appliedBy, branch, canRollBack, appliedAs, runId } = row;
    return {
      state,
      ...(outOfOrder && { outOfOrder }),
      ...(appliedAt !== undefined && { appliedAt }),
      ...(appliedBy !== undefined && { appliedBy }),
      ...(branch !== undefined && { branch }),
      ...(canRollBack && { canRollBack }),
      ...(appliedAs !== undefined && { appliedAs }),
      ...(runId !== undefined && { runId }),
    };
  });
  return {
    ...{ database, version, name, cells },
    here: isProject ? here : undefined,
    differs: cells.some(({ state }) => state !== "applied" && state !== "no-answer"),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The runs in progress in an environment, each once. */
export function runsInProgress({ status }: MatrixColumn): RunInProgress[] {
  const runs = (status?.databases ?? []).flatMap(({ inProgress = [] }) => inProgress);
  return [...new Map(runs.map((run) => [run.runId, run])).values()];
}

/** True where the environments differ from each other or from the project here, or are not simply up to date. */
export function hasDrift({ rows }: Matrix): boolean {
  return rows.some(({ differs }) => differs);
}
