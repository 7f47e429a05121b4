import { causesOf, type Failure, type SqlFailure } from "../../protocol/failure.ts";
import type { Style } from "./style.ts";
import { clean, cleanLines, columnsOf } from "./words.ts";

/** What happened, why, and what to type next. Stack traces only where they were asked for. */
export function failureLines(failure: Failure, style: Style, debug = false): string[] {
  const sign = failure.code === "outcome-unknown" ? style.yellow("!") : failure.kind === "interrupted" ? "·" : style.red("✗");
  return [
    ...cleanLines(failure.message).map((line, i) => `${i === 0 ? sign : " "} ${line}`),
    ...(failure.sql ? sqlLines(failure.sql, style) : []),
    ...causesOf(failure)
      .filter((cause) => cause !== failure.message && cause !== failure.sql?.message)
      .flatMap((cause) => cleanLines(cause))
      .map((line) => `  ${style.dim("why")}  ${line}`),
    ...failure.hints.map((hint) => `  → ${clean(hint)}`),
    ...(debug ? (failure.stack ?? "").split("\n").slice(1) : []),
  ];
}

/** The database's words, and the line with a caret where the place is known; it is never guessed. */
export function sqlLines(sql: SqlFailure, style: Style): string[] {
  const words = `${sql.sqlstate === undefined ? "" : `${sql.sqlstate} `}${sql.message}`;
  const file = sql.file === undefined ? [] : [`  ${clean(sql.file)}${sql.place ? `:${sql.place.line}` : ""}`];
  return [
    ...file,
    ...(sql.place ? placeLines(sql.place, words, style) : cleanLines(words).map((line) => `    ${style.red(line)}`)),
    ...labelled("detail", sql.detail, style),
    ...labelled("hint", sql.hint, style),
    ...(sql.sqlstate === undefined ? [`    ${style.dim("no SQLSTATE: this Hasura hides the details of database errors")}`] : []),
  ];
}

function placeLines(place: NonNullable<SqlFailure["place"]>, words: string, style: Style): string[] {
  const number = String(place.line);
  // Columns count characters as PostgreSQL does, not what a reader takes for one; the terminal's columns follow from them.
  const before = Array.from(place.text.replace(/\t/g, " "))
    .slice(0, place.column - 1)
    .join("");
  const [first = "", ...rest] = cleanLines(words);
  return [
    `    ${number} │ ${clean(place.text.replace(/\t/g, " "))}`,
    `    ${" ".repeat(number.length)} │ ${" ".repeat(columnsOf(clean(before)))}${style.red(`^ ${first}`)}`,
    ...rest.map((line) => `    ${" ".repeat(number.length)} │ ${line}`),
  ];
}

function labelled(label: string, text: string | undefined, style: Style): string[] {
  return text === undefined ? [] : cleanLines(text).map((line, i) => `    ${i === 0 ? style.dim(label.padEnd(6)) : "      "}  ${line}`);
}
