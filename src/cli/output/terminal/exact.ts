import { asStyled, type Styled } from "./styled.ts";

/** Data for a program, exactly as it is: control characters belong to it. Never for a terminal. */
export function exactText(text: string): Styled {
  return asStyled(text);
}
