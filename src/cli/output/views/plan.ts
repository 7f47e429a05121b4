import type { EventOf } from "../../../protocol/events.ts";
import type { PlanItem } from "../../../protocol/plan-items.ts";
import type { Style } from "../terminal/colors.ts";
import { planHeader, itemRemarks } from "../messages.ts";
import { impactLine, plannedImpacts } from "../impact-lines.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { textWidth, wrap } from "../terminal/width.ts";
import { nameColumn } from "./name-column.ts";

/** The result of `plan` and `--dry-run`: a heading for each database, its rows, and their SQL if the plan has it. */
export function planLines(plan: EventOf<"plan">, style: Style, columns: number): Styled[] {
  return plan.databases.flatMap((database) => {
    const width = Math.max(0, ...database.items.map(({ name }) => textWidth(name)));
    return [
      plain(planHeader(database)),
      ...database.items.flatMap((item) => [
        itemLine(item, width, columns),
        ...impactsOf(item, columns),
        ...sqlOf(item, style),
      ]),
    ];
  });
}

/** One planned migration. In a narrow terminal its name is cut, to no less than eight columns. */
export function itemLine(item: PlanItem, widest: number, columns: number): Styled {
  const end = itemRemarks(item);
  const room = Math.max(8, columns - 2 - item.version.length - 2 - 2 - end.length);
  const width = Math.min(widest, room);
  return styled`  ${plain(item.version)}${nameColumn(item.name, width)}  ${plain(end)}`;
}

/** What its statements do to tables, below the migration; long text is wrapped. */
function impactsOf(item: PlanItem, columns: number): Styled[] {
  return plannedImpacts(item).flatMap((impact) =>
    wrap(impactLine(impact), columns - 8).map(
      (part, i) => styled`${plain(i === 0 ? "      " : "        ")}${part}`,
    ),
  );
}

function sqlOf({ sql }: PlanItem, style: Style): Styled[] {
  // For reading and copying: tabs and long lines are kept.
  return sql === undefined
    ? []
    : [
        plain(""),
        ...sql
          .replace(/\n+$/, "")
          .split("\n")
          .map((line) => styled`      ${style.dim(line)}`),
        plain(""),
      ];
}
