import type { EventOf } from "../../../protocol/events.ts";
import type { DatabaseStatus, StatusRow } from "../../../protocol/status-rows.ts";
import { plural, timeAgo } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { evidenceLines } from "./in-doubt.ts";
import { inProgressText, otherMigrationText, withoutFileText } from "./owner.ts";
import { textWidth, truncate, wrap } from "../terminal/width.ts";
import { nameColumn } from "./name-column.ts";

const signs: Readonly<Record<StatusRow["state"], string>> = {
  applied: "✓",
  pending: "·",
  unknown: "?",
  changed: "≠",
  dirty: "!",
  interrupted: "!",
  running: "…",
};
const descriptions: Readonly<Record<StatusRow["state"], string>> = {
  applied: "applied",
  pending: "pending",
  unknown: "unknown: applied, but without a migration file",
  changed: "changed: the file differs from what was applied",
  dirty: "dirty: a previous run was interrupted",
  interrupted: "interrupted: a previous run did not finish it",
  running: "running now",
};
/** Applied rows beyond this many are counted instead of listed. */
const maxApplied = 20;

/** How a status is shown. `now` in epoch milliseconds; `columns` is Infinity where nothing is cut. */
export interface StatusLook {
  readonly style: Style;
  readonly columns: number;
  readonly now: number;
}

/** The result of `status`: a heading for each database, then its rows, no wider than `columns`. */
export function statusLines(status: EventOf<"status">, look: StatusLook): Styled[] {
  // The dry run of `mark` or `baseline` has only the versions that it is about.
  const isPreview = status.fingerprint !== undefined;
  if (status.databases.length === 0) return isPreview ? [] : [plain("There are no databases.")];
  return status.databases.flatMap((database, i) => [
    ...(i > 0 ? [plain("")] : []),
    isPreview ? previewHeading(database, look.style) : heading(database, look.style),
    ...inProgressLines(database, look),
    ...rows(database, look),
  ]);
}

function heading({ database, kind, migrations }: DatabaseStatus, style: Style): Styled {
  const counts = Object.keys(signs)
    .map((state) => ({ state, count: migrations.filter((row) => row.state === state).length }))
    .filter(({ count, state }) => count > 0 || state === "applied")
    .map(({ state, count }) => `${count} ${state}`);
  const late = migrations.filter(({ outOfOrder }) => outOfOrder).length;
  if (late > 0) counts.push(`${late} out of order`);
  return styled`${style.bold(database)} ${plain(`(${kind}): ${counts.join(", ")}`)}`;
}

function previewHeading({ database, kind, migrations }: DatabaseStatus, style: Style): Styled {
  const versions = plural(migrations.length, "version");
  return styled`${style.bold(database)} ${plain(`(${kind}): ${versions} would be recorded`)}`;
}

function inProgressLines(
  { inProgress = [] }: DatabaseStatus,
  { style, columns }: StatusLook,
): Styled[] {
  return inProgress.flatMap((run) =>
    wrap(inProgressText(run), columns - 4).map((line, i) =>
      style.yellow(`  ${i === 0 ? signs.running : " "} ${truncate(line, columns - 4)}`),
    ),
  );
}

function rows({ migrations }: DatabaseStatus, look: StatusLook): Styled[] {
  const { style, columns } = look;
  const applied = migrations.filter(({ state }) => state === "applied");
  const hidden = new Set(applied.slice(0, Math.max(0, applied.length - maxApplied)));
  const shown = migrations.filter((row) => !hidden.has(row));
  const versionWidth = Math.max(0, ...shown.map(({ version }) => version.length));
  const nameWidth = Math.max(0, ...shown.map(({ name }) => textWidth(name)));
  const older = hidden.size > 0 ? [style.dim(`  … ${hidden.size} older ones, all applied`)] : [];
  return [
    ...older,
    ...shown.flatMap((row) => [
      rowLine(row, { versionWidth, nameWidth, columns }, style),
      ...ownerLine(row, look),
      ...evidenceLines(row, style, columns),
    ]),
  ];
}

function rowLine(
  row: StatusRow,
  widths: { versionWidth: number; nameWidth: number; columns: number },
  style: Style,
): Styled {
  const word = stateText(row, widths.columns < 90);
  const room = Math.max(8, widths.columns - 2 - 2 - widths.versionWidth - 2 - 2 - word.length);
  const nameWidth = Math.min(widths.nameWidth, room);
  const color =
    row.state === "applied" ? style.green : row.state === "pending" ? style.dim : style.yellow;
  return styled`  ${color(signs[row.state])} ${plain(row.version.padStart(widths.versionWidth))}${nameColumn(row.name, nameWidth)}  ${color(word)}`;
}

/** Who applied a migration that the project does not have, and whether it can be rolled back if its version has no file. */
function ownerLine(row: StatusRow, { style, columns, now }: StatusLook): Styled[] {
  if (row.state !== "unknown" && row.appliedAs === undefined) return [];
  const textOf = row.appliedAs === undefined ? withoutFileText : otherMigrationText;
  const text = textOf(row, (instant) => timeAgo(instant, now));
  return wrap(text, columns - 7).map((line) => style.dim(`      ${truncate(line, columns - 7)}`));
}

function stateText({ state, outOfOrder, differsFromImage }: StatusRow, narrow: boolean): string {
  return [
    narrow ? state : descriptions[state],
    ...(outOfOrder ? ["out of order"] : []),
    ...(differsFromImage ? ["differs from the image"] : []),
  ].join(", ");
}
