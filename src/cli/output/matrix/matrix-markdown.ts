import { migrationLabel } from "../../../protocol/migration.ts";
import { markdownCell, markdownTable } from "../markdown/markdown-text.ts";
import { inProgressText } from "../views/owner.ts";
import { runsInProgress, type Matrix, type MatrixRow } from "./matrix.ts";
import { cellMeanings, cellSigns, cellsWithoutFile, sameText } from "./matrix-text.ts";

/** At most this many versions without a file are listed; the rest are counted. */
const mostOwned = 50;

/** Migrations by environments as Markdown, for a pull request or a job's page. */
export function matrixMarkdown(matrix: Matrix, full: boolean): string {
  const shown = full ? matrix.rows : matrix.rows.filter(({ differs }) => differs);
  const same = sameText(matrix, shown.length);
  const several = new Set(matrix.rows.map(({ database }) => database)).size > 1;
  const here = matrix.rows.some((row) => row.here !== undefined);
  const heads = [
    ...(several ? ["database"] : []),
    "version",
    "name",
    ...(here ? ["here"] : []),
    ...matrix.columns.map(({ environment }) => environment),
  ];
  const states = new Set(shown.flatMap(({ cells }) => cells.map(({ state }) => state)));
  const rows = shown.map((row) => [
    ...(several ? [row.database] : []),
    row.version,
    row.name,
    ...(here ? [row.here ? "✓" : "−"] : []),
    ...row.cells.map(({ state }) => cellSigns[state]),
  ]);
  const legend = [...states].map((state) => `${cellSigns[state]} ${cellMeanings[state]}`);
  return [
    environmentTable(matrix),
    ...inProgressList(matrix),
    "",
    ...(shown.length > 0
      ? [markdownTable(heads, rows), "", legend.join(" · "), ...ownerList(matrix, shown)]
      : []),
    ...(same === undefined ? [] : ["", `${same}.`]),
    "",
  ].join("\n");
}

/** The runs in progress. */
function inProgressList({ columns }: Matrix): string[] {
  const runs = columns.flatMap((column) =>
    runsInProgress(column).map((run) =>
      markdownCell(`- ${column.environment}: ${inProgressText(run)}`),
    ),
  );
  return runs.length === 0 ? [] : ["", ...runs];
}

/** Who applied the versions without a file, and whether they can be rolled back. */
function ownerList(matrix: Matrix, rows: readonly MatrixRow[]): string[] {
  const owned = cellsWithoutFile(matrix, rows, (instant) => instant.slice(0, 10));
  if (owned.length === 0) return [];
  const more = owned.length - mostOwned;
  return [
    "",
    `${cellMeanings.unknown}:`,
    "",
    ...owned
      .slice(0, mostOwned)
      .map(({ environment, row, about }) =>
        markdownCell(`- ${environment} ${migrationLabel(row, " ")}: ${about}`),
      ),
    ...(more > 0 ? [`- … and ${String(more)} more`] : []),
  ];
}

function environmentTable({ columns }: Matrix): string {
  return markdownTable(
    ["environment", "image", "hasura-migrate", ""],
    columns.map(({ environment, image, package: version = "", failure = "" }) => [
      ...[environment, image, version, failure],
    ]),
  );
}
