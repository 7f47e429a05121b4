import { Failure } from "../../../protocol/failure.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import type { StatementLocks, VerifyEvent, VerifyProblem } from "../../../protocol/verification.ts";
import { duration, plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { textWidth, truncate, wrap } from "../terminal/width.ts";
import { failureLines } from "../views/failure.ts";

export interface VerifyLook {
  readonly style: Style;
  /** Infinity if lines are not wrapped. */
  readonly columns: number;
}

type Started = Extract<VerifyEvent, { type: "verify.started" }>;
type Migration = Extract<VerifyEvent, { type: "verify.migration" }>;
type Order = Extract<VerifyEvent, { type: "verify.order" }>;
type Metadata = Extract<VerifyEvent, { type: "verify.metadata" }>;
type Finished = Extract<VerifyEvent, { type: "verify.finished" }>;

/** Which server, and how much there is to do. */
export function startedLines(event: Started, { style }: VerifyLook): Styled[] {
  return [
    style.dim(event.server),
    ...event.databases.map(({ database, migrations, checked }) =>
      plain(
        `${database}: ${plural(migrations, "migration")}${checked === migrations ? "" : `, ${checked} to check`}`,
      ),
    ),
  ];
}

/** The row of a migration or of another check, followed by its problems. `several`: there is more than one database. */
export function resultLines(
  event: Migration | Order | Metadata,
  several: boolean,
  look: VerifyLook,
): Styled[] {
  switch (event.type) {
    case "verify.migration":
      return migrationLines(event, several, look);
    case "verify.order":
      return orderLines(event, several, look);
    case "verify.metadata":
      return metadataLines(event, several, look);
  }
}

/** A migration's row, followed by its problems. */
function migrationLines(event: Migration, several: boolean, look: VerifyLook): Styled[] {
  const { database, tookMs, problems, locks = [] } = event;
  const { style, columns } = look;
  const label = `${several ? `${database}  ` : ""}${migrationLabel(event, "  ")}`;
  const end = plain(duration(tookMs));
  const room = columns - textWidth(end) - 4;
  const name = room === Infinity ? plain(label) : truncate(label, Math.max(20, room));
  return [
    styled`${signOf(event, style)} ${name}  ${style.dim(end)}`,
    ...problems.flatMap((problem) => problemLines(problem, { belowRow: true }, look)),
    ...locks.flatMap((statement) => lockLines(statement, look)),
  ];
}

function signOf({ state, problems }: Migration, style: Style): Styled {
  if (state === "failed") return style.red("✗");
  return problems.length > 0 ? style.yellow("!") : style.green("✓");
}

/** The result of applying the migrations out of order. */
function orderLines(event: Order, several: boolean, look: VerifyLook): Styled[] {
  const { database, state, migrations, tookMs, problems } = event;
  const { style } = look;
  const what = `${several ? `${database}: ` : ""}${plural(migrations, "migration")} applied after all others`;
  const sign = state === "ok" ? style.green("✓") : style.red("✗");
  const end = state === "ok" ? ": the same schema" : "";
  return [
    styled`${sign} ${plain(what + end)}  ${style.dim(duration(tookMs))}`,
    ...problems.flatMap((problem) => problemLines(problem, { belowRow: true }, look)),
  ];
}

/** The result of comparing the metadata with the database. */
function metadataLines(event: Metadata, several: boolean, look: VerifyLook): Styled[] {
  const { database, state, tookMs, problems, reason = "" } = event;
  const { style } = look;
  const what = `${several ? `${database}: ` : ""}metadata`;
  if (state === "skipped") return [styled`· ${plain(`${what} not compared: ${reason}`)}`];
  const sign = state === "ok" ? style.green("✓") : style.red("✗");
  const end = state === "ok" ? ": consistent" : ` does not match the database`;
  return [
    styled`${sign} ${plain(what + end)}  ${style.dim(duration(tookMs))}`,
    ...problems.flatMap((problem) => problemLines(problem, { belowRow: true }, look)),
  ];
}

/** The problems, indented. A failure has the same sign as its row. */
export function problemLines(
  problem: VerifyProblem,
  { belowRow }: { readonly belowRow: boolean },
  { style, columns }: VerifyLook,
): Styled[] {
  const { severity, message, differences = [], sql } = problem;
  const place = placeOf(problem);
  const sign = belowRow ? plain(" ") : severity === "error" ? style.red("✗") : style.yellow("!");
  const indent = belowRow ? "  " : "";
  const room = columns - indent.length - 2;
  const head = wrap(place === undefined ? message : `${place}: ${message}`, room).map(
    (line, i) => styled`${plain(indent)}${i === 0 ? sign : plain(" ")} ${line}`,
  );
  return [
    ...(isSaidBySql(problem) ? [] : head),
    ...differences.flatMap((each) =>
      wrap(each, room - 2).map((line) => styled`${plain(indent)}    ${line}`),
    ),
    ...(sql
      ? failureLines(new Failure("migration", "sql-failed", message, { sql }), {
          style,
          columns: columns - 2,
          belowRow: true,
        }).map((line) => styled`  ${line}`)
      : []),
  ];
}

/** `metadata/actions.yaml:3:5`, where the position is known. */
function placeOf({ file, line, column }: VerifyProblem): string | undefined {
  return file === undefined || line === undefined
    ? undefined
    : [file, line, ...(column === undefined ? [] : [column])].join(":");
}

/** True if the file and the database's error make the message redundant. */
function isSaidBySql({ code, sql }: VerifyProblem): boolean {
  return sql?.file !== undefined && (code === "up-failed" || code === "down-failed");
}

/** One statement and its locks, the strongest first. */
function lockLines({ line, statement, locks }: StatementLocks, look: VerifyLook): Styled[] {
  const { style, columns } = look;
  const words = locks.map(
    ({ table, mode, rewritten }) => `${mode} ${table}${rewritten ? " (rewritten)" : ""}`,
  );
  const head = `${line}  ${statement}`;
  return [
    styled`    ${style.dim(columns === Infinity ? head : truncate(head, columns - 5))}`,
    ...words.map((each) => styled`      ${plain(each)}`),
  ];
}

/** The last line. */
export function finishedLine(event: Finished, checked: number, { style }: VerifyLook): Styled {
  const { ok, errors, warnings, notReached, tookMs } = event;
  const parts = [
    checked === 0 ? "nothing to verify" : `${ok} of ${checked} verified`,
    errors === 0 ? "" : plural(errors, "error"),
    warnings === 0 ? "" : plural(warnings, "warning"),
    notReached === 0 ? "" : `${notReached} not reached`,
  ].filter((part) => part !== "");
  const text = `${parts.join(", ")} in ${duration(tookMs)}`;
  return errors === 0 ? plain(text) : style.red(text);
}
