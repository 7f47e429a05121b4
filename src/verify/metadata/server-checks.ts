import type { DatabaseSchema } from "../../local/hasura-api/database/database-schema.ts";
import { readVersion3, readWithoutSources } from "../../local/hasura-api/document/read-document.ts";
import { HasuraError } from "../../local/hasura-api/hasura-error.ts";
import {
  mapsAt,
  textAt,
  type MetadataDocument as ServerDocument,
} from "../../local/hasura-api/metadata-document.ts";
import { buildCache, type DatabaseState } from "../../local/hasura-api/schema-cache/build-cache.ts";
import type { Environment } from "../../local/hasura-api/schema-cache/environment-values.ts";
import type { Inconsistency } from "../../local/hasura-api/schema-cache/inconsistency.ts";
import { pathTo } from "../../local/hasura-api/schema-cache/metadata-object.ts";
import { isJsonMap, type JsonMap } from "../../metadata/document/json.ts";
import type { MetadataDocument } from "../../metadata/document/metadata-document.ts";
import { repeatedObjects } from "../../metadata/document/objects.ts";
import type { JsonPath } from "../../metadata/document/places.ts";
import { pathWith, withoutPaths } from "../../metadata/document/with-values.ts";
import type { FilePlace } from "../../metadata/document/source-text.ts";
import { placeText, type MetadataProblem } from "../../metadata/problem.ts";

interface Finding {
  readonly path: JsonPath;
  readonly message: string;
  /** The other object that has the problem. */
  readonly other?: JsonPath | undefined;
  /** True for a problem that Hasura does not report. */
  readonly isWarning?: true;
}

/** Every variable is assumed to be set, because the server's environment is not known here. */
const everyVariable: Environment = new Proxy({}, { get: () => "http://localhost" });

/**
 * What a Hasura server would report about the metadata: why it refuses the document, or why objects are inconsistent. References to
 * missing names are left out: `checkConsistency` reports each of these places. So are objects that are defined twice: reading the
 * metadata reports them.
 */
export class ServerChecks {
  readonly #document: MetadataDocument;
  /** The paths of the objects that are defined a second time. */
  readonly #repeated: readonly JsonPath[];
  /** The document without them. */
  readonly #value: JsonMap;
  readonly #schemas = new Map<string, DatabaseSchema>();
  readonly #reported = new Set<string>();

  constructor(document: MetadataDocument) {
    this.#document = document;
    this.#repeated = repeatedObjects(document.value).map(([{ path }]) => path);
    const value = withoutPaths(document.value, this.#repeated);
    this.#value = isJsonMap(value) ? value : {};
  }

  /** The metadata of a source; in config version 2, the document has its tables. */
  sourceNamed(source: string): JsonMap {
    if (this.#document.configVersion === 2) return this.#value;
    return mapsAt(this.#value, "sources").find(({ name }) => name === source) ?? {};
  }

  /** Problems of one more source, and those that concern several of the databases known so far. Each is returned once. */
  check(source: string, schema: DatabaseSchema): MetadataProblem[] {
    this.#schemas.set(source, schema);
    const findings = [...this.#findings(), ...withoutEffect(this.#value)];
    return findings.flatMap(({ path, message: text, other, isWarning = false }) => {
      const key = JSON.stringify([path, text]);
      if (this.#reported.has(key)) return [];
      this.#reported.add(key);
      const place = this.#placeOf(path);
      const second = other && this.#placeOf(other);
      const message = second ? `${text}, also at ${placeText(second)}` : text;
      const kind = isWarning
        ? ({ severity: "warning", code: "metadata-ignored" } as const)
        : ({ severity: "error", code: "metadata-inconsistent" } as const);
      return [{ ...kind, message, ...(place && { place }) }];
    });
  }

  /** The position of a value of the document without repeated objects. */
  #placeOf(path: JsonPath): FilePlace | undefined {
    return this.#document.placeOf(pathWith(this.#repeated, path));
  }

  #findings(): readonly Finding[] {
    const { configVersion } = this.#document;
    const value = this.#value;
    // The only source of config version 2 has its tables and functions in the document itself.
    const own = (path: JsonPath): JsonPath =>
      configVersion === 2 && path[0] === "sources" ? path.slice(2) : path;
    try {
      const [metadata, written] =
        configVersion === 2 ? inDefault(value) : [readVersion3(value, "$"), value];
      return inconsistencies(metadata, this.#schemas).map(({ objects, reason, report }) => ({
        path: own(objects[0] ? pathTo(objects[0], written) : []),
        message: inOneLine(`${reason}${detailText(report)}`),
        other: objects[1] && own(pathTo(objects[1], written)),
      }));
    } catch (thrown) {
      if (!(thrown instanceof HasuraError)) throw thrown;
      return [
        {
          path: own(readPath(thrown.path)),
          message: `Hasura refuses the metadata: ${thrown.message}`,
        },
      ];
    }
  }
}

/** The document as the server stores it, and as it is written. */
function inDefault(value: JsonMap): [ServerDocument, JsonMap] {
  const { tables, functions, settings } = readWithoutSources(value, "$.sources[0]");
  const source = { name: "default", kind: "postgres", configuration: {} };
  return [
    { version: 3, sources: [{ ...source, tables, functions }], ...settings },
    { ...value, sources: [{ ...value, ...source }] },
  ];
}

function inconsistencies(
  metadata: ServerDocument,
  schemas: ReadonlyMap<string, DatabaseSchema>,
): readonly Inconsistency[] {
  const states = metadata.sources.map(({ name }): [string, DatabaseState] => {
    const schema = schemas.get(name);
    return [name, schema ? { kind: "read", schema } : { kind: "unchecked" }];
  });
  const answering = mapsAt(metadata, "remote_schemas").map(
    (entry) => [textAt(entry, "name"), { answers: true }] as const,
  );
  const { inconsistencies: found } = buildCache({
    ...{ metadata, databases: new Map(states), remoteSchemas: new Map(answering) },
    env: everyVariable,
  });
  return found.filter(({ isMissingName }) => isMissingName !== true);
}

/** Entries of the allow list that name a missing collection have no effect. */
function withoutEffect(document: JsonMap): Finding[] {
  const known = new Set(
    mapsAt(document, "query_collections").map((entry) => textAt(entry, "name")),
  );
  return mapsAt(document, "allowlist").flatMap((entry, i) => {
    const name = textAt(entry, "collection");
    if (name === "" || known.has(name)) return [];
    const message = `The allow list has no effect here: there is no query collection ${name}.`;
    return [{ path: ["allowlist", i, "collection"], message, isWarning: true }];
  });
}

/** What the database answered, if that is why. */
const detailText = (report: JsonMap): string => {
  const text = textAt(report, "message");
  return text === "" ? "" : `: ${text}`;
};

/** Hasura writes several reasons as a list, with a line for each. */
function inOneLine(reason: string): string {
  return reason
    .trim()
    .replace(/\n\s*• /, " ")
    .replaceAll(/\n\s*• /g, "; ");
}

/** The path in an error of the server: `$.sources[0].tables[3]['a b']`. */
function readPath(text: string): JsonPath {
  return [...text.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(
    ([, key, index, quoted]) => key ?? quoted ?? Number(index),
  );
}
