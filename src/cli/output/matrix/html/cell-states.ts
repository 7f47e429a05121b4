import type { MatrixCell } from "../matrix.ts";
import { cellMeanings, cellSigns } from "../matrix-text.ts";

type CellState = MatrixCell["state"];

/** The class of a cell, which decides its colour. */
const classes: Readonly<Record<CellState, string>> = {
  applied: "a",
  pending: "p",
  running: "r",
  changed: "c",
  dirty: "i",
  interrupted: "i",
  unknown: "u",
  absent: "n",
  "no-answer": "q",
};

/** How cells in some state are shown. */
export interface Look {
  readonly class: string;
  readonly sign: string;
  readonly meaning: string;
  /** A word or two, where there is no room for the meaning. */
  readonly short: string;
}

/** In the order in which they are listed. `dirty` and `interrupted` look the same. */
const listed = [
  ...(["applied", "pending", "running", "changed"] as const),
  ...(["interrupted", "unknown", "absent", "no-answer"] as const),
];
export const looks: readonly Look[] = listed.map((state) => ({
  class: classes[state],
  sign: cellSigns[state],
  meaning: cellMeanings[state],
  short: { changed: "changed", unknown: "without a file" }[state as string] ?? cellMeanings[state],
}));

const byState = new Map(
  Object.entries(classes).map(([state, name]) => [
    state,
    looks.find((look) => look.class === name),
  ]),
);

/** How cells in this state are shown. */
export function lookOf({ state }: Pick<MatrixCell, "state">): Look {
  const look = byState.get(state);
  if (!look) throw new Error(`no look for ${state}`);
  return look;
}

/** How often each look occurs among cells. */
export function countLooks(cells: Iterable<MatrixCell>): ReadonlyMap<Look, number> {
  const counts = new Map<Look, number>();
  for (const cell of cells) {
    const look = lookOf(cell);
    counts.set(look, (counts.get(look) ?? 0) + 1);
  }
  return counts;
}
