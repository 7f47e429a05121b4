import type { Key } from "../context.ts";
import type { Choice } from "./choices.ts";

/** How many migrations are pending, or that this is not known. */
export type Count = number | "unknown";

export interface PickerState {
  readonly choices: readonly Choice[];
  /** What was typed to narrow the list. */
  readonly filter: string;
  /** Index into what matches. */
  readonly selected: number;
  /** By environment; absent while it is being asked. */
  readonly counts: ReadonlyMap<string, Count>;
}

export type PickerStep =
  | { readonly kind: "open"; readonly state: PickerState }
  | { readonly kind: "chosen"; readonly choice: Choice }
  | { readonly kind: "left" };

export function openedWith(choices: readonly Choice[]): PickerState {
  return { choices, filter: "", selected: 0, counts: new Map() };
}

/** Choices whose name contains every word that was typed; `group` finds all groups. */
export function matching({ choices, filter }: PickerState): readonly Choice[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return choices.filter(({ kind, name }) =>
    words.every(
      (word) => name.toLowerCase().includes(word) || (kind === "group" && "group".startsWith(word)),
    ),
  );
}

/** The next state after a key, or how the list is left. */
export function afterKey(state: PickerState, key: Key): PickerStep {
  const open = (change: Partial<PickerState>): PickerStep => ({
    kind: "open",
    state: { ...state, ...change },
  });
  switch (key.name) {
    case "return":
    case "enter": {
      const choice = matching(state)[state.selected];
      return choice ? { kind: "chosen", choice } : open({});
    }
    case "escape":
      return state.filter === "" ? { kind: "left" } : open({ filter: "", selected: 0 });
    case "up":
      return open({ selected: moved(state, -1) });
    case "down":
    case "tab":
      return open({ selected: moved(state, 1) });
    case "backspace":
      return open({ filter: Array.from(state.filter).slice(0, -1).join(""), selected: 0 });
    default:
      return key.ctrl ? afterControlKey(state, key, open) : open(typed(state, key));
  }
}

function afterControlKey(
  state: PickerState,
  { name }: Key,
  open: (change: Partial<PickerState>) => PickerStep,
): PickerStep {
  if (name === "d") return { kind: "left" };
  if (name === "p") return open({ selected: moved(state, -1) });
  if (name === "n") return open({ selected: moved(state, 1) });
  return open(name === "u" ? { filter: "", selected: 0 } : {});
}

function typed({ filter }: PickerState, { text }: Key): Partial<PickerState> {
  // A name has no other characters; a space separates words.
  return /^[\p{L}\p{N}._ -]+$/u.test(text) ? { filter: filter + text, selected: 0 } : {};
}

/** Around the ends. */
function moved(state: PickerState, by: number): number {
  const { length } = matching(state);
  return length === 0 ? 0 : (state.selected + by + length) % length;
}

/** The state once an environment has answered. */
export function withCount(state: PickerState, environment: string, count: Count): PickerState {
  return { ...state, counts: new Map([...state.counts, [environment, count]]) };
}

/** What is pending in the environments of a choice that were reached, and how many were not. */
export interface Sum {
  readonly pending: number;
  readonly notReached: number;
}

/** The sum over the environments of a choice; undefined while one has not answered. */
export function sumOf({ counts }: PickerState, { environments }: Choice): Sum | undefined {
  const all = environments.map((environment) => counts.get(environment));
  if (all.includes(undefined)) return undefined;
  const known = all.filter((count) => typeof count === "number");
  return {
    pending: known.reduce((sum, count) => sum + count, 0),
    notReached: all.length - known.length,
  };
}
