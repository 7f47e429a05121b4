import type { Json } from "../../../metadata/document/json.ts";
import type { DatabaseSchema } from "../database/database-schema.ts";
import {
  fullName,
  qualified,
  type MetadataDocument,
  type SourceDocument,
} from "../metadata-document.ts";
import { buildActions } from "./actions.ts";
import { addFields } from "./add-fields.ts";
import { buildComputedFields } from "./computed-fields.ts";
import { buildCronTriggers } from "./cron-triggers.ts";
import { buildCustomTypes } from "./custom-types.ts";
import { buildEndpoints } from "./endpoints.ts";
import { checkEnumTable } from "./enum-tables.ts";
import type { Environment } from "./environment-values.ts";
import { buildEventTriggers } from "./event-triggers.ts";
import { Findings, targetOf, type Dependency } from "./findings.ts";
import { buildFunctions } from "./functions.ts";
import {
  inconsistentObject,
  MissingName,
  quoted,
  withMessage,
  type Inconsistency,
} from "./inconsistency.ts";
import { sourceObject, tableObject } from "./metadata-object.ts";
import { buildNativeQueries } from "./native-queries.ts";
import { buildPermissions } from "./permissions.ts";
import { buildRelationships } from "./relationships.ts";
import { buildRemoteRelationships, type OtherEnds } from "./remote-relationships.ts";
import { buildRemoteSchemas, type RemoteSchemaState } from "./remote-schemas.ts";
import { resolveDependencies } from "./resolve-dependencies.ts";
import { buildRoles } from "./roles.ts";
import type { SchemaObject } from "./schema-object.ts";
import { resolveColumns } from "./table-columns.ts";
import { TrackedTable, type BuiltSource } from "./tracked-table.ts";
import { nameText } from "../metadata-document.ts";

/** What is known of a source's database. */
export type DatabaseState =
  | { readonly kind: "read"; readonly schema: DatabaseSchema }
  | { readonly kind: "unreachable"; readonly reason: string; readonly detail?: Json }
  /** This environment has no driver for such databases: their objects count as consistent. */
  | { readonly kind: "unchecked" };

/** What the metadata is built with. */
export interface BuildInput {
  readonly metadata: MetadataDocument;
  /** By the name of the source. */
  readonly databases: ReadonlyMap<string, DatabaseState>;
  /** By name. */
  readonly remoteSchemas: ReadonlyMap<string, RemoteSchemaState>;
  readonly env: Environment;
}

/** The schema that the metadata describes, as far as this API needs it: what is inconsistent, and what depends on what. */
export interface SchemaCache {
  readonly inconsistencies: readonly Inconsistency[];
  readonly dependencies: readonly Dependency[];
  /** The objects that exist, by label. */
  readonly existing: ReadonlyMap<string, SchemaObject>;
  readonly sources: ReadonlyMap<string, BuiltSource>;
}

/**
 * Builds the schema as the server does (its RQL/DDL/Schema/Cache.hs), with the server's names and reasons for what is inconsistent.
 * @throws HasuraError if inherited roles form a circle
 */
export function buildCache({ metadata, databases, remoteSchemas, env }: BuildInput): SchemaCache {
  const findings = new Findings();
  buildRoles(metadata, findings);
  const answering = buildRemoteSchemas(metadata, remoteSchemas, findings);
  const sources = buildSources(metadata, databases, findings);
  const unchecked = metadata.sources.filter(
    ({ name }) => databases.get(name)?.kind === "unchecked",
  );
  const ends: OtherEnds = {
    ...{ sources, remoteSchemas: answering },
    unchecked: new Set(unchecked.map(({ name }) => name)),
  };
  for (const source of sources.values()) buildSource(source, ends, env, findings);
  const types = buildCustomTypes(metadata, ends, findings);
  buildActions(metadata, types, env, findings);
  const dependencies = resolveDependencies(findings);
  buildEndpoints(metadata, findings);
  buildCronTriggers(metadata, env, findings);
  const { inconsistencies, existing } = findings;
  return { inconsistencies, dependencies, existing, sources };
}

function buildSources(
  metadata: MetadataDocument,
  databases: ReadonlyMap<string, DatabaseState>,
  findings: Findings,
): ReadonlyMap<string, BuiltSource> {
  const built = new Map<string, BuiltSource>();
  for (const document of metadata.sources) {
    const { name } = document;
    const state = databases.get(name);
    if (state?.kind === "read") built.set(name, trackTables(document, state.schema, findings));
    if (state?.kind === "unreachable")
      findings.add(inconsistentObject(sourceObject(name), state.reason, withMessage(state)));
    else findings.exists(targetOf({ kind: "source", source: name }));
  }
  return built;
}

/** The tables of all sources are known before anything is built that may refer to them. */
function trackTables(
  document: SourceDocument,
  schema: DatabaseSchema,
  findings: Findings,
): BuiltSource {
  const found = new Map<string, TrackedTable>();
  for (const entry of document.tables) {
    const name = qualified(entry["table"]);
    if (name === undefined) continue;
    const key = fullName(name);
    const table = findings.attempt(tableObject(document.name, name), "", () => {
      const relation = schema.relations.get(key);
      if (relation === undefined)
        throw new MissingName(`no such table/view exists in source: ${quoted(nameText(name))}`);
      if (entry["is_enum"] === true) checkEnumTable(relation, quoted(nameText(name)));
      return new TrackedTable(document.name, name, entry, relation);
    });
    if (table !== undefined) found.set(key, table);
  }
  const tables = [...found].filter(
    ([, table]) =>
      findings.attempt(tableObject(document.name, table.name), "", () => {
        resolveColumns(table, found);
        return true;
      }) === true,
  );
  for (const [, table] of tables) {
    findings.exists(table.target);
    for (const column of table.fields.keys()) findings.exists(table.part("column", column));
    for (const key of table.relation.foreignKeys)
      findings.exists(table.part("constraint", key.name));
  }
  return { name: document.name, document, schema, tables: new Map(tables) };
}

function buildSource(
  source: BuiltSource,
  ends: OtherEnds,
  env: Environment,
  findings: Findings,
): void {
  const tables = [...source.tables.values()];
  for (const table of tables) buildEventTriggers(table, env, findings);
  for (const table of tables)
    addFields(
      table,
      [
        ...buildRelationships(table, source, findings),
        ...buildComputedFields(table, source, findings),
        ...buildRemoteRelationships(table, ends, findings),
      ],
      findings,
    );
  for (const table of tables) buildPermissions(table, source, env, findings);
  buildFunctions(source, findings);
  buildNativeQueries(source, findings);
}
