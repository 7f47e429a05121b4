import * as z from "zod";
import type { Ran } from "../../e2e/support/cli.ts";
import type { Facts } from "./database.ts";

/** What a CLI with `--json` reported, and what was in the ledger when it ended. */
export interface Observed extends Ran {
  readonly ledger: readonly string[];
}

const Line = z.looseObject({
  type: z.string(),
  version: z.string().optional(),
  direction: z.string().optional(),
  exit: z.number().optional(),
  applied: z.number().optional(),
});

/** What may be reported. */
interface Expected {
  /** The versions that are applied before the run and after it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** Exit codes; null: killed. */
  readonly ends: readonly (number | null)[];
  /** How the number of migrations that a success counts compares with what was applied. */
  readonly counts: "exactly" | "at most";
}

/**
 * What a CLI reported falsely about a run. `facts`: the database when everything that was
 * under way has ended.
 */
export function falseReports(
  observed: Observed,
  facts: Facts,
  { before, after, ends, counts }: Expected,
): string[] {
  const steps = stepsBetween(before, after);
  const lines = observed.stdout.split("\n").filter((line) => line !== "");
  const events = lines.flatMap((line) =>
    observed.code === null && !line.endsWith("}") ? [] : [Line.parse(JSON.parse(line))],
  );
  const closing = events.filter(({ exit }) => exit !== undefined);
  const done = events.flatMap(({ type, version, direction }) =>
    type === "migration.applied" && version !== undefined ? [{ version, direction }] : [],
  );
  const wrong: string[] = [];
  const expect = (holds: boolean, otherwise: string): void => {
    if (!holds)
      wrong.push(
        `${otherwise} (exit ${String(observed.code)}: ${observed.stdout}${observed.stderr})`,
      );
  };
  expect(ends.includes(observed.code), `it may end with ${ends.join(" or ")} only`);
  expect(observed.stderr === "", "with --json, stderr stays empty");
  expect(
    !events.some(({ type }) => type === "migration.failed"),
    "it reported that a migration failed",
  );
  for (const { version, direction } of done)
    expect(
      facts.ledger.includes(version) === (direction === "up"),
      `reported as done, but is not: ${version}`,
    );
  if (observed.code !== null) {
    expect(
      closing.length === 1 && closing[0] === events.at(-1),
      "only the last line reports how it ended",
    );
    expect(closing[0]?.exit === observed.code, "the last line has the exit code");
  }
  if (observed.code === 0) {
    expect(
      observed.ledger.join() === after.join(),
      `it ended with 0 when the ledger held ${observed.ledger.join()}`,
    );
    const counted = closing[0]?.applied ?? 0;
    expect(
      counts === "exactly" ? counted === steps : counted <= steps,
      "it counted another number of migrations",
    );
  } else {
    const stops = /the run will (stop|end|start no further)/i.test(observed.stdout);
    expect(
      !stops || stepsBetween(observed.ledger, facts.ledger) <= 1,
      `it reported that the run would stop, but ${facts.ledger.join()} are applied`,
    );
    const nothing = /nothing (has run|was (run|sent|applied))/i.test(observed.stdout);
    expect(
      !nothing || stepsBetween(before, facts.ledger) === 0,
      `it reported that nothing has run, but ${facts.ledger.join()} are applied`,
    );
  }
  return wrong;
}

/** How many migrations lie between two states. */
function stepsBetween(from: readonly string[], to: readonly string[]): number {
  return [...new Set([...from, ...to])].filter(
    (version) => from.includes(version) !== to.includes(version),
  ).length;
}
