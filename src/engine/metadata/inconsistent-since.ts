import type { InconsistentSince } from "../../protocol/metadata-change.ts";
import type { MetadataChangeRecord } from "../store/store.ts";
import type { InconsistentObject } from "../hasura/client.ts";
import { inconsistentKey } from "./newly-inconsistent.ts";
import { recordedRun } from "./recorded-run.ts";

/**
 * What the records of runs say about an object that is inconsistent now. `records`: the newest first. Undefined if none has recorded what
 * was inconsistent.
 */
export function inconsistentSince(
  object: InconsistentObject,
  records: readonly MetadataChangeRecord[],
): InconsistentSince | undefined {
  const key = inconsistentKey(object);
  const known = records.filter(({ inconsistent }) => inconsistent !== undefined);
  const firstWithout = known.findIndex(
    ({ inconsistent = [] }) => !inconsistent.some((other) => inconsistentKey(other) === key),
  );
  const [newest] = known;
  if (newest === undefined) return undefined;
  if (firstWithout === 0) return since("after-run", newest);
  const oldest = known[(firstWithout === -1 ? known.length : firstWithout) - 1] ?? newest;
  // A reload only finds what something else has made inconsistent.
  const isCause = firstWithout !== -1 && oldest.operation !== "metadata-reload";
  return since(isCause ? "since-run" : "before-run", oldest);
}

function since(
  relation: InconsistentSince["relation"],
  record: MetadataChangeRecord,
): InconsistentSince {
  return { relation, ...recordedRun(record) };
}
