import { blockedBy, lockModes } from "../../../lint/lock.ts";
import type { EventOf } from "../../../protocol/events.ts";
import { duration, plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { textWidth, wrap } from "../terminal/width.ts";
import { nameColumn } from "./name-column.ts";

type Rehearsal = EventOf<"rehearsal">;

/** A row: a migration that ran, failed, or was not run. */
interface RehearsalRow {
  readonly version: string;
  readonly name: string;
  readonly sign: Styled;
  readonly end: string;
  readonly below: readonly Styled[];
}

/** The result of `plan --rehearse` for one database. */
export function rehearsalLines(event: Rehearsal, style: Style, columns: number): Styled[] {
  const rows = rowsOf(event, style, columns);
  const width = Math.max(0, ...rows.map(({ name }) => textWidth(name)));
  return [
    ...wrap(plain(headingOf(event)), columns),
    ...rows.flatMap(({ version, name, sign, end, below }) => [
      ...wrap(styled`${plain(version)}${nameColumn(name, width)}  ${plain(end)}`, columns - 4).map(
        (line, i) => styled`  ${i === 0 ? sign : plain(" ")} ${line}`,
      ),
      ...below,
    ]),
  ];
}

/** `default: 2 migrations were run and rolled back in 120 ms`. */
function headingOf({ database, migrations, failed, tookMs }: Rehearsal): string {
  const count = migrations.length + (failed ? 1 : 0);
  if (count === 0) return `${database}: no migration was rehearsed`;
  return `${database}: ${plural(count, "migration")} ${count === 1 ? "was" : "were"} run and rolled back in ${duration(tookMs)}`;
}

function rowsOf(
  { migrations, failed, notRun }: Rehearsal,
  style: Style,
  columns: number,
): RehearsalRow[] {
  return [
    ...migrations.map((migration) => ({
      ...migration,
      sign: style.green("✓"),
      end: duration(migration.tookMs),
      below: migration.locks.flatMap((lock) => lockLines(lock, columns)),
    })),
    ...(failed ? [{ ...failed, sign: style.red("✗"), end: "failed", below: [] }] : []),
    ...notRun.map(({ reason, ...migration }) => ({
      ...migration,
      ...{ sign: plain("·"), end: `not run: ${reason}`, below: [] },
    })),
  ];
}

/** The weaker locks of queries are left out: they block almost nothing. */
function lockLines(
  { relation, mode }: Rehearsal["migrations"][number]["locks"][number],
  columns: number,
): Styled[] {
  const known = lockModes.find((other) => other === mode);
  if (known === undefined) return [];
  const text = plain(`${relation}: ${mode}, blocks ${blockedBy(known)}`);
  return wrap(text, columns - 6).map((line) => styled`      ${line}`);
}
