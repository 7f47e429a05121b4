import type { RecordedRun } from "../../protocol/metadata-change.ts";
import type { MetadataChangeRecord } from "../store/store.ts";

/** The run of a record, as events show it. */
export function recordedRun({ at, run, operation, user }: MetadataChangeRecord): RecordedRun {
  return {
    ...{ at, runId: run },
    ...(operation !== undefined && { operation }),
    ...(user !== undefined && { user }),
  };
}
