import type { DatabaseStatus, EventOf, StatusRow } from "../../../protocol/events.ts";
import type { Style } from "../terminal/colors.ts";
import { escapeControls, truncate, padEnd, textWidth } from "../format.ts";

const signs: Readonly<Record<StatusRow["state"], string>> = {
  applied: "✓",
  pending: "·",
  unknown: "?",
  changed: "≠",
  dirty: "!",
  interrupted: "!",
  running: "…",
};
const words: Readonly<Record<StatusRow["state"], string>> = {
  applied: "applied",
  pending: "pending",
  unknown: "unknown: applied, but its file is not here",
  changed: "changed: the file differs from what was applied",
  dirty: "dirty: a run broke off",
  interrupted: "interrupted: a run broke off",
  running: "running now",
};
/** Applied rows above this many are counted, not listed. */
const mostApplied = 20;

/** The whole answer to `status`: a heading a database, then its rows, no wider than `columns`. */
export function statusLines(status: EventOf<"status">, style: Style, columns: number): string[] {
  if (status.databases.length === 0) return ["There are no databases."];
  return status.databases.flatMap((database, i) => [
    ...(i > 0 ? [""] : []),
    heading(database, style),
    ...rows(database, style, columns),
  ]);
}

/** True when anything is not simply applied: what `--check` asks. */
export function differs(status: EventOf<"status">): boolean {
  return status.databases.some(({ migrations }) =>
    migrations.some(({ state }) => state !== "applied"),
  );
}

function heading({ database, kind, migrations }: DatabaseStatus, style: Style): string {
  const counts = Object.keys(signs)
    .map((state) => ({ state, count: migrations.filter((row) => row.state === state).length }))
    .filter(({ count, state }) => count > 0 || state === "applied")
    .map(({ state, count }) => `${count} ${state}`);
  return `${style.bold(escapeControls(database))} (${kind}): ${counts.join(", ")}`;
}

function rows({ migrations }: DatabaseStatus, style: Style, columns: number): string[] {
  const applied = migrations.filter(({ state }) => state === "applied");
  const hidden = new Set(applied.slice(0, Math.max(0, applied.length - mostApplied)));
  const shown = migrations.filter((row) => !hidden.has(row));
  const versionWidth = Math.max(0, ...shown.map(({ version }) => version.length));
  const nameWidth = Math.max(0, ...shown.map(({ name }) => textWidth(escapeControls(name))));
  const older = hidden.size > 0 ? [style.dim(`  … ${hidden.size} older ones applied`)] : [];
  return [
    ...older,
    ...shown.map((row) => rowLine(row, { versionWidth, nameWidth, columns }, style)),
  ];
}

function rowLine(
  row: StatusRow,
  widths: { versionWidth: number; nameWidth: number; columns: number },
  style: Style,
): string {
  const word = widths.columns < 90 ? row.state : words[row.state];
  const room = Math.max(8, widths.columns - 2 - 2 - widths.versionWidth - 2 - 2 - word.length);
  const nameWidth = Math.min(widths.nameWidth, room);
  const color =
    row.state === "applied" ? style.green : row.state === "pending" ? style.dim : style.yellow;
  return `  ${color(signs[row.state])} ${row.version.padStart(widths.versionWidth)}  ${padEnd(truncate(row.name, nameWidth), nameWidth)}  ${color(word)}`;
}
