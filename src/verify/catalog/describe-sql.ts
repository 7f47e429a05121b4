/*
 * SQL that describes objects, as rows with the columns `owner`, `kind`, `name`, `within` and `facts`. `$1` are the oids of their
 * owners. The session has an empty search path, so that PostgreSQL writes every name with its schema.
 */

/** One kind of object. */
export interface Description {
  /** The owner's oid. */
  readonly owner: string;
  /** An SQL expression of type text, or a literal. */
  readonly kind: string;
  readonly name: string;
  /** `objectKey` of the object that it is dropped with. */
  readonly within?: string;
  /** Name of each fact, and SQL of its text; NULL where PostgreSQL's default applies. */
  readonly facts: Readonly<Record<string, string>>;
  /** With joins. */
  readonly from: string;
  readonly where?: readonly string[];
}

/** The query of several descriptions. */
export function describeSql(descriptions: readonly Description[]): string {
  return descriptions.map(selectOf).join("\nUNION ALL ");
}

function selectOf({
  owner,
  kind,
  name,
  within = "NULL",
  facts,
  from,
  where = [],
}: Description): string {
  const pairs = Object.entries(facts).map(([fact, sql]) => `'${fact}', (${sql})::text`);
  const conditions = [`${owner} = ANY($1::oid[])`, ...where];
  return `SELECT (${owner})::int8::text AS owner, ${kind} AS kind, ${name} AS name, (${within})::text AS within, json_strip_nulls(json_build_object(${pairs.join(", ")})) AS facts FROM ${from} WHERE ${conditions.join(" AND ")}`;
}

/** Schemas that are not the project's: PostgreSQL's own, and those of Hasura and of this program. */
export const foreignSchemas = [
  "pg_catalog",
  "information_schema",
  "pg_toast",
  "hdb_catalog",
  "hasura_migrate_local",
];

/** True for objects in a schema of the project; `schema` is SQL of its name. */
export function inProject(schema: string): string {
  const names = foreignSchemas.map((name) => `'${name}'`).join(", ");
  return `${schema} NOT IN (${names}) AND ${schema} NOT LIKE 'pg\\_temp\\_%' AND ${schema} NOT LIKE 'pg\\_toast\\_temp\\_%'`;
}

/** True for objects that do not belong to an extension. */
export function ofNoExtension(table: string, oid: string): string {
  // Not with NOT EXISTS, which would read the whole catalog of dependencies.
  return `(SELECT count(*) FROM pg_depend e WHERE e.classid = '${table}'::regclass AND e.objid = ${oid} AND e.deptype = 'e') = 0`;
}

/** A comment. Not with `obj_description`, an SQL function that is planned again in each query. */
export function comment(table: string, oid: string, column = "0"): string {
  return `SELECT m.description FROM pg_description m WHERE m.objoid = ${oid} AND m.classoid = '${table}'::regclass AND m.objsubid = ${column}`;
}

/**
 * The privileges, if they differ from PostgreSQL's defaults; an explicit access list may still equal the default.
 * @param type of object, as `acldefault` takes it
 */
export function grants(acl: string, type: string, owner: string): string {
  const listed = (list: string): string =>
    `coalesce((SELECT string_agg(format('%s to %s%s', lower(g.privilege_type), CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee)::text END, CASE WHEN g.is_grantable THEN ' with grant option' END), ', ' ORDER BY CASE g.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(g.grantee)::text END, g.privilege_type) FROM aclexplode(${list}) g), 'none')`;
  return `CASE WHEN ${acl} IS NOT NULL THEN nullif(${listed(acl)}, ${listed(`acldefault('${type}', ${owner})`)}) END`;
}
