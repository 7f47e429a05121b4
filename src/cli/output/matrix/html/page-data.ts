import { escapeControls } from "../../terminal/escape-controls.ts";
import type { Matrix, MatrixColumn } from "../matrix.ts";
import { Dictionary, encodeCells } from "./cell-details.ts";
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
    columns: [
      ...(isHere ? [{ name: "here", note: "The project in the working directory" }] : []),
      ...environments,
    ],
  };
}

/** When the first migration was applied anywhere, in epoch seconds. */
function originOf(rows: Matrix["rows"]): number {
  const least = rows
    .flatMap(({ cells }) => cells)
    .reduce((first, { appliedAt }) => {
      return appliedAt === undefined ? first : Math.min(first, Date.parse(appliedAt));
    }, Infinity);
  return Number.isFinite(least) ? Math.floor(least / 1000) : 0;
}

function noteText({ image, package: version, failure }: MatrixColumn): string {
  const runs = version === undefined ? "" : `hasura-migrate ${version}`;
  return [image, runs, failure ?? ""].filter((part) => part !== "").join(" · ");
}
