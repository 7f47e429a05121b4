import {
  causesOf,
  shownObjects,
  type Failure,
  type MetadataRefusal,
  type Place,
  type SqlFailure,
} from "../../../protocol/failure.ts";
import type { FilePlace } from "../../../protocol/metadata-change.ts";
import type { Style } from "../terminal/colors.ts";
import { escapeControlsByLine } from "../terminal/escape-controls.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { spaces, textWidth, wrap } from "../terminal/width.ts";
import { codeFrameLines } from "./code-frame.ts";
import { hintLines } from "./hint.ts";
import { changeLines } from "./metadata-diff.ts";

export interface FailureViewOptions {
  readonly style: Style;
  /** No line but a command is wider; Infinity where there is no limit. */
  readonly columns: number;
  /** Adds the stack trace. */
  readonly debug?: boolean;
  /** The failure is shown below a row that names the migration. */
  readonly belowRow?: boolean;
}

/** What happened, why, and what to do next, each once. */
export function failureLines(failure: Failure, options: FailureViewOptions): Styled[] {
  const { style, columns, debug = false } = options;
  const { sql } = failure;
  // Many messages repeat the error that caused them.
  const isShown = (cause: string): boolean =>
    failure.message.includes(cause) || sql?.message === cause;
  return [
    ...headLines(failure, options),
    ...(sql ? sqlLines(sql, failure, options) : []),
    ...(failure.metadata ? metadataRefusalLines(failure.metadata, options) : []),
    ...causesOf(failure)
      .filter((cause) => !isShown(cause))
      // A program's output ends with a line break.
      .flatMap((cause) => labelled("  ", "why", cause.trimEnd(), options)),
    ...failure.hints.flatMap((hint) => hintLines(hint, columns)),
    ...(debug ? stackLines(failure, style) : []),
  ];
}

/** The objects because of which metadata was not applied, each with its reason and its file; or what others have changed. */
function metadataRefusalLines(
  { inconsistent = [], changes = [], refused, notShown }: MetadataRefusal,
  { style, columns }: FailureViewOptions,
): Styled[] {
  const placeOf = ({ file, line }: FilePlace): Styled =>
    style.dim(plain(`${file}:${String(line)}`));
  const objects = inconsistent
    .slice(0, shownObjects)
    .flatMap(({ name, reason, place }) => [
      ...wrap(`${name}: ${reason}`, columns - 6).map(
        (line, i) => styled`${spaces(i === 0 ? 4 : 6)}${line}`,
      ),
      ...(place ? [styled`      ${placeOf(place)}`] : []),
    ]);
  const refusedPlace = refused?.place ? [styled`    ${placeOf(refused.place)}`] : [];
  const left = notShown + Math.max(0, inconsistent.length - shownObjects);
  const more = left > 0 ? [plain(`    and ${left} more`)] : [];
  return [
    ...objects,
    ...refusedPlace,
    ...changeLines(changes, { style, columns, isFull: false }),
    ...more,
  ];
}

/**
 * The position of a failure that has been shown without it: file and line, the line with a caret, and how it was found; or the lines that
 * it can be.
 */
export function foundPlaceLines({ sql }: Failure, options: FailureViewOptions): Styled[] {
  const { style, columns } = options;
  const { file, place, places = [] } = sql ?? {};
  if (sql && place === undefined) return placeLines(places, columns);
  if (!sql || file === undefined || place === undefined) return [];
  return [
    styled`  ${plain(`${file}:${place.line}`)}`,
    ...(place.text ? codeFrameLines(place, "", style, columns) : []),
    ...labelled("    ", "where", howLocated(sql), options),
  ];
}

/**
 * The file whose statement the database refused, if the database's message is known: file and message then have their own lines.
 */
function refusedFile({ code, sql }: Failure): Styled | undefined {
  const isOfFile = code === "sql-failed" || code === "rehearsal-failed";
  if (!isOfFile || sql?.sqlstate === undefined || sql.file === undefined) return undefined;
  return plain(`${sql.file}${sql.place ? `:${sql.place.line}` : ""}`);
}

function headLines(
  failure: Failure,
  { style, columns, belowRow = false }: FailureViewOptions,
): Styled[] {
  const file = refusedFile(failure);
  if (file !== undefined && belowRow) return [styled`  ${file}`];
  const sign = signOf(failure, style);
  return escapeControlsByLine(file === undefined ? failure.message : `${file} failed`)
    .flatMap((line) => wrap(line, columns - 2))
    .map((line, i) => styled`${i === 0 ? sign : plain(" ")} ${line}`);
}

function signOf({ code, kind }: Failure, style: Style): Styled {
  if (code === "outcome-unknown") return style.yellow("!");
  return kind === "interrupted" || code === "declined" ? plain("·") : style.red("✗");
}

/** The database's error, and the line with a caret if the position is known; it is never guessed. */
function sqlLines(sql: SqlFailure, failure: Failure, options: FailureViewOptions): Styled[] {
  const { style, columns } = options;
  if (refusedFile(failure) === undefined) {
    // If Hasura hides the database's message, our message already contains everything Hasura does reveal.
    if (sql.file === undefined) return statementLines(sql, options);
    return failure.code === "sql-failed" && sql.sqlstate === undefined
      ? [
          styled`    ${style.dim("no SQLSTATE: this Hasura server hides the details of database errors")}`,
        ]
      : [];
  }
  const words = `${sql.sqlstate ?? ""} ${sql.message}`.trim();
  const wordLines = escapeControlsByLine(words)
    .flatMap((line) => wrap(line, columns - 4))
    .map((line) => styled`    ${style.red(line)}`);
  return [
    ...(sql.place?.text ? codeFrameLines(sql.place, words, style, columns) : wordLines),
    ...placeLines(sql.places ?? [], columns),
    ...labelled("    ", "where", howLocated(sql), options),
    ...labelled("    ", "detail", sql.detail, options),
    ...labelled("    ", "hint", sql.hint, options),
  ];
}

/** How a position was found, if the error does not report it. */
function howLocated({ located, secondTry }: SqlFailure): string | undefined {
  const words = [
    ...(located === "statement" ? ["in the statement that begins here"] : []),
    ...(secondTry === true
      ? ["found by running the file a second time; everything was rolled back"]
      : []),
  ];
  return words.length === 0 ? undefined : words.join(", ");
}

/** The position of an error in a statement that is not in a file; the message above gives the reason. */
function statementLines(sql: SqlFailure, options: FailureViewOptions): Styled[] {
  const { style, columns } = options;
  return [
    ...(sql.place?.text ? codeFrameLines(sql.place, "", style, columns) : []),
    ...placeLines(sql.places ?? [], columns),
    ...labelled("    ", "detail", sql.detail, options),
    ...labelled("    ", "hint", sql.hint, options),
  ];
}

/** The lines that the error can be in, each cut to one line of the terminal. */
function placeLines(places: readonly Place[], columns: number): Styled[] {
  const gutter = Math.max(0, ...places.map(({ line }) => String(line).length));
  const room = Math.min(columns, 160) - gutter - 7;
  return places.map(({ line, text }) => {
    const shown = plain(text.trim().replaceAll("\t", " "));
    const cut = textWidth(shown) > room ? styled`${wrap(shown, room - 1)[0] ?? plain("")}…` : shown;
    return styled`    ${plain(String(line).padStart(gutter))} │ ${cut}`;
  });
}

function labelled(
  indent: string,
  label: string,
  text: string | undefined,
  { style, columns }: FailureViewOptions,
): Styled[] {
  if (text === undefined) return [];
  const name = indent.length === 2 ? label : label.padEnd(6);
  const left = indent + name + "  ";
  return escapeControlsByLine(text)
    .flatMap((line) => wrap(line, columns - left.length))
    .map(
      (line, i) =>
        styled`${i === 0 ? styled`${plain(indent)}${style.dim(name)}  ` : spaces(left.length)}${line}`,
    );
}

function stackLines({ stack = "" }: Failure, style: Style): Styled[] {
  return stack
    .split("\n")
    .slice(1)
    .map((line) => style.dim(line));
}
