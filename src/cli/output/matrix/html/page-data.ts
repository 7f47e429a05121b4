import { escapeControls } from "../../terminal/escape-controls.ts";
import type { Matrix, MatrixColumn } from "../matrix.ts";
import { Dictionary, encodeCells } from "./cell-details.ts";
import { rollbackText } from "../../views/owner.ts";
import { looks } from "./cell-states.ts";

/** What the page's script shows of a cell, beyond its sign. */
export function pageData({ rows, columns }: Matrix): object {
  const isHere = rows.some(({ here }) => here !== undefined);
  const shared = { origin: originOf(rows), people: new Dictionary(), runs: new Dictionary() };
  const environments = columns.map((column, i) => ({
    name: escapeControls(column.environment),
    note: escapeControls(noteText(column)),
    cells: encodeCells(
      rows.flatMap(({ cells }) => cells[i] ?? []),
      shared,
    ),
  }));
  return {
    origin: shared.origin,
    people: shared.people.texts.map(escapeControls),
    runs: shared.runs.texts.map(escapeControls),
    states: Object.fromEntries(looks.map((look) => [look.class, look.meaning])),
    rollbackTexts: { kept: rollbackText({ canRollBack: true }), lost: rollbackText({}) },
    columns: [
      ...(isHere ? [{ name: "here", note: "The project in the working directory" }] : []),
      ...environments,
    ],
  };
}

/** Some time that the others are near to, in epoch seconds. */
function originOf(rows: Matrix["rows"]): number {
  for (const { cells } of rows)
    for (const { appliedAt } of cells)
      if (appliedAt !== undefined) return Math.floor(Date.parse(appliedAt) / 1000);
  return 0;
}

function noteText({ image, package: version, failure }: MatrixColumn): string {
  const runs = version === undefined ? "" : `hasura-migrate ${version}`;
  return [image, runs, failure ?? ""].filter((part) => part !== "").join(" · ");
}
