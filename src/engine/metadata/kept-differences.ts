import { createHash } from "node:crypto";
import { canonicalText } from "../../metadata/diff/canonical-text.ts";
import { ownFormAt } from "../../metadata/diff/own-form.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { MetadataChange } from "../../protocol/metadata-change.ts";
import type { MetadataRecord, MetadataState, OpenReplacement } from "../store/store.ts";
import { openReplacements } from "./all-ledgers.ts";
import { Failure } from "../../protocol/failure.ts";
import { retryHint } from "../../protocol/hint.ts";
import { checksumOfMetadata, type Differences } from "./differences.ts";
import { metadataChanged } from "./refusals.ts";
import { hidesValue } from "./unseen-changes.ts";

/*
 * A run whose plan was confirmed may pause and go on in another invocation. What was confirmed of the metadata is kept with its
 * steps, as fingerprints of the project's metadata and of the differences that may still be there.
 */

/** What is kept. `states`: the differences as they were shown, and as the run leaves them on its way. */
export function keptDifferences(
  project: MetadataDocument,
  states: readonly Differences[],
): readonly string[] {
  return [projectFingerprint(project), ...new Set(states.map(differencesFingerprint))];
}

/** What the ledgers know about a run that is continued. */
export interface KeptByRun {
  readonly runId: string;
  /** What was kept with its steps. */
  readonly kept: ReadonlySet<string>;
  readonly records: readonly Pick<MetadataRecord, "openReplacements">[];
}

/**
 * In a later invocation: throws `busy/plan-outdated` if the project has other metadata than the confirmed one, and
 * `busy/metadata-changed` if somebody else has changed the server's, so that applying the project's would do something else.
 */
export async function refuseOtherDifferences(
  project: MetadataDocument,
  now: Differences,
  { kept, ...run }: KeptByRun,
): Promise<void> {
  if (!kept.has(projectFingerprint(project))) throw projectChanged();
  if (now.changes.length === 0 || kept.has(differencesFingerprint(now))) return;
  if (!(await isLeftByRun(now, run))) throw metadataChanged([]);
}

/** True if the server's metadata is what an earlier invocation of the run has left, which may not be among the kept states. */
async function isLeftByRun(
  { server: { document, resourceVersion: version } }: Differences,
  { runId, records }: Omit<KeptByRun, "kept">,
): Promise<boolean> {
  const [last] = await openReplacements(records);
  const now = { version, checksum: checksumOfMetadata(document) };
  return last?.run === runId && hasLeft(last, now);
}

/**
 * True only if nobody else has changed the metadata between the replacement and the moment at which its result was recorded. A
 * replacement without a result may never have taken effect.
 */
function hasLeft({ before, after }: OpenReplacement, now: MetadataState): boolean {
  return after?.version === before.version + 1 && after.checksum === now.checksum;
}

/** In a later invocation without metadata: throws `busy/plan-outdated` if metadata was confirmed. */
export function refuseWithoutMetadata(kept: ReadonlySet<string>): void {
  if ([...kept].some((each) => each.startsWith(projectKey))) throw projectChanged();
}

const projectKey = "project ";

function projectChanged(): Failure {
  return new Failure(
    "busy",
    "plan-outdated",
    "The project's metadata changed while the run was paused, so it is no longer the metadata that was confirmed. It was not applied.",
    { hints: [retryHint({ reason: "see the new differences" })] },
  );
}

function projectFingerprint({ value }: MetadataDocument): string {
  return `${projectKey}${checksumOfMetadata(value)}`;
}

/** Does not depend on other parts of the server's metadata. */
function differencesFingerprint({ changes, server }: Differences): string {
  const texts = changes.map((change) => textOf(change, server.document)).sort();
  return `metadata ${createHash("sha256").update(texts.join("\n")).digest("hex")}`;
}

/** What is inside an object that is added may be there before the rest of it, as in a new database: it is the same difference. */
function textOf(
  { path, change, fields }: MetadataChange,
  server: Differences["server"]["document"],
): string {
  const hidden = fields.some(hidesValue) && ownFormAt(server, path);
  return JSON.stringify([
    path.map(({ kind, name }) => [kind, name]),
    change,
    fields,
    hidden ? canonicalText(hidden) : "",
  ]);
}
