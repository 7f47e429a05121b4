import type { EventOf } from "../../../protocol/events.ts";
import type { DatabaseStatus, StatusRow } from "../../../protocol/status-rows.ts";
import { migrationLabel } from "../../../protocol/migration.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { truncate } from "../terminal/width.ts";

/** More versions than this are counted by what was found, so that everything fits on one screen. */
const mostListed = 8;

/** The versions that `mark --in-doubt` would record, with what is in the database of what their files create. */
export function inDoubtLines(
  { databases }: EventOf<"status">,
  style: Style,
  columns: number,
): Styled[] {
  return databases.flatMap((database) => [
    styled`${style.bold(database.database)} ${plain(`(${database.kind}): ${plural(database.migrations.length, "version")}`)}`,
    ...(database.migrations.length <= mostListed
      ? database.migrations.flatMap((row) => [
          styled`  ${truncate(`${migrationLabel(row, "  ")}  ${row.state}`, columns - 3)}`,
          ...evidenceLines(row, style, columns),
        ])
      : countedLines(database, columns)),
  ]);
}

/** What a version's file creates and which of that exists in the database; nothing if that is not known. */
export function evidenceLines(
  { evidence = [] }: StatusRow,
  style: Style,
  columns: number,
): Styled[] {
  const listed = (exists: boolean, label: string): Styled[] => {
    const objects = evidence.filter((each) => each.exists === exists).map(({ object }) => object);
    if (objects.length === 0) return [];
    return [style.dim(`      ${truncate(`${label}: ${objects.join(", ")}`, columns - 7)}`)];
  };
  return [...listed(true, "in the database"), ...listed(false, "not in the database")];
}

type Finding = "all" | "some" | "none" | "unknown";

const findings: Readonly<Record<Finding, string>> = {
  all: "everything that the file creates is in the database",
  some: "part of what the file creates is in the database",
  none: "nothing that the file creates is in the database",
  unknown: "the file creates no table, column or index that could be checked",
};

function findingOf({ evidence = [] }: StatusRow): Finding {
  if (evidence.length === 0) return "unknown";
  const existing = evidence.filter(({ exists }) => exists).length;
  return existing === evidence.length ? "all" : existing === 0 ? "none" : "some";
}

function countedLines({ migrations }: DatabaseStatus, columns: number): Styled[] {
  const width = String(migrations.length).length;
  return (Object.keys(findings) as Finding[]).flatMap((finding) => {
    const rows = migrations.filter((row) => findingOf(row) === finding);
    const [first, last] = [rows[0], rows.at(-1)];
    if (!first || !last) return [];
    const range = rows.length === 1 ? first.version : `${first.version} … ${last.version}`;
    return [
      styled`  ${truncate(`${String(rows.length).padStart(width)}  ${findings[finding]}`, columns - 3)}`,
      styled`  ${truncate(`${" ".repeat(width)}  ${range}`, columns - 3)}`,
    ];
  });
}
