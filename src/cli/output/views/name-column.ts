import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, truncate } from "../terminal/width.ts";

/**
 * A migration's name as a column, with the gap before it: cut to `room`, padded to `width`. Empty if the column would be
 * empty: not every version has a name.
 */
export function nameColumn(name: string, width: number, room = width): Styled {
  return name === "" && width === 0 ? plain("") : styled`  ${padEnd(truncate(name, room), width)}`;
}
