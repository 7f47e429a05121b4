import type { JsonMap } from "../../metadata/document/json.ts";
import type { MetadataChangeRecord, MetadataRecord, OpenReplacement } from "../store/store.ts";

/*
 * What all ledgers of an environment have recorded of its metadata: each run uses the ledger of one database, not always the same.
 */

/** What is recorded of the metadata, the newest first. */
export async function recordedChanges(
  records: readonly MetadataRecord[],
): Promise<readonly MetadataChangeRecord[]> {
  return newestFirst(await Promise.all(records.map((record) => record.changes())));
}

/** What is recorded of the metadata in the ledgers that can be read, the newest first. */
export async function readableChanges(
  records: readonly MetadataRecord[],
): Promise<readonly MetadataChangeRecord[]> {
  const ledgers = await Promise.allSettled(records.map(async (record) => record.changes()));
  return newestFirst(ledgers.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
}

/** The replacements since the metadata was last applied as a whole, whichever ledger has recorded that, the newest first. */
export async function openReplacements(
  records: readonly Pick<MetadataRecord, "openReplacements">[],
): Promise<readonly OpenReplacement[]> {
  const ledgers = await Promise.all(records.map((record) => record.openReplacements()));
  const completed = ledgers.flatMap(({ completedAt }) => completedAt ?? []).sort();
  const since = completed.at(-1) ?? "";
  return newestFirst(ledgers.map(({ replacements }) => replacements)).filter(
    ({ at }) => at > since,
  );
}

/** The document that was replaced and has this checksum; undefined if no ledger has kept it. */
export async function keptDocument(
  checksum: string,
  records: readonly MetadataRecord[],
): Promise<JsonMap | undefined> {
  const documents = await Promise.allSettled(records.map((record) => record.document(checksum)));
  const found = documents.find((each) => each.status === "fulfilled" && each.value !== undefined);
  if (found?.status === "fulfilled") return found.value;
  // Another ledger may have kept it, but cannot be read or trusted.
  const failed = documents.find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
  return undefined;
}

function newestFirst<Recorded extends { readonly at: string }>(
  lists: readonly (readonly Recorded[])[],
): Recorded[] {
  return lists.flat().sort((one, other) => (one.at < other.at ? 1 : -1));
}
