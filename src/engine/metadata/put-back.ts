import { canonicalText } from "../../metadata/diff/canonical-text.ts";
import { isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import { objectsByHasuraName, pathsByHasuraName } from "../../metadata/document/hasura-names.ts";
import { isPermission } from "../../metadata/document/object-lists.ts";
import { isWithin, type JsonPath } from "../../metadata/document/places.ts";
import { valueAt } from "../../metadata/document/value-at.ts";
import { withValues, type ValueAtPath } from "../../metadata/document/with-values.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import type { MetadataRecord } from "../store/store.ts";
import { keptDocument, openReplacements } from "./all-ledgers.ts";
import { checksumOfMetadata, compareServers, differencesTo } from "./differences.ts";
import { earlierRemovals } from "./earlier-removals.ts";
import { withMissingSources } from "./intermediate.ts";
import { metadataChanged, WouldBeInconsistent } from "./refusals.ts";

/** The server's metadata before and right after objects were removed from it. */
export interface Removal {
  readonly before: ServerMetadata;
  readonly after: ServerMetadata;
}

/** The metadata from before objects were removed from it. */
export interface MetadataBefore {
  /** Absent if none is known. */
  readonly document?: JsonMap;
  /** When earlier invocations or killed runs began to remove what is in it, ISO 8601; absent if it was only this invocation. */
  readonly since?: string;
  /**
   * Why the document is not from before all removals: the earliest one was not kept, or cannot be read, or somebody else has changed the
   * metadata since.
   */
  readonly lacks?: "not-kept" | "unreadable" | "changed";
}

/**
 * The metadata from before objects were removed from it by this invocation, by earlier ones of this run, or by runs that were killed.
 * Undefined if nothing is missing. Throws `busy/metadata-changed` if somebody else has changed the metadata since this invocation
 * removed objects.
 */
export async function metadataBefore(
  removal: Removal | undefined,
  server: ServerMetadata,
  records: readonly MetadataRecord[],
): Promise<MetadataBefore | undefined> {
  if (removal === undefined) return beforeEarlier(server, server, records);
  refuseChanged(removal, server);
  const { before: own } = removal;
  try {
    return { document: own.document, ...(await beforeEarlier(own, server, records)) };
  } catch {
    return { document: own.document, lacks: "unreadable" };
  }
}

/** The metadata from before what earlier invocations and killed runs have removed; undefined if they have removed nothing. */
async function beforeEarlier(
  { resourceVersion: version, document }: ServerMetadata,
  server: ServerMetadata,
  records: readonly MetadataRecord[],
): Promise<MetadataBefore | undefined> {
  const now = { version, checksum: checksumOfMetadata(document) };
  const earlier = earlierRemovals(await openReplacements(records), now);
  if (earlier.kind === "none") return undefined;
  if (earlier.kind === "changed") return { lacks: "changed" };
  const kept = await keptDocument(earlier.state.checksum, records);
  if (kept === undefined) return { lacks: "not-kept" };
  // A later deployment may have connected more databases.
  const whole = withMissingSources(kept, server.document);
  const { since } = earlier;
  return onlyAdds(whole, server) ? { document: whole, since } : { lacks: "changed" };
}

/** True if a document has everything that the server has, so that putting it back overwrites nothing. */
function onlyAdds(document: JsonMap, server: ServerMetadata): boolean {
  return differencesTo(document, server).changes.every(
    ({ change, fields }) =>
      change === "added" ||
      (change === "changed" &&
        fields.every(
          ({ added = [], removed = [], from, to }) =>
            removed.length === 0 && from === undefined && (added.length > 0 || to !== undefined),
        )),
  );
}

function refuseChanged({ after }: Removal, server: ServerMetadata): void {
  const between = compareServers(after, server);
  if (between.length > 0) throw metadataChanged(between);
}

/**
 * The document with some permissions as the server has them now, after migrations: a name that an old permission allows may belong to
 * another column by then. `leftOut`: the names of those that differ.
 */
export function withPermissionsOf(
  { document: server }: ServerMetadata,
  document: JsonMap,
  isOld: (name: string) => boolean,
): Pick<PutBack, "document" | "leftOut"> {
  const old = [...objectsByHasuraName(document)].flatMap(([name, { kind }]) =>
    isPermission(kind) && isOld(name) ? [name] : [],
  );
  return keeping(server, document, old);
}

/** A document to restore, and the objects in it that are omitted or kept as they are on the server. */
export interface PutBack {
  readonly document: JsonMap;
  readonly leftOut: readonly string[];
  /** True if only objects that are the same on the server would be inconsistent. */
  readonly allowInconsistent: boolean;
}

/**
 * Restores a document, except objects that would be inconsistent; the server's versions of these are kept. Sends nothing if nothing is
 * left to restore. Throws what `replace` does.
 */
export async function putBackConsistent(
  document: JsonMap,
  server: ServerMetadata,
  replace: (putBack: PutBack) => Promise<unknown>,
): Promise<PutBack & { readonly isReplaced: boolean }> {
  let putBack: PutBack = { document, leftOut: [], allowInconsistent: false };
  for (;;) {
    const isSame = differencesTo(putBack.document, server).changes.length === 0;
    if (isSame) return { ...putBack, isReplaced: false };
    try {
      await replace(putBack);
      return { ...putBack, isReplaced: true };
    } catch (error) {
      if (!(error instanceof WouldBeInconsistent) || putBack.allowInconsistent) throw error;
      putBack = without(error, putBack, server.document);
    }
  }
}

function without(
  { objects }: WouldBeInconsistent,
  { document, leftOut }: PutBack,
  server: JsonMap,
): PutBack {
  const names = objects.map(({ name }) => name);
  const kept = keeping(server, document, names);
  return {
    document: kept.document,
    leftOut: [...leftOut, ...kept.leftOut],
    allowInconsistent: kept.leftOut.length === 0,
  };
}

/** The document with these objects as they are on the server, or without those that it does not have; and the names of all that differ. */
function keeping(
  server: JsonMap,
  document: JsonMap,
  names: readonly string[],
): Pick<PutBack, "document" | "leftOut"> {
  const [paths, onServer] = [pathsByHasuraName(document), pathsByHasuraName(server)];
  const found = names.flatMap((name): (ValueAtPath & { readonly name: string })[] => {
    const path = paths.get(name);
    const current = onServer.get(name);
    const value = current && valueAt(server, current);
    return path === undefined || isSameAt(document, path, value) ? [] : [{ name, path, value }];
  });
  // If one object contains another, only the outer one is replaced.
  const outer = found.filter(
    ({ path }) => !found.some((other) => other.path !== path && isWithin(other.path, path)),
  );
  const left = withValues(document, outer);
  return {
    document: isJsonMap(left) ? left : document,
    leftOut: found.map(({ name }) => name),
  };
}

function isSameAt(document: JsonMap, path: JsonPath, value: Json | undefined): boolean {
  const own = valueAt(document, path);
  return own !== undefined && value !== undefined && canonicalText(own) === canonicalText(value);
}
