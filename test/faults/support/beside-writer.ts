import { HasuraCallError } from "../../../src/engine/hasura/client.ts";
import { compareMetadata } from "../../../src/metadata/diff/compare-metadata.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import type { MetadataChange } from "../../../src/protocol/metadata-change.ts";
import type { Ran } from "../../engine/support/run.ts";
import { tracking, type MetadataFaultBench } from "./metadata-bench.ts";

/** Runs beside which somebody else has changed the metadata. */
export interface BesideWriter {
  readonly wrong: readonly string[];
  /** How often that change was shown before some of it was overwritten. */
  readonly shown: number;
  /** How often it was kept. */
  readonly kept: number;
}

/** What somebody else does to the metadata: each in turn. `tables`: those that are tracked already. */
const writes: readonly ((before: JsonMap, tables: readonly string[]) => JsonMap)[] = [
  // Does not touch what the run changes.
  (before, tables) => tracking(before, [...tables, "theirs"]),
  // Does a part of what the run does.
  (before) => tracking(before, ["people"]),
  // Adds something to what the run adds.
  (before) => permitting(tracking(before, ["people"]), "theirs"),
];

/**
 * Starts a run for each of these requests, and holds that request back until somebody else has changed the metadata. That change must be
 * kept, or shown before it is overwritten, and a plain re-run must succeed.
 */
export async function besideWriter(
  bench: MetadataFaultBench,
  {
    requests,
    reset,
    run,
  }: {
    readonly requests: readonly number[];
    readonly reset: () => Promise<unknown>;
    readonly run: () => Promise<Ran>;
  },
): Promise<BesideWriter> {
  const wrong: string[] = [];
  let [shown, kept] = [0, 0];
  for (const [index, write] of writes.entries())
    for (const at of requests) {
      await reset();
      const ran = await runBesideWrite(bench, { at, run, write });
      if (ran.isWritten && ran.isKept) kept += 1;
      else if (ran.isWritten && !ran.isLost) shown += 1;
      const again = await run();
      const problems = [
        ...(ran.isLost ? ["lost"] : []),
        ...(again.failure ? [again.failure.code] : []),
        ...(await bench.metadataProblems()),
      ];
      wrong.push(
        ...problems.map((text) => `write ${String(index)} at request ${String(at)}: ${text}`),
      );
    }
  return { wrong, shown, kept };
}

interface BesideWrite {
  readonly at: number;
  readonly run: () => Promise<Ran>;
  readonly write: (typeof writes)[number];
}

async function runBesideWrite(bench: MetadataFaultBench, { at, run, write }: BesideWrite) {
  let written = Promise.resolve<JsonMap | undefined>(undefined);
  bench.network.expect(({ index }) => {
    if (index !== at) return undefined;
    written = writeTheirs(bench, write);
    return written.then(nothing, nothing);
  });
  const ran = await run();
  const document = await written;
  await bench.endFaults();
  const theirs = document ? compareMetadata(bench.before, document) : [];
  const left = compareMetadata(bench.before, (await bench.stored()).document);
  const shown = ran.of("metadata.diff").flatMap(({ changes }) => changes);
  const isIn = (changes: readonly Pick<MetadataChange, "path">[]) =>
    theirs.filter((change) => changes.some((other) => isOf(change, other)));
  return {
    isWritten: document !== undefined,
    isKept: isIn(left).length === theirs.length,
    isLost: isIn([...left, ...shown]).length < theirs.length,
  };
}

const nothing = (): undefined => undefined;

/** True for changes of the same object. */
function isOf(one: Pick<MetadataChange, "path">, other: Pick<MetadataChange, "path">): boolean {
  return JSON.stringify(one.path) === JSON.stringify(other.path);
}

/** Changes the metadata as somebody with the Console does. Undefined if another request of the run came first. */
async function writeTheirs(
  bench: MetadataFaultBench,
  write: BesideWrite["write"],
): Promise<JsonMap | undefined> {
  const { document } = await bench.stored();
  const tables = JSON.stringify(document).includes('"people"') ? ["people"] : [];
  const theirs = write(bench.before, tables);
  try {
    await bench.write(theirs);
    return theirs;
  } catch (error) {
    if (error instanceof HasuraCallError && error.status === 409) return undefined;
    throw error;
  }
}

/** The document with a role that may select from its first table. */
function permitting(document: JsonMap, role: string): JsonMap {
  const [source, ...others] = document["sources"] as { tables: JsonMap[] }[];
  const permission = { role, permission: { columns: [], filter: {} } };
  const [table, ...tables] = source?.tables ?? [];
  const permitted = { ...table, select_permissions: [permission] };
  return { ...document, sources: [{ ...source, tables: [permitted, ...tables] }, ...others] };
}
