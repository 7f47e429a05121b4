import { otherMigrationText } from "../../views/owner.ts";
import type { Matrix, MatrixCell, MatrixRow } from "../matrix.ts";
import { countLooks, lookOf, looks } from "./cell-states.ts";
import { html } from "./html-text.ts";

/** What the signs mean that occur; the page's script makes switches of them. */
export function legend({ rows }: Matrix): string {
  const counts = countLooks(rows.flatMap(({ cells }) => cells));
  return looks
    .filter((look) => counts.has(look))
    .map(
      ({ class: name, sign, meaning }) =>
        `<li><span><i class="${name}">${sign}</i>${html(meaning)}</span>`,
    )
    .join("\n");
}

/** A row for each migration, a column for each environment, and one for the project in the working directory. */
export function matrixTable({ rows, columns }: Matrix): string {
  const hasHere = rows.some(({ here }) => here !== undefined);
  const heads = [
    '<th scope="col">Migration',
    ...(hasHere ? ['<th scope="col" class="h">here'] : []),
    ...columns.map(({ environment, status }) => {
      const failed = status === undefined ? ' class="failed"' : "";
      return `<th scope="col"${failed}>${html(environment)}`;
    }),
  ];
  const databases = byDatabase(rows);
  const bodies = [...databases].map(([database, own]) => {
    const heading = `<tr><th class="database" scope="rowgroup" colspan="${heads.length}">${html(database)}\n`;
    return `<tbody>\n${databases.size > 1 ? heading : ""}${own.map(rowHtml).join("\n")}`;
  });
  return `<thead><tr>${heads.join("")}\n${bodies.join("\n")}`;
}

function rowHtml({ version, name, here, cells, differs }: MatrixRow): string {
  const label = `<th scope="row"><b>${html(version)}</b>${name === "" ? "" : ` ${html(name)}`}`;
  const local = here === undefined ? "" : here ? '<td class="a h">✓' : '<td class="n h">−';
  return `<tr${differs ? ' class="d"' : ""}>${label}${local}${cells.map(cellHtml).join("")}`;
}

/** Applied cells, which are most, have no class; `o`: out of order, `k`: without a file, but can be rolled back. */
function cellHtml(cell: MatrixCell): string {
  const { class: name, sign } = lookOf(cell);
  if (cell.state === "unknown") return `<td class="${name}${cell.canRollBack ? " k" : ""}">${sign}`;
  if (cell.outOfOrder === true) return `<td class="${name} o">${sign}`;
  if (cell.appliedAs !== undefined) {
    const title = otherMigrationText({ appliedAs: cell.appliedAs }, () => undefined);
    return `<td class="${name}" title="${html(title)}">${sign}`;
  }
  return name === "a" ? `<td>${sign}` : `<td class="${name}">${sign}`;
}

function byDatabase(rows: readonly MatrixRow[]): ReadonlyMap<string, MatrixRow[]> {
  const databases = new Map<string, MatrixRow[]>();
  for (const row of rows) {
    const own = databases.get(row.database) ?? [];
    databases.set(row.database, own);
    own.push(row);
  }
  return databases;
}
