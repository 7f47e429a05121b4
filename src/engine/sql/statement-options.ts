import type { Node } from "@pgsql/types";
import { textsIn } from "../../sql-parser/tree.ts";

/** True for an option of a statement, in parentheses or in the older form, that is not switched off. */
export function optionIsOn(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => {
    if (!("DefElem" in option) || option.DefElem.defname !== name) return false;
    const value = textsIn([option.DefElem.arg])[0];
    return value !== "false" && value !== "off";
  });
}
