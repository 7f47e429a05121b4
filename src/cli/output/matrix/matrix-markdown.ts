import { migrationLabel } from "../../../protocol/migration.ts";
import { markdownCell, markdownTable } from "../markdown/markdown-text.ts";
import { inProgressText } from "../views/owner.ts";
import { runsInProgress, type Matrix, type MatrixRow } from "./matrix.ts";
import { cellMeanings, cellSigns, explainedCells, sameText } from "./matrix-text.ts";

/** At most this many cells are listed below each heading; the rest are counted. */
const mostExplained = 50;

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
      ? [markdownTable(heads, rows), "", legend.join(" · "), ...explanations(matrix, shown)]
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

/** What the signs do not say: who applied the versions without a file, and which other migrations are applied. */
function explanations(matrix: Matrix, rows: readonly MatrixRow[]): string[] {
  return explainedCells(matrix, rows, (instant) => instant.slice(0, 10)).flatMap(
    ({ heading, cells }) => {
      const more = cells.length - mostExplained;
      return [
        "",
        `${heading}:`,
        "",
        ...cells
          .slice(0, mostExplained)
          .map(({ environment, row, about }) =>
            markdownCell(`- ${environment} ${migrationLabel(row, " ")}: ${about}`),
          ),
        ...(more > 0 ? [`- … and ${String(more)} more`] : []),
      ];
    },
  );
}

function environmentTable({ columns }: Matrix): string {
  return markdownTable(
    ["environment", "image", "hasura-migrate", ""],
    columns.map(({ environment, image, package: version = "", failure = "" }) => [
      ...[environment, image, version, failure],
    ]),
  );
}
