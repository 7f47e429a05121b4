import { migrationLabel } from "../../../protocol/migration.ts";
import { plural, timeAgo } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, textWidth, truncate, wrap } from "../terminal/width.ts";
import { appliedAsText, inProgressText, otherMigration, withoutFileText } from "../views/owner.ts";
import { runsInProgress, type Matrix, type MatrixCell, type MatrixRow } from "./matrix.ts";

type CellState = MatrixCell["state"];

/** One character for each state, so that nothing depends on colours. */
export const cellSigns: Readonly<Record<CellState, string>> = {
  applied: "✓",
  pending: "·",
  running: "…",
  changed: "≠",
  dirty: "!",
  interrupted: "!",
  unknown: "?",
  absent: "−",
  "no-answer": "×",
};

/** The meaning of a sign, for the legend. */
export const cellMeanings: Readonly<Record<CellState, string>> = {
  applied: "applied",
  pending: "pending",
  running: "running",
  changed: "changed: the file differs from what was applied",
  dirty: "interrupted",
  interrupted: "interrupted",
  unknown: "applied, without a migration file",
  absent: "not in the image",
  "no-answer": "no answer",
};

export interface MatrixTextOptions {
  readonly style: Style;
  /** Width of the terminal; Infinity if nothing is truncated. */
  readonly columns: number;
  /** Include rows that are the same everywhere. */
  readonly full: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Names keep at least this many columns next to the signs. */
const minNameWidth = 8;
/** Versions are cut to their last digits where the terminal is narrow. */
const shortVersionWidth = 7;

/** Migrations by environments, as wide as there is room for. */
export function matrixLines(matrix: Matrix, options: MatrixTextOptions): Styled[] {
  const shown = options.full ? matrix.rows : matrix.rows.filter(({ differs }) => differs);
  const same = sameText(matrix, shown.length);
  const hidden = same === undefined ? [] : [options.style.dim(truncate(same, options.columns))];
  const running = inProgressLines(matrix, options);
  if (shown.length === 0) return [...running, ...hidden];
  const layout = layoutFor(matrix, shown, options.columns);
  if (layout === undefined) return [...running, ...countLines(matrix, options), ...hidden];
  const databases = new Set(shown.map(({ database }) => database));
  return [
    ...running,
    ...headerLines(matrix, layout, options),
    ...[...databases].flatMap((database) => [
      ...(databases.size > 1 ? [options.style.bold(truncate(database, options.columns))] : []),
      ...shown
        .filter((row) => row.database === database)
        .map((row) => rowLine(row, layout, options.style)),
    ]),
    ...hidden,
    ...legendLines(shown, options),
    ...explanations(matrix, shown, options),
  ];
}

/** The line about omitted rows when only `shown` rows are shown; undefined if nothing is known to be the same. */
export function sameText({ rows, columns }: Matrix, shown: number): string | undefined {
  const same = rows.length - shown;
  const answered = columns.filter(({ status }) => status !== undefined).length;
  if (same === 0 || answered === 0) return undefined;
  const noun = shown === 0 ? "migration" : "other migration";
  const where = answered === columns.length ? "everywhere" : "in every environment that answered";
  return `${plural(same, noun)} ${same === 1 ? "is" : "are"} applied ${where}`;
}

interface Layout {
  readonly versionWidth: number;
  readonly nameWidth: number;
  /** Heading of each column; numbers where the names do not fit. */
  readonly headings: readonly string[];
  /** A column for the project in the working directory comes first. */
  readonly here: boolean;
  readonly numbered: boolean;
}

/** The widest layout that fits: names as headings, numbers as headings, and then less of the version and no names. */
function layoutFor(
  { columns: environments }: Matrix,
  rows: readonly MatrixRow[],
  columns: number,
): Layout | undefined {
  const here = rows.some((row) => row.here !== undefined);
  const names = [...(here ? ["here"] : []), ...environments.map((column) => column.environment)];
  const numbers = names.map((name, i) => (here && i === 0 ? "h" : String(here ? i : i + 1)));
  const version = Math.max(...rows.map((row) => row.version.length));
  const name = Math.max(...rows.map((row) => textWidth(row.name)));
  const widthOf = (headings: readonly string[]): number =>
    headings.reduce((sum, heading) => sum + 2 + textWidth(heading), 0);
  const forms = [
    { headings: names, numbered: false, versionWidth: version, least: minNameWidth },
    { headings: numbers, numbered: true, versionWidth: version, least: minNameWidth },
    { headings: numbers, numbered: true, versionWidth: version, least: 0 },
    {
      headings: numbers,
      numbered: true,
      versionWidth: Math.min(version, shortVersionWidth),
      least: 0,
    },
  ];
  for (const { least, ...form } of forms) {
    const room = columns - form.versionWidth - widthOf(form.headings) - (least > 0 ? 2 : 0);
    if (room < least) continue;
    return { ...form, here, nameWidth: least === 0 ? 0 : Math.min(name, room) };
  }
  return undefined;
}

function headerLines(
  { columns: environments }: Matrix,
  { headings, versionWidth, nameWidth, numbered, here }: Layout,
  { style, columns }: MatrixTextOptions,
): Styled[] {
  const legend = environments.map(({ environment }, i) => `${i + 1} ${environment}`);
  const numbers = numbered ? flow([...(here ? ["h here"] : []), ...legend], columns) : [];
  const left = " ".repeat(versionWidth + (nameWidth > 0 ? 2 + nameWidth : 0));
  return [...numbers, style.bold(`${left}${headings.map((text) => `  ${text}`).join("")}`)];
}

function rowLine(row: MatrixRow, layout: Layout, style: Style): Styled {
  const { versionWidth, nameWidth, headings, here } = layout;
  const version =
    row.version.length > versionWidth
      ? `…${row.version.slice(1 - versionWidth)}`
      : row.version.padStart(versionWidth);
  const name =
    nameWidth > 0 ? styled`  ${padEnd(truncate(row.name, nameWidth), nameWidth)}` : plain("");
  const signs = [
    ...(here ? [row.here ? plain("✓") : style.yellow("−")] : []),
    ...row.cells.map((cell) => cellSign(cell, style)),
  ];
  const cells = signs.reduce<Styled>((line, sign, i) => {
    const width = textWidth(headings[i] ?? "");
    return styled`${line}  ${sign}${plain(" ".repeat(Math.max(0, width - 1)))}`;
  }, plain(""));
  return styled`${plain(version)}${name}${cells}`;
}

function cellSign({ state }: MatrixCell, style: Style): Styled {
  const sign = cellSigns[state];
  if (state === "applied") return style.green(sign);
  if (state === "pending" || state === "running") return style.dim(sign);
  return state === "no-answer" ? style.red(sign) : style.yellow(sign);
}

/** The meaning of the signs that occur. */
function legendLines(rows: readonly MatrixRow[], { style, columns }: MatrixTextOptions): Styled[] {
  const order = Object.keys(cellSigns);
  const states = [...new Set(rows.flatMap(({ cells }) => cells.map(({ state }) => state)))].sort(
    (a, b) => order.indexOf(a) - order.indexOf(b),
  );
  const meanings = new Map(states.map((state) => [cellSigns[state], cellMeanings[state]]));
  const entries = [...meanings].map(([sign, meaning]) => `${sign} ${meaning}`);
  return [plain(""), ...flow(entries, columns).map(style.dim)];
}

/** As many entries in a line as fit. One that is longer than a line continues indented. */
function flow(entries: readonly string[], columns: number): Styled[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const longer = [...(lines.length > 0 ? [lines.at(-1)] : []), entry].join("   ");
    if (textWidth(longer) <= columns) lines.splice(-1, 1, longer);
    else lines.push(entry);
  }
  return lines.flatMap((line) =>
    textWidth(line) <= columns
      ? [plain(line)]
      : wrap(line, columns - 2).map((part, i) => (i === 0 ? part : styled`  ${part}`)),
  );
}

/** If no table fits: what is not applied, by environment. */
function countLines(matrix: Matrix, { columns }: MatrixTextOptions): Styled[] {
  return matrix.columns.flatMap(({ environment }, column) => {
    const counts = new Map<string, number>();
    for (const { cells } of matrix.rows) {
      const state = cells[column]?.state;
      if (state === undefined || state === "applied") continue;
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    const words = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
    return wrap(`${environment}: ${words === "" ? "all applied" : words}`, columns);
  });
}

/** The runs in progress: `dev-3: apply by ada on laptop is running, started 12.0 s ago (run 0193…)`. */
function inProgressLines(
  { columns: environments }: Matrix,
  { style, columns }: MatrixTextOptions,
): Styled[] {
  return environments.flatMap((column) =>
    runsInProgress(column).flatMap((run) =>
      wrap(`${column.environment}: ${inProgressText(run)}`, columns).map((line) =>
        style.yellow(truncate(line, columns)),
      ),
    ),
  );
}

/** At most this many cells are listed below each heading; the rest are counted. */
const mostExplained = 8;

/** What the signs do not say, such as `dev-3 1700000000200 add_coupons: ada, branch add-coupons, 3 days ago; can be rolled back`. */
function explanations(
  matrix: Matrix,
  rows: readonly MatrixRow[],
  { style, columns, now }: MatrixTextOptions,
): Styled[] {
  return explainedCells(matrix, rows, (instant) => timeAgo(instant, now))
    .flatMap(({ heading, cells }) => {
      const more = cells.length - mostExplained;
      return [
        "",
        ...wrap(`${heading}:`, columns),
        ...cells
          .slice(0, mostExplained)
          .flatMap(({ environment, row, about }) =>
            wrap(`${environment} ${migrationLabel(row, " ")}: ${about}`, columns - 4).map(
              (line, i) => `${i === 0 ? "  " : "    "}${line}`,
            ),
          ),
        ...(more > 0 ? [`  … and ${more} more; --json and --html list all`] : []),
      ];
    })
    .map((line) => (line === "" ? plain("") : style.dim(truncate(line, columns))));
}

interface Explained {
  readonly heading: string;
  readonly cells: readonly {
    readonly environment: string;
    readonly row: MatrixRow;
    readonly about: string;
  }[];
}

/**
 * Cells that need more words than their sign, with what is known about each: versions without a file (`withoutFileText`), and those
 * of another migration (`appliedAsText`).
 */
export function explainedCells(
  { columns }: Matrix,
  rows: readonly MatrixRow[],
  timeText: (instant: string) => string | undefined,
): Explained[] {
  const all = rows.flatMap((row) =>
    row.cells.flatMap((cell, column) => {
      const environment = columns[column]?.environment;
      return environment === undefined ? [] : [{ environment, row, cell }];
    }),
  );
  const explained = (
    heading: string,
    isMeant: (cell: MatrixCell) => boolean,
    text: (cell: MatrixCell, time: typeof timeText) => string,
  ): Explained => ({
    heading,
    cells: all
      .filter(({ cell }) => isMeant(cell))
      .map(({ environment, row, cell }) => ({ environment, row, about: text(cell, timeText) })),
  });
  return [
    explained(cellMeanings.unknown, ({ state }) => state === "unknown", withoutFileText),
    explained(otherMigration, ({ appliedAs }) => appliedAs !== undefined, appliedAsText),
  ].filter(({ cells }) => cells.length > 0);
}
