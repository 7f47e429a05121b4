import { causesOf, type Failure, type SqlFailure } from "../../../protocol/failure.ts";
import type { Hint } from "../../../protocol/hint.ts";
import { hintParts, hintText } from "../hints.ts";
import { codeFrameLines } from "./code-frame.ts";
import type { Style } from "../terminal/colors.ts";
import { escapeControls, escapeControlsByLine, textWidth, wrap } from "../format.ts";

export interface FailureViewOptions {
  readonly style: Style;
  /** No line but a command is wider; Infinity where nothing has a width. */
  readonly columns: number;
  readonly debug?: boolean;
  /** The card stands below a row that says which migration failed. */
  readonly below?: boolean;
}

/** What happened, why, and what to type next, each said once. Stack traces only where they were asked for. */
export function failureLines(failure: Failure, options: FailureViewOptions): string[] {
  const { style, columns, debug = false } = options;
  const { sql } = failure;
  return [
    ...headLines(failure, options),
    ...(sql ? sqlLines(sql, failure, options) : []),
    ...causesOf(failure)
      .filter((cause) => cause !== failure.message && cause !== sql?.message)
      .flatMap((cause) => labelled("  ", "why", cause, options)),
    ...failure.hints.flatMap((hint) => hintLines(hint, columns)),
    ...(debug
      ? (failure.stack ?? "")
          .split("\n")
          .slice(1)
          .map((line) => style.dim(line))
      : []),
  ];
}

/** A statement's failure says `FILE failed: WORDS` in one sentence, for those who have only that; here they have lines of their own. */
function isSentence(failure: Failure, sql: SqlFailure): boolean {
  const state = sql.sqlstate === undefined ? "" : ` (SQLSTATE ${sql.sqlstate})`;
  return sql.file !== undefined && failure.message === `${sql.file} failed: ${sql.message}${state}`;
}

function headLines(
  failure: Failure,
  { style, columns, below = false }: FailureViewOptions,
): string[] {
  const sign =
    failure.code === "outcome-unknown"
      ? style.yellow("!")
      : failure.kind === "interrupted"
        ? "·"
        : style.red("✗");
  const { sql } = failure;
  const place = sql && isSentence(failure, sql) ? placeOf(sql) : undefined;
  if (place !== undefined && below) return [`  ${place}`];
  const message = place === undefined ? failure.message : `${place} failed`;
  return escapeControlsByLine(message)
    .flatMap((line) => wrap(line, columns - 2))
    .map((line, i) => `${i === 0 ? sign : " "} ${line}`);
}

function placeOf({ file, place }: SqlFailure): string {
  return `${escapeControls(file ?? "")}${place ? `:${place.line}` : ""}`;
}

/** What the headline does not say: the file, the database's words, and the line with a caret where the place is known; it is never guessed. */
function sqlLines(sql: SqlFailure, failure: Failure, options: FailureViewOptions): string[] {
  const { style, columns } = options;
  const known = isSentence(failure, sql) ? placeOf(sql) : failure.message;
  const words = `${sql.sqlstate === undefined ? "" : `${sql.sqlstate} `}${sql.message}`;
  const repeats = known.includes(sql.message) && known.includes(sql.sqlstate ?? "");
  const alone = repeats
    ? []
    : escapeControlsByLine(words).flatMap((line) => wrap(line, columns - 4));
  return [
    ...(sql.file === undefined || known.includes(placeOf(sql)) ? [] : [`  ${placeOf(sql)}`]),
    ...(sql.place
      ? codeFrameLines(sql.place, words, style, columns)
      : alone.map((line) => `    ${style.red(line)}`)),
    ...labelled("    ", "detail", sql.detail, options),
    ...labelled("    ", "hint", sql.hint, options),
    ...(sql.sqlstate === undefined
      ? [`    ${style.dim("no SQLSTATE: this Hasura hides the details of database errors")}`]
      : []),
  ];
}

function labelled(
  indent: string,
  label: string,
  text: string | undefined,
  { style, columns }: FailureViewOptions,
): string[] {
  if (text === undefined) return [];
  const name = indent.length === 2 ? label : label.padEnd(6);
  const left = indent + name + "  ";
  return escapeControlsByLine(text)
    .flatMap((line) => wrap(line, columns - left.length))
    .map(
      (line, i) => `${i === 0 ? `${indent}${style.dim(name)}  ` : " ".repeat(left.length)}${line}`,
    );
}

/** One hint, wrapped. A command that does not fit beside its reason has a line of its own, whole: a break would spoil pasting. */
function hintLines(hint: Hint, columns: number): string[] {
  const room = columns - 4;
  const whole = escapeControls(hintText(hint));
  const { command, reason } = hintParts(hint);
  const lines =
    command === undefined
      ? wrap(whole, room)
      : reason === undefined || textWidth(whole) <= room
        ? [whole]
        : [...wrap(escapeControls(`${reason}:`), room), escapeControls(command)];
  return lines.map((line, i) => `  ${i === 0 ? "→" : " "} ${line}`);
}
