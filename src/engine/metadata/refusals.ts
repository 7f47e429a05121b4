import { pathsByHasuraName } from "../../metadata/document/hasura-names.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../metadata/document/json.ts";
import type { JsonPath } from "../../metadata/document/places.ts";
import { valueAt } from "../../metadata/document/value-at.ts";
import { Failure, shownObjects } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint, type Hint } from "../../protocol/hint.ts";
import type { MetadataChange, PlacedInconsistentObject } from "../../protocol/metadata-change.ts";
import { shortenList } from "../../shorten-list.ts";
import type { HasuraCallError, InconsistentObject } from "../hasura/client.ts";
import { namesOf, type Differences } from "./differences.ts";

/** Inconsistent objects and changes that a failure lists. */
const mostObjects = 500;
const mostChanges = 20;

/** Objects of the document would be inconsistent, so the metadata was not replaced. */
export class WouldBeInconsistent extends Failure {
  /** All of them, without what was inconsistent before. */
  readonly objects: readonly InconsistentObject[];

  /** @param anyway how to apply the metadata nevertheless */
  constructor(objects: readonly InconsistentObject[], differences: Differences, anyway: Hint) {
    const { message, more } = inconsistencyOf(objects, differences, anyway);
    super("metadata", "would-be-inconsistent", message, more);
    this.objects = objects;
  }
}

function inconsistencyOf(
  objects: readonly InconsistentObject[],
  differences: Differences,
  anyway: Hint,
) {
  const { wanted, positionOf } = differences;
  const paths = pathsByHasuraName(wanted);
  const shown = objects.slice(0, mostObjects).map((object): PlacedInconsistentObject => {
    const path = paths.get(object.name);
    return { ...object, ...(path && positionOf(path)) };
  });
  const count = objects.length === 1 ? "1 object" : `${String(objects.length)} objects`;
  return {
    message: `${count} in the new metadata would be inconsistent; the metadata was not replaced.`,
    more: {
      hints: [
        ...environmentHints(objects, paths, wanted),
        ...(objects.length > shownObjects
          ? [retryHint({ with: ["--json"], reason: "list all of them" })]
          : []),
        anyway,
      ],
      metadata: { inconsistent: shown, notShown: objects.length - shown.length },
    },
  };
}

/** Names the variables of the server's environment that the objects read. */
function environmentHints(
  objects: readonly InconsistentObject[],
  paths: ReadonlyMap<string, JsonPath>,
  document: JsonMap,
): Hint[] {
  const names = objects.flatMap(({ type, name }) => {
    const path = paths.get(name);
    const value = path && valueAt(document, path);
    // The objects in a source are reported under their own names.
    return variablesIn(type === "source" && isJsonMap(value) ? value["configuration"] : value);
  });
  if (names.length === 0) return [];
  const text = `These objects use the following environment variables of the Hasura server: ${shortenList([...new Set(names)])}. If one is missing, set it where Hasura runs. The server of hasura-migrate local takes those of webhooks and handlers from the command that starts it, and has none for databases and remote schemas.`;
  return [textHint(text)];
}

/** The values of `from_env`, `value_from_env`, `webhook_from_env` and the like, and the variables of templates: `{{BASE_URL}}/orders`. */
function variablesIn(value: Json | undefined): string[] {
  if (typeof value === "string") return variablesOfTemplate(value);
  if (isJsonList(value)) return value.flatMap(variablesIn);
  if (!isJsonMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key.endsWith("from_env") && typeof inner === "string" ? [inner] : variablesIn(inner),
  );
}

/** What begins with `$` belongs to the templates of a transformation, which Hasura fills in for each request. */
function variablesOfTemplate(text: string): string[] {
  return [...text.matchAll(/\{\{\s*([^{}\s$]+)\s*\}\}/g)].map(([, name = ""]) => name);
}

/** Hasura refused the document for another reason: a part of it does not have the form that this server expects. */
export function metadataRefused(
  error: HasuraCallError,
  { wanted, positionOf }: Differences,
): Failure {
  const path = pathInDocument(error.path);
  const isKnown = path !== undefined && valueAt(wanted, path) !== undefined;
  return new Failure(
    "metadata",
    "metadata-refused",
    `Hasura refused the metadata${error.path === undefined ? "" : ` (${error.path})`}: ${error.message}. It was not replaced.`,
    {
      ...(isKnown && { metadata: { refused: positionOf(path), notShown: 0 } }),
      hints: [
        textHint(
          "Correct the metadata, or upgrade Hasura if the metadata is from a newer version.",
        ),
      ],
    },
  );
}

/** `$.args.metadata.query_collections[0].definition` as a path in the document. */
function pathInDocument(path = ""): JsonPath | undefined {
  const inside = /^\$\.args\.metadata(.*)$/.exec(path)?.[1];
  if (inside === undefined) return undefined;
  return [...inside.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
    ([, key, index, quoted]) => (index === undefined ? (key ?? quoted ?? "") : Number(index)),
  );
}

/** Since the differences were shown, somebody has changed something that would be overwritten. */
export function metadataChanged(between: readonly MetadataChange[]): Failure {
  const metadata = shownChanges(between);
  const names = namesOf(metadata.changes);
  return new Failure(
    "busy",
    "metadata-changed",
    `Someone has changed the server's metadata since the differences were shown${names === "" ? "" : `: ${names}`}. Nothing was overwritten.`,
    {
      hints: [
        retryHint({ reason: "see the new differences" }),
        textHint("To keep the change, export it to the project first."),
      ],
      metadata,
    },
  );
}

function shownChanges(changes: readonly MetadataChange[]) {
  const shown = changes.slice(0, mostChanges);
  return { changes: shown, notShown: changes.length - shown.length };
}

/**
 * The answer was lost, and the server could not be read afterwards, or it has what others have written in the meantime: `between` is what
 * has changed there. Or the run was stopped before the server showed whether it had taken effect.
 */
export function metadataOutcomeUnknown(
  environment: string,
  cause: unknown,
  between?: readonly MetadataChange[] | "stopped",
): Failure {
  const isStopped = between === "stopped";
  const changes = isStopped ? undefined : between;
  const silence = isStopped ? "the run was stopped" : "Hasura no longer responds";
  const why = changes ? "someone else has changed the metadata since" : silence;
  return new Failure(
    "unreachable",
    "metadata-outcome-unknown",
    `Hasura's response was lost, and ${why}: the metadata may have been applied.`,
    {
      ...(changes && { metadata: shownChanges(changes) }),
      hints: [
        runHint(["metadata", "diff", environment], "see whether it was applied"),
        retryHint({ reason: "or try again: nothing is applied twice" }),
      ],
      cause,
    },
  );
}
