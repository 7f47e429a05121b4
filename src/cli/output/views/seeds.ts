import type { EventOf } from "../../../protocol/events.ts";
import type { SeedItem } from "../../../protocol/plan-items.ts";
import { seedRemarks, seedsHeader } from "../messages.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, textWidth, truncate } from "../terminal/width.ts";

/** Names keep at least this many columns, however narrow the terminal is. */
const minNameWidth = 8;

/** The result of `seed --dry-run`: a heading for each database, and its seeds. */
export function seedPlanLines({ databases }: EventOf<"seed.plan">, columns: number): Styled[] {
  return databases.flatMap((database) => {
    const width = Math.max(0, ...database.items.map(({ seed }) => textWidth(seed)));
    return [
      plain(seedsHeader(database)),
      ...(database.recorded ? [] : [plain("  no ledger: the run is not recorded")]),
      ...database.items.map((item) => seedLine(item, width, columns)),
    ];
  });
}

/** One selected seed. In a narrow terminal its name is cut. */
export function seedLine(item: SeedItem, widest: number, columns: number): Styled {
  const end = seedRemarks(item);
  const room = Math.max(minNameWidth, columns - 4 - textWidth(end));
  const width = Math.min(widest, room);
  return styled`  ${padEnd(truncate(item.seed, width), width)}  ${plain(end)}`;
}
