import { ownerText } from "../../views/owner.ts";
import type { MatrixCell } from "../matrix.ts";

/** Texts that cells repeat, each with a number. */
export class Dictionary {
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }

  get texts(): string[] {
    return [...this.#numbers.keys()];
  }
}

/** What the cells of all environments share. */
export interface Shared {
  /** Epoch seconds that the first time of each environment is counted from. */
  readonly origin: number;
  readonly people: Dictionary;
  /** Ids of runs that are not UUIDs. */
  readonly runs: Dictionary;
}

/** Shows as much of a run's id as `history --run` needs: in UUIDs of version 7 the time of its creation, in milliseconds. */
const uuidBeginning = /^([0-9a-f]{8})-([0-9a-f]{4})-/;
const base = 36;

/**
 * Who applied the migrations of one environment, when, and in which run, for the script of the page: a word for each row, empty
 * where nothing is known. A word is the time in seconds since the one before it (`.`: not known), and where the run is another
 * than before, its user's number and its id: the milliseconds from its creation to that time, or `=` and its number. 20,000 cells
 * with all of this in plain words would be several megabytes.
 */
export function encodeCells(cells: readonly MatrixCell[], shared: Shared): string {
  let last = shared.origin;
  let before: Pick<MatrixCell, "runId" | "appliedBy"> | undefined;
  const words = cells.map((cell) => {
    const { appliedAt, appliedBy, runId } = cell;
    if (appliedAt === undefined && appliedBy === undefined && runId === undefined) return "";
    const at = appliedAt === undefined ? undefined : Math.floor(Date.parse(appliedAt) / 1000);
    const time = at === undefined ? "." : (at - last).toString(base);
    last = at ?? last;
    if (before && before.runId === runId && before.appliedBy === appliedBy) return time;
    before = cell;
    const by =
      appliedBy === undefined ? "" : shared.people.numberOf(personText(cell)).toString(base);
    return `${time},${by},${runText(runId, last, shared)}`;
  });
  return words.join(" ");
}

/** `ada, branch add-coupons`. */
function personText({ appliedBy, branch }: MatrixCell): string {
  return ownerText({ appliedBy, branch }, () => undefined);
}

function runText(runId: string | undefined, at: number, { runs }: Shared): string {
  if (runId === undefined) return "";
  const [, high, low] = uuidBeginning.exec(runId) ?? [];
  if (high === undefined || low === undefined) return `=${runs.numberOf(runId).toString(base)}`;
  return (at * 1000 - Number.parseInt(`${high}${low}`, 16)).toString(base);
}
