import { lockModes } from "../../../protocol/lock-modes.ts";
import type { EventOf } from "../../../protocol/events.ts";
import type { LockSession } from "../../../protocol/lock-session.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import { duration, plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { truncate, wrap } from "../terminal/width.ts";

/** The result of `locks` for one database: the sessions that hold locks, those that wait, and how to end a holder. */
export function locksLines(
  { database, sessions, notShown }: EventOf<"locks">,
  style: Style,
  columns: number,
): Styled[] {
  const waiting = sessions.filter(({ waitsFor }) => waitsFor !== undefined).length;
  const heading = styled`${style.bold(database)}${plain(`: ${waitingText(waiting)}`)}`;
  const more = notShown === 0 ? [] : [plain(`  and ${plural(notShown, "more session")}`)];
  return [
    heading,
    ...sessions.flatMap((session) => sessionLines(session, style, columns)),
    ...more,
    ...endLines(sessions, columns),
  ];
}

/** `2 sessions wait for a lock`. */
export function waitingText(waiting: number): string {
  if (waiting === 0) return "no session waits for a lock";
  return `${plural(waiting, "session")} ${waiting === 1 ? "waits" : "wait"} for a lock`;
}

function sessionLines(session: LockSession, style: Style, columns: number): Styled[] {
  const holds = session.waitsFor === undefined;
  const sign = holds ? style.yellow("!") : plain("…");
  const [first = plain(""), ...others] = wrap(headOf(session), columns - 4);
  const details = [...waitTexts(session)].flatMap((text) => wrap(text, columns - 6));
  // A migration's file is surrounded by the ledger's SQL; its name is more useful.
  const sent = session.migration === undefined ? (session.query ?? "") : "";
  const query = sent.replaceAll(/\s+/g, " ").trim();
  return [
    styled`  ${sign} ${first}`,
    ...others.map((line) => styled`    ${line}`),
    ...details.map((line) => styled`      ${line}`),
    ...(query === "" ? [] : [styled`      ${style.dim(truncate(query, columns - 6))}`]),
  ];
}

/** `4711 1700000000100 add_discounts, "psql", user alice, idle in transaction, transaction open for 42 s`. */
function headOf(session: LockSession): string {
  const { pid, migration, seed, application, user, process, state, openMs } = session;
  if (pid === 0) return "a prepared transaction (see pg_prepared_xacts)";
  const facts = [
    migration && `migration ${migrationLabel(migration, " ")}`,
    seed && `seed ${seed}`,
    application && JSON.stringify(application),
    user && `user ${user}`,
    process,
    state,
    openMs === undefined ? undefined : `transaction open for ${duration(openMs)}`,
    state === undefined && openMs === undefined && process === undefined
      ? "only members of pg_monitor can see its statement"
      : undefined,
  ].filter((fact) => fact !== undefined && fact !== "");
  return [`session ${String(pid)}`, ...facts].join(", ");
}

/** The lock that a session waits for, and the sessions that hold it. */
function waitTexts({ waitsFor, blockedBy }: LockSession): string[] {
  if (waitsFor === undefined) return [];
  const { mode, kind, object, waitedMs } = waitsFor;
  const waits = waitedMs === undefined ? "waits" : `has waited ${duration(waitedMs)}`;
  const holders = blockedBy.map(
    ({ pid, holds }) =>
      `${pid === 0 ? "a prepared transaction" : `session ${String(pid)}`}${holds === undefined ? "" : ` (${modeText(holds)})`}`,
  );
  return [
    `${waits} for ${modeText(mode)} on ${objectText(kind, object)}`,
    ...(holders.length === 0 ? [] : [`behind ${holders.join(", ")}`]),
  ];
}

/** As SQL writes it; the event has it as `pg_locks` lists it. */
function modeText(mode: string): string {
  return lockModes.get(mode) ?? mode;
}

function objectText(kind: string, object: string | undefined): string {
  if (kind === "relation" && object !== undefined) return object;
  const row = "a row that another transaction changed";
  if (kind === "transactionid" || kind === "tuple")
    return object === undefined ? row : `${row}, in ${object}`;
  return object === undefined ? kind : `${kind} of ${object}`;
}

/** The statements that end the sessions at the head of the queue. */
function endLines(sessions: readonly LockSession[], columns: number): Styled[] {
  const holders = sessions.filter(
    ({ pid, waitsFor, process }) => pid !== 0 && waitsFor === undefined && process === undefined,
  );
  if (holders.length === 0) return [];
  const words = `To end ${holders.length === 1 ? "that session" : "such a session"} and roll back its transaction, as a database administrator:`;
  return [
    ...wrap(words, columns),
    ...holders.map(({ pid }) => plain(`  SELECT pg_terminate_backend(${String(pid)});`)),
  ];
}
