import { createHash } from "node:crypto";
import { canonicalText } from "../../metadata/diff/canonical-text.ts";
import { compareMetadata } from "../../metadata/diff/compare-metadata.ts";
import { asVersion3 } from "../../metadata/diff/version-3.ts";
import type { JsonMap } from "../../metadata/document/json.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import type { JsonPath } from "../../metadata/document/places.ts";
import type { EventOf } from "../../protocol/events.ts";
import type { FilePlace, MetadataChange } from "../../protocol/metadata-change.ts";
import { shortenList } from "../../shorten-list.ts";
import type { ServerMetadata } from "../hasura/client.ts";
import { hidesValue } from "./unseen-changes.ts";

/** How the server's metadata differs from the document that is to replace it. */
export interface Differences {
  readonly server: ServerMetadata;
  /** The document that is to replace the server's. */
  readonly wanted: JsonMap;
  readonly changes: readonly MetadataChange[];
  /** Where a value of `wanted` is in the project. */
  readonly positionOf: (path: JsonPath) => Position;
}

/** Where something is in the project's document, and in its files if they are known. */
export interface Position {
  readonly at?: (string | number)[];
  readonly place?: FilePlace;
}

/** What applying the project's metadata would change, with the places in the project's files. */
export function differencesFrom(server: ServerMetadata, project: MetadataDocument): Differences {
  const { document: wanted, pathInFiles } = asVersion3(project, server.document);
  const positionOf = (path: JsonPath): Position => {
    const at = pathInFiles(path);
    const place = project.placeOf(at);
    return { at: [...at], ...(place && { place }) };
  };
  return differencesTo(wanted, server, positionOf);
}

/** The same for any document. */
export function differencesTo(
  wanted: JsonMap,
  server: ServerMetadata,
  positionOf: Differences["positionOf"] = (path) => ({ at: [...path] }),
): Differences {
  return {
    ...{ server, wanted, positionOf },
    changes: compareMetadata(server.document, wanted).map(({ at, ...change }) => ({
      ...change,
      ...(at && positionOf(at)),
    })),
  };
}

/** The differences as an event. */
export function diffEvent({ server, changes }: Differences): EventOf<"metadata.diff"> {
  return {
    type: "metadata.diff",
    resourceVersion: server.resourceVersion,
    changes: [...changes],
    inconsistent: [...server.inconsistent],
  };
}

/**
 * A hash of the changes that would be made. Changes that others make to other objects do not affect it, unless a difference hides a value:
 * then the hash includes the server's whole metadata.
 */
export function fingerprintOfChanges({ server, wanted, changes }: Differences): string {
  const shown = changes.map(({ path, change, isInside, fields }) => [
    ...[path, change, isInside, fields],
  ]);
  const hidden = changes.some(({ fields }) => fields.some(hidesValue));
  const parts = [
    checksumOfMetadata(wanted),
    hidden ? checksumOfMetadata(server.document) : "",
    JSON.stringify(shown),
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

/** SHA-256 of a document in hex; the order of keys does not matter. */
export function checksumOfMetadata(document: JsonMap): string {
  return createHash("sha256").update(canonicalText(document)).digest("hex");
}

/** The objects that differ, for a message: `default › public.users, default › public.orders`. */
export function namesOf(changes: readonly MetadataChange[]): string {
  return shortenList(changes.map(({ path }) => path.map(({ name }) => name).join(" › ")));
}

/** What has changed on the server from one moment to a later one. */
export function compareServers(before: ServerMetadata, after: ServerMetadata): MetadataChange[] {
  return compareMetadata(before.document, after.document).map(({ at, ...change }) => ({
    ...change,
    ...(at && { at: [...at] }),
  }));
}
