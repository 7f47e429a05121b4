import type { MetadataChange } from "../../protocol/metadata-change.ts";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { compareServers, namesOf, type Differences } from "./differences.ts";
import { metadataChanged } from "./refusals.ts";
import { unseenChanges } from "./unseen-changes.ts";

/**
 * What others have changed on the server since the expected differences. Throws busy/metadata-changed if the differences now include
 * any that are not expected, because then applying them would overwrite what others have changed.
 */
export function refuseUnseen(now: Differences, expected: Differences): readonly MetadataChange[] {
  if (now.server === expected.server) return [];
  const between = compareServers(expected.server, now.server);
  const unseen = unseenChanges(now.changes, expected.changes, between);
  if (unseen.length > 0) throw metadataChanged(between);
  return between;
}

/** Reports what somebody else has changed, if it does not affect what this run changes. */
export async function reportBetween(
  between: readonly MetadataChange[],
  engine: EngineContext,
): Promise<void> {
  if (between.length === 0) return;
  await emit(engine, {
    type: "log",
    level: "info",
    code: "metadata-changed-meanwhile",
    message: `Someone has changed the server's metadata since the differences were shown: ${namesOf(between)}. This run does not overwrite these changes.`,
  });
}
