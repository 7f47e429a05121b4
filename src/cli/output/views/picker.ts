import type { Choice } from "../../picker/choices.ts";
import { matching, sumOf, type PickerState, type Sum } from "../../picker/picker-state.ts";
import { plural } from "../format.ts";
import type { Style } from "../terminal/colors.ts";
import { plain, styled, type Styled } from "../terminal/styled.ts";
import { padEnd, textWidth, truncate } from "../terminal/width.ts";

export interface PickerLook {
  readonly style: Style;
  readonly columns: number;
  readonly rows: number;
  /** `Apply to` */
  readonly question: string;
}

/** Question and keys need a line each, and the cursor stands below. */
const otherRows = 4;

/** The list as lines that fit the terminal: the part of it around the line that is selected. */
export function pickerLines(state: PickerState, look: PickerLook): Styled[] {
  const { style, columns, rows, question } = look;
  const found = matching(state);
  const room = Math.max(1, rows - otherRows);
  const from = Math.max(0, Math.min(state.selected - Math.floor(room / 2), found.length - room));
  const width = Math.max(0, ...state.choices.map((choice) => textWidth(nameOf(choice))));
  const asked = truncate(`${question} which environment? ${state.filter}`, columns - 1);
  const shown = found
    .slice(from, from + room)
    .map((choice, i) =>
      choiceLine(choice, state, { ...look, width, isSelected: from + i === state.selected }),
    );
  const keys = "↑↓ or type to search · Enter to choose · Esc to leave";
  return [
    styled`${style.bold(asked)}`,
    ...(found.length === 0 ? [plain("  No environment matches.")] : shown),
    style.dim(truncate(keys, columns - 1)),
  ];
}

function choiceLine(
  choice: Choice,
  state: PickerState,
  {
    style,
    columns,
    width,
    isSelected,
  }: PickerLook & { readonly width: number; readonly isSelected: boolean },
): Styled {
  const name = padEnd(truncate(nameOf(choice), columns - 3), Math.min(width, columns - 3));
  const room = columns - 3 - textWidth(name);
  const facts = factsThatFit(choice, state, room - 2);
  const more = room > 4 ? truncate(`  ${facts}`, room) : plain("");
  const line = isSelected ? style.cyan(`❯ ${name}`) : plain(`  ${name}`);
  return styled`${line}${choice.protected ? style.yellow(more) : style.dim(more)}`;
}

function nameOf({ kind, name }: Choice): string {
  return kind === "group" ? `group ${name}` : name;
}

/** Where not all of them fit, `protected` is the last to be cut. */
function factsThatFit(choice: Choice, state: PickerState, columns: number): string {
  const { kind, environments } = choice;
  const count = sumText(sumOf(state, choice), choice);
  const guarded = choice.protected ? ["protected"] : [];
  const size = kind === "environment" ? [] : [plural(environments.length, "environment")];
  const facts = [count, ...guarded, ...size].join(" · ");
  return textWidth(facts) <= columns ? facts : [...guarded, count, ...size].join(" · ");
}

function sumText(sum: Sum | undefined, { environments }: Choice): string {
  if (sum === undefined) return "…";
  const { pending, notReached } = sum;
  if (notReached === environments.length && notReached > 0) return "not reached";
  const reached = pending === 0 ? "up to date" : `${pending} pending`;
  return notReached === 0 ? reached : `${reached}, ${notReached} not reached`;
}
