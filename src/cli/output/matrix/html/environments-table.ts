import { inProgressText } from "../../views/owner.ts";
import { runsInProgress, type Matrix, type MatrixColumn } from "../matrix.ts";
import { countLooks, looks, type Look } from "./cell-states.ts";
import { html } from "./html-text.ts";

/** What each environment runs, and how many migrations are in which state there; or why it is not known. */
export function environmentsTable({ columns, rows }: Matrix): string {
  const counts = columns.map((_, column) =>
    countLooks(rows.flatMap(({ cells }) => cells[column] ?? [])),
  );
  const shown = looks.filter(
    (look) => look.class === "a" || (look.class !== "q" && counts.some((count) => count.has(look))),
  );
  const heads = [
    ...["environment", "image", "hasura-migrate"].map((text) => `<th scope="col">${text}`),
    ...shown.map((look) => `<th scope="col" class="number">${html(look.short)}`),
  ];
  const lines = columns.map((column, i) =>
    environmentRow(
      column,
      shown.map((look) => [look, counts[i]?.get(look) ?? 0]),
    ),
  );
  return `<thead><tr>${heads.join("")}\n<tbody>\n${lines.join("\n")}`;
}

function environmentRow(
  column: MatrixColumn,
  counts: readonly (readonly [Look, number])[],
): string {
  const { environment, image, package: version, status, failure } = column;
  const name = `<th scope="row">${html(environment)}`;
  const isKnown = status !== undefined || version !== undefined;
  const runs = `<td>${html(image.replace(/^image /, ""))}<td>${html(version ?? "")}`;
  if (status === undefined) {
    const width = counts.length + (isKnown ? 0 : 2);
    const why = `<span>× ${html(failure ?? "no answer")}</span>`;
    return `<tr>${name}${isKnown ? runs : ""}<td class="failure" colspan="${width}">${why}`;
  }
  const numbers = counts.map(([look, count]) => {
    const name = count === 0 ? "zero" : look.class;
    return `<td class="number ${name}">${count}`;
  });
  const below = (look: string, text: string): string =>
    `\n<tr><td><td class="${look}" colspan="${counts.length + 2}"><span>${html(text)}</span>`;
  // It answered, and failed after that.
  const after = failure === undefined ? "" : below("failure", `× ${failure}`);
  const running = runsInProgress(column).map((run) => below("r", `… ${inProgressText(run)}`));
  return `<tr>${name}${runs}${numbers.join("")}${running.join("")}${after}`;
}
