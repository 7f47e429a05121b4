import { migrationLabel } from "../../../protocol/migration.ts";
import { markdownCell, markdownTable } from "../markdown/markdown-text.ts";
import type { Matrix, MatrixRow } from "./matrix.ts";
import { cellMeanings, cellSigns, ownedCells, sameText } from "./matrix-text.ts";

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
    "",
    ...(shown.length > 0
      ? [markdownTable(heads, rows), "", legend.join(" · "), ...ownerList(matrix, shown)]
      : []),
    ...(same === undefined ? [] : ["", `${same}.`]),
    "",
  ].join("\n");
}

/** Who applied the versions without a file. */
function ownerList(matrix: Matrix, rows: readonly MatrixRow[]): string[] {
  const owned = ownedCells(matrix, rows, (instant) => instant.slice(0, 10));
  if (owned.length === 0) return [];
  return [
    "",
    `${cellMeanings.unknown}:`,
    "",
    ...owned.map(({ environment, row, owner }) =>
      markdownCell(`- ${environment} ${migrationLabel(row, " ")}: ${owner}`),
    ),
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
