import type { EventOf } from "../../protocol/events.ts";
import type { LastReplacement } from "../../protocol/metadata-change.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import type { MetadataChangeRecord } from "../store/store.ts";
import { inconsistentSince } from "./inconsistent-since.ts";
import { recordedChanges, type MetadataSession } from "./open-session.ts";

/** The state of the server's metadata, with what the ledgers know about it. */
export async function statusEvent(
  { resourceVersion, inconsistent }: ServerMetadata,
  session: Pick<MetadataSession, "records">,
): Promise<EventOf<"metadata.status">> {
  const changes = await recordedChanges(session);
  const replaced = lastReplacement(changes);
  return {
    type: "metadata.status",
    resourceVersion,
    inconsistent: inconsistent.map((object) => {
      const since = inconsistentSince(object, changes);
      return { ...object, ...(since && { since }) };
    }),
    ...(replaced && { replaced }),
  };
}

function lastReplacement(changes: readonly MetadataChangeRecord[]): LastReplacement | undefined {
  const last = changes.find(({ replaced }) => replaced !== undefined);
  if (last?.replaced === undefined) return undefined;
  const { at, run, operation, user, replaced } = last;
  return {
    ...{ at, runId: run, canRestore: replaced.isKept },
    ...(operation !== undefined && { operation }),
    ...(user !== undefined && { user }),
  };
}
