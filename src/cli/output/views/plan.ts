import type { EventOf, PlanItem } from "../../../protocol/events.ts";
import type { Style } from "../terminal/colors.ts";
import { planHeader, itemRemarks } from "../messages.ts";
import { escapeControls, truncate, padEnd, textWidth } from "../format.ts";

/** A plan that is a result (`plan`, `--dry-run`): a heading a database, its rows, and the SQL where it came along. */
export function planLines(plan: EventOf<"plan">, style: Style, columns: number): string[] {
  return plan.databases.flatMap((database) => {
    const width = Math.max(0, ...database.items.map(({ name }) => textWidth(escapeControls(name))));
    return [
      planHeader(database),
      ...database.items.flatMap((item) => [itemLine(item, width, columns), ...sqlOf(item, style)]),
    ];
  });
}

/** One planned migration, no wider than the terminal: its name gives way. */
export function itemLine(item: PlanItem, widest: number, columns: number): string {
  const end = itemRemarks(item);
  const room = Math.max(8, columns - 2 - item.version.length - 2 - 2 - end.length);
  const width = Math.min(widest, room);
  return `  ${item.version}  ${padEnd(truncate(item.name, width), width)}  ${end}`;
}

function sqlOf({ sql }: PlanItem, style: Style): string[] {
  // The text itself, for reading and for copying: tabs and wide lines stay as they are.
  return sql === undefined
    ? []
    : [
        "",
        ...sql
          .replace(/\n+$/, "")
          .split("\n")
          .map((line) => `      ${style.dim(line)}`),
        "",
      ];
}
