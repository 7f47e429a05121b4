import type { EventOf } from "../../protocol/events.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { recordedChanges } from "./all-ledgers.ts";
import { inconsistentSince } from "./inconsistent-since.ts";
import { lastReplacement } from "./last-replacement.ts";
import type { MetadataSession } from "./open-session.ts";
import { recordedRun } from "./recorded-run.ts";

/** The state of the server's metadata, with what the ledgers know about it. */
export async function statusEvent(
  { resourceVersion, inconsistent }: ServerMetadata,
  session: Pick<MetadataSession, "records">,
): Promise<EventOf<"metadata.status">> {
  const changes = await recordedChanges(session.records);
  const replaced = lastReplacement(changes, resourceVersion);
  return {
    type: "metadata.status",
    resourceVersion,
    inconsistent: inconsistent.map((object) => {
      const since = inconsistentSince(object, changes);
      return { ...object, ...(since && { since }) };
    }),
    ...(replaced && {
      replaced: { ...recordedRun(replaced), canRestore: replaced.replaced.isKept },
    }),
  };
}
