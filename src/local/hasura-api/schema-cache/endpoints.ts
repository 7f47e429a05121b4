import { Kind, OperationTypeNode, parse, type DocumentNode } from "graphql";
import type { JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, mapsAt, textAt, textsAt, type MetadataDocument } from "../metadata-document.ts";
import type { Findings } from "./findings.ts";
import { ambiguousAddresses, badAddress, NotBuilt } from "./inconsistency.ts";
import { listedObject, type MetadataObject } from "./metadata-object.ts";

interface Endpoint {
  readonly object: MetadataObject;
  readonly url: string;
  readonly methods: readonly string[];
  /** With the text of the query in its definition. */
  readonly resolved: JsonMap;
}

/** The REST endpoints: their queries, and their addresses. */
export function buildEndpoints(metadata: MetadataDocument, findings: Findings): void {
  const built = mapsAt(metadata, "rest_endpoints").flatMap((entry): Endpoint[] => {
    const object = listedObject("rest_endpoints", entry);
    const context = `in endpoint ${textAt(entry, "name")}: `;
    const found = findings.attempt(object, context, () => checkQuery(entry, metadata));
    if (found === undefined) return [];
    return [
      {
        ...{ object, url: textAt(entry, "url"), methods: textsAt(entry, "methods") },
        resolved: { comment: null, ...entry, definition: { query: found } },
      },
    ];
  });
  for (const { object, url } of built) {
    const parts = url.split("/");
    const variables = parts.filter((part) => part.startsWith(":"));
    if (new Set(variables).size < variables.length)
      findings.add(badAddress(object, `Duplicate variables found in endpoint path: ${url}`));
    if (parts.includes("") || parts.includes(":"))
      findings.add(
        badAddress(object, `Empty segments or unnamed variables are not allowed: ${url}`),
      );
  }
  for (const same of ambiguous(built))
    findings.add(
      ambiguousAddresses(
        same.map(({ object, resolved }) => ({ ...object, definition: resolved })),
        same.map(({ url }) => url),
      ),
    );
}

/** Returns the text of the query. */
function checkQuery(endpoint: JsonMap, metadata: MetadataDocument): string {
  const reference = mapAt(mapAt(endpoint, "definition"), "query");
  const collectionName = textAt(reference, "collection_name");
  const queryName = textAt(reference, "query_name");
  const named = (name: string) => (entry: JsonMap) => entry["name"] === name;
  const collection = mapsAt(metadata, "query_collections").find(named(collectionName));
  if (collection === undefined)
    throw new NotBuilt(`collection with name ${collectionName} does not exist`);
  const query = mapsAt(mapAt(collection, "definition"), "queries").find(named(queryName));
  if (query === undefined)
    throw new NotBuilt(
      `query with name ${queryName} does not exist in collection ${collectionName}`,
    );
  const text = textAt(query, "query");
  checkOperations(queryName, documentOf(text));
  return text;
}

function documentOf(text: string): DocumentNode | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function checkOperations(name: string, document: DocumentNode | undefined): void {
  const definitions = document?.definitions ?? [];
  const [first, ...others] = definitions;
  if (first === undefined) throw new NotBuilt(`query with name ${name} has no definitions.`);
  if (others.length > 0) throw new NotBuilt(`query with name ${name} has multiple definitions.`);
  if (
    first.kind === Kind.OPERATION_DEFINITION &&
    first.operation === OperationTypeNode.SUBSCRIPTION
  )
    throw new NotBuilt(`query with name ${name} is a subscription`);
}

/** Endpoints whose addresses match the same request, in groups. */
function ambiguous(endpoints: readonly Endpoint[]): Endpoint[][] {
  const groups: Endpoint[][] = [];
  for (const [i, endpoint] of endpoints.entries()) {
    const others = endpoints.slice(i + 1).filter((other) => overlaps(endpoint, other));
    if (others.length > 0 && !groups.some((group) => group.includes(endpoint)))
      groups.push([endpoint, ...others]);
  }
  return groups;
}

function overlaps(a: Endpoint, b: Endpoint): boolean {
  if (!a.methods.some((method) => b.methods.includes(method))) return false;
  const [ours, theirs] = [a.url.split("/"), b.url.split("/")];
  const isVariable = (part: string): boolean => part.startsWith(":");
  return (
    ours.length === theirs.length &&
    ours.every((part, i) => {
      const other = theirs[i] ?? "";
      return part === other || isVariable(part) || isVariable(other);
    })
  );
}
