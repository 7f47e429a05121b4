/*
 * The rows of PostgreSQL's catalogs that make up a schema, each with what owns it here. They tell what has changed: a row that was
 * written lately, or that is gone.
 */

/** What is described together: a relation with its columns, constraints and indexes, or one object of another kind. */
export const ownerKinds = [
  "relation",
  "routine",
  "type",
  "schema",
  "extension",
  "language",
  "collation",
  "conversion",
  "operator",
  "operatorClass",
  "operatorFamily",
  "cast",
  "textSearch",
  "foreignWrapper",
  "server",
  "userMapping",
  "eventTrigger",
  "publication",
  "defaultGrants",
  "setting",
  "role",
] as const;
export type OwnerKind = (typeof ownerKinds)[number];

interface RowSource {
  /** A table of pg_catalog with its alias `c`, and joins. */
  readonly from: string;
  /** Of a row, within its table. */
  readonly id: string;
  readonly kind: OwnerKind;
  /** The oid of the owner, if it is not the id. */
  readonly owner?: string;
  readonly where?: string;
  /** Its rows are never deleted before those of another source. */
  readonly uncounted?: true;
}

/** The first oid that is not one of initdb's. */
const firstOid = 16384;
const ownRows = `c.oid >= ${firstOid}`;

const relationRows: readonly RowSource[] = [
  {
    from: "pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid",
    id: "c.oid",
    kind: "relation",
    owner: "coalesce(i.indrelid, c.oid)",
    // 99 is pg_toast.
    where: `${ownRows} AND c.relkind <> 'c' AND c.relnamespace <> 99`,
  },
  {
    from: "pg_attribute c JOIN pg_class r ON r.oid = c.attrelid",
    id: "c.attrelid::int8 * 65536 + c.attnum",
    kind: "relation",
    owner: "c.attrelid",
    where: `c.attrelid >= ${firstOid} AND c.attnum > 0 AND r.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    // A dropped column keeps its row.
    uncounted: true,
  },
  {
    from: "pg_attribute c JOIN pg_class r ON r.oid = c.attrelid",
    id: "c.attrelid::int8 * 65536 + c.attnum",
    kind: "type",
    owner: "r.reltype",
    where: `c.attrelid >= ${firstOid} AND c.attnum > 0 AND r.relkind = 'c'`,
    uncounted: true,
  },
  { from: "pg_attrdef c", id: "c.oid", kind: "relation", owner: "c.adrelid", where: ownRows },
  {
    from: "pg_constraint c",
    id: "c.oid",
    kind: "relation",
    owner: "c.conrelid",
    where: `${ownRows} AND c.conrelid <> 0`,
  },
  {
    from: "pg_index c",
    id: "c.indexrelid",
    kind: "relation",
    owner: "c.indrelid",
    where: `c.indrelid >= ${firstOid}`,
  },
  {
    from: "pg_trigger c",
    id: "c.oid",
    kind: "relation",
    owner: "c.tgrelid",
    where: `${ownRows} AND NOT c.tgisinternal`,
  },
  { from: "pg_rewrite c", id: "c.oid", kind: "relation", owner: "c.ev_class", where: ownRows },
  { from: "pg_policy c", id: "c.oid", kind: "relation", owner: "c.polrelid", where: ownRows },
  {
    from: "pg_sequence c",
    id: "c.seqrelid",
    kind: "relation",
    where: `c.seqrelid >= ${firstOid}`,
  },
  { from: "pg_statistic_ext c", id: "c.oid", kind: "relation", owner: "c.stxrelid" },
  {
    from: "pg_inherits c",
    id: "c.inhrelid::int8 * 65536 + c.inhseqno",
    kind: "relation",
    owner: "c.inhrelid",
  },
  {
    from: "pg_foreign_table c",
    id: "c.ftrelid",
    kind: "relation",
  },
];

/** Comments, by what they are about. */
const commentRows: readonly RowSource[] = (
  [
    [
      "pg_class",
      "relation",
      "(SELECT coalesce(i.indrelid, r.oid) FROM pg_class r LEFT JOIN pg_index i ON i.indexrelid = r.oid WHERE r.oid = c.objoid)",
    ],
    ["pg_constraint", "relation", "(SELECT conrelid FROM pg_constraint WHERE oid = c.objoid)"],
    ["pg_trigger", "relation", "(SELECT tgrelid FROM pg_trigger WHERE oid = c.objoid)"],
    ["pg_rewrite", "relation", "(SELECT ev_class FROM pg_rewrite WHERE oid = c.objoid)"],
    ["pg_policy", "relation", "(SELECT polrelid FROM pg_policy WHERE oid = c.objoid)"],
    [
      "pg_statistic_ext",
      "relation",
      "(SELECT stxrelid FROM pg_statistic_ext WHERE oid = c.objoid)",
    ],
    ["pg_proc", "routine", "c.objoid"],
    ["pg_type", "type", "c.objoid"],
    ["pg_namespace", "schema", "c.objoid"],
    ["pg_extension", "extension", "c.objoid"],
  ] as const
).map(([table, kind, owner]) => ({
  from: "pg_description c",
  id: "c.objoid::int8 * 65536 + c.objsubid",
  kind,
  owner,
  where: `c.classoid = '${table}'::regclass AND (c.objoid >= ${firstOid} OR c.classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass))`,
}));

const otherRows: readonly RowSource[] = [
  { from: "pg_proc c", id: "c.oid", kind: "routine", where: ownRows },
  {
    from: "pg_type c LEFT JOIN pg_class r ON r.oid = c.typrelid",
    id: "c.oid",
    kind: "type",
    where: `${ownRows} AND c.typcategory <> 'A' AND c.typtype <> 'm' AND (c.typrelid = 0 OR r.relkind = 'c')`,
  },
  {
    from: "pg_class c",
    id: "c.oid",
    kind: "type",
    owner: "c.reltype",
    where: `${ownRows} AND c.relkind = 'c'`,
  },
  {
    from: "pg_constraint c",
    id: "c.oid",
    kind: "type",
    owner: "c.contypid",
    where: `${ownRows} AND c.contypid <> 0`,
  },
  { from: "pg_enum c", id: "c.oid", kind: "type", owner: "c.enumtypid", where: ownRows },
  { from: "pg_namespace c", id: "c.oid", kind: "schema" },
  { from: "pg_extension c", id: "c.oid", kind: "extension" },
  { from: "pg_language c", id: "c.oid", kind: "language", where: ownRows },
  { from: "pg_collation c", id: "c.oid", kind: "collation", where: ownRows },
  { from: "pg_conversion c", id: "c.oid", kind: "conversion", where: ownRows },
  { from: "pg_operator c", id: "c.oid", kind: "operator", where: ownRows },
  { from: "pg_opclass c", id: "c.oid", kind: "operatorClass", where: ownRows },
  { from: "pg_opfamily c", id: "c.oid", kind: "operatorFamily", where: ownRows },
  { from: "pg_cast c", id: "c.oid", kind: "cast", where: ownRows },
  { from: "pg_ts_config c", id: "c.oid", kind: "textSearch", where: ownRows },
  {
    from: "pg_ts_config_map c",
    id: "c.mapcfg::int8 * 65536 + c.maptokentype * 64 + c.mapseqno",
    kind: "textSearch",
    owner: "c.mapcfg",
    where: `c.mapcfg >= ${firstOid}`,
  },
  { from: "pg_ts_dict c", id: "c.oid", kind: "textSearch", where: ownRows },
  { from: "pg_foreign_data_wrapper c", id: "c.oid", kind: "foreignWrapper" },
  { from: "pg_foreign_server c", id: "c.oid", kind: "server" },
  { from: "pg_event_trigger c", id: "c.oid", kind: "eventTrigger" },
  { from: "pg_publication c", id: "c.oid", kind: "publication" },
  { from: "pg_publication_rel c", id: "c.oid", kind: "publication", owner: "c.prpubid" },
  { from: "pg_default_acl c", id: "c.oid", kind: "defaultGrants" },
  {
    from: "pg_db_role_setting c",
    id: "c.setrole",
    kind: "setting",
    where: "c.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
  },
];

/** Since PostgreSQL 15. */
const rowsSince15: readonly RowSource[] = [
  { from: "pg_publication_namespace c", id: "c.oid", kind: "publication", owner: "c.pnpubid" },
];

/** Readable only for superusers. */
const superuserRows: readonly RowSource[] = [
  { from: "pg_user_mapping c", id: "c.oid", kind: "userMapping" },
];

/** They belong to the whole server. */
const roleRows: readonly RowSource[] = [
  { from: "pg_authid c", id: "c.oid", kind: "role", where: ownRows },
  {
    from: "pg_auth_members c",
    id: "c.roleid::int8 * 1048576 + c.member::int8",
    kind: "role",
    owner: "c.member",
    where: `c.member >= ${firstOid}`,
  },
];

/** What can be read, and is to be. */
export interface RowScope {
  /** PostgreSQL's major version. */
  readonly version: number;
  /** The session's user is a superuser. */
  readonly superuser: boolean;
  /** Roles are part of the schema: the server has no other users. Needs a superuser. */
  readonly roles: boolean;
}

function sourcesOf({ version, superuser, roles }: RowScope): readonly RowSource[] {
  return [
    ...relationRows,
    ...commentRows,
    ...otherRows,
    ...(version >= 15 ? rowsSince15 : []),
    ...(superuser ? superuserRows : []),
    ...(superuser && roles ? roleRows : []),
  ];
}

/**
 * For each source one row: `source` (its number), `count`, and `fresh`, the rows that a transaction since `$1` (as text) has
 * written: `id kind owner`, separated by commas.
 */
export function freshRowsSql(scope: RowScope): string {
  return sourcesOf(scope)
    .map((source, number) => {
      const fresh = `age(c.xmin) <= age($1::text::xid)`;
      const count = source.uncounted ? "-1" : "count(*)::int";
      const filter = source.uncounted ? "" : ` FILTER (WHERE ${fresh})`;
      const where = [source.where, source.uncounted ? fresh : undefined].filter(
        (each) => each !== undefined,
      );
      return `SELECT ${number} AS source, ${count} AS count, string_agg(${rowText(source)}, ',')${filter} AS fresh FROM ${source.from}${where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`}`;
    })
    .join("\nUNION ALL ");
}

/** All ids of the source with this number, separated by commas, in the column `ids`. */
export function allIdsSql(scope: RowScope, number: number): string {
  const source = sourcesOf(scope)[number];
  if (source === undefined) throw new RangeError(`no source ${number}`);
  const where = source.where === undefined ? "" : ` WHERE ${source.where}`;
  return `SELECT string_agg((${source.id})::text, ',') AS ids FROM ${source.from}${where}`;
}

function rowText({ id, kind, owner }: RowSource): string {
  return `(${id})::text || ' ${kind} ' || coalesce((${owner ?? id})::text, '0')`;
}
