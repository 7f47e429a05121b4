import { headOf, statementsOf } from "../../engine/sql/statements.ts";

/*
 * The rows of PostgreSQL's catalogs that make up a schema, each with its owner. They show what has changed: rows that were
 * written recently, and rows that are gone.
 */

/** Objects that are described together: a relation with its columns, constraints and indexes, or one object of another kind. */
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
  /** A table of pg_catalog with its alias `c`. Joins would be paid for at every reading, also where nothing has changed. */
  readonly from: string;
  /** The id of a row, unique in its table. */
  readonly id: string;
  /** SQL of a text, the kind and the oid of the owner, computed for rows that have changed only. */
  readonly owner: string;
  readonly where?: string;
  /** Its rows are never deleted before those of another source. */
  readonly uncounted?: true;
}

/** The first oid that initdb does not use. */
const firstOid = 16384;
const ownRows = `c.oid >= ${firstOid}`;

/** An owner of one kind, by its oid. */
function owner(kind: OwnerKind, oid = "c.oid"): string {
  return `'${kind} ' || (${oid})::int8`;
}

/** The owner of the parts of a relation with this oid: for an index its table, for the relation of a composite type the type. */
function relationOwner(oid: string): string {
  return `(SELECT CASE WHEN r.relkind = 'c' THEN ${owner("type", "r.reltype")} ELSE ${owner("relation", "coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = r.oid), r.oid)")} END FROM pg_class r WHERE r.oid = ${oid})`;
}

/** Rows of a catalog that contain their owner's oid. */
function rowsOf(table: string, kind: OwnerKind, oid = "c.oid", where?: string): RowSource {
  return {
    from: `${table} c`,
    id: "c.oid",
    owner: owner(kind, oid),
    ...(where !== undefined && { where }),
  };
}

const relationRows: readonly RowSource[] = [
  {
    from: "pg_class c",
    id: "c.oid",
    owner: relationOwner("c.oid"),
    // 99 is pg_toast.
    where: `${ownRows} AND c.relnamespace <> 99`,
  },
  {
    from: "pg_attribute c",
    id: "c.attrelid::int8 * 65536 + c.attnum",
    owner: relationOwner("c.attrelid"),
    where: `c.attrelid >= ${firstOid} AND c.attnum > 0`,
    // A dropped column keeps its row.
    uncounted: true,
  },
  rowsOf("pg_attrdef", "relation", "c.adrelid", ownRows),
  {
    from: "pg_constraint c",
    id: "c.oid",
    owner: `CASE WHEN c.conrelid = 0 THEN ${owner("type", "c.contypid")} ELSE ${owner("relation", "c.conrelid")} END`,
    where: ownRows,
  },
  {
    from: "pg_index c",
    id: "c.indexrelid",
    owner: owner("relation", "c.indrelid"),
    where: `c.indexrelid >= ${firstOid}`,
  },
  rowsOf("pg_trigger", "relation", "c.tgrelid", `${ownRows} AND NOT c.tgisinternal`),
  rowsOf("pg_rewrite", "relation", "c.ev_class", ownRows),
  {
    from: "pg_sequence c",
    id: "c.seqrelid",
    owner: owner("relation", "c.seqrelid"),
  },
  {
    from: "pg_inherits c",
    id: "c.inhrelid::int8 * 65536 + c.inhseqno",
    owner: owner("relation", "c.inhrelid"),
  },
];

/** The catalogs whose objects' comments are read. */
const commented: readonly (readonly [table: string, owner: string])[] = [
  ["pg_class", relationOwner("c.objoid")],
  [
    "pg_constraint",
    owner("relation", "(SELECT k.conrelid FROM pg_constraint k WHERE k.oid = c.objoid)"),
  ],
  ["pg_trigger", owner("relation", "(SELECT t.tgrelid FROM pg_trigger t WHERE t.oid = c.objoid)")],
  ["pg_rewrite", owner("relation", "(SELECT w.ev_class FROM pg_rewrite w WHERE w.oid = c.objoid)")],
  ["pg_policy", owner("relation", "(SELECT p.polrelid FROM pg_policy p WHERE p.oid = c.objoid)")],
  [
    "pg_statistic_ext",
    owner("relation", "(SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = c.objoid)"),
  ],
  ["pg_proc", owner("routine", "c.objoid")],
  ["pg_type", owner("type", "c.objoid")],
  ["pg_namespace", owner("schema", "c.objoid")],
  ["pg_extension", owner("extension", "c.objoid")],
];

const commentRows: readonly RowSource[] = [
  {
    from: "pg_description c",
    // The class is part of the id, because an oid is unique only in its own catalog.
    id: "c.classoid::int8::text || '/' || c.objoid::int8 || '/' || c.objsubid",
    owner: `coalesce(CASE ${commented.map(([table, sql]) => `WHEN c.classoid = '${table}'::regclass THEN ${sql}`).join(" ")} END, 'relation 0')`,
    where: `c.objoid >= ${firstOid}`,
  },
  // Those of initdb, which can be changed, too: public and plpgsql.
  ...(["pg_namespace", "pg_extension"] as const).map((table) => ({
    from: "pg_description c",
    id: "c.objoid",
    owner: owner(table === "pg_namespace" ? "schema" : "extension", "c.objoid"),
    where: `c.objoid IN (SELECT o.oid FROM ${table} o WHERE o.oid < ${firstOid}) AND c.classoid = '${table}'::regclass`,
  })),
];

const otherRows: readonly RowSource[] = [
  rowsOf("pg_proc", "routine", "c.oid", ownRows),
  // Composite types are found by their relation.
  rowsOf(
    "pg_type",
    "type",
    "c.oid",
    `${ownRows} AND c.typtype IN ('e', 'd', 'r', 'b') AND c.typcategory <> 'A'`,
  ),
  rowsOf("pg_enum", "type", "c.enumtypid"),
  rowsOf("pg_namespace", "schema"),
];

/** Sources that only rare statements change. */
const rareRows: readonly RowSource[] = [
  rowsOf("pg_extension", "extension"),
  rowsOf("pg_policy", "relation", "c.polrelid"),
  rowsOf("pg_statistic_ext", "relation", "c.stxrelid"),
  { from: "pg_foreign_table c", id: "c.ftrelid", owner: owner("relation", "c.ftrelid") },
  rowsOf("pg_language", "language"),
  rowsOf("pg_collation", "collation", "c.oid", ownRows),
  rowsOf("pg_conversion", "conversion", "c.oid", ownRows),
  rowsOf("pg_operator", "operator", "c.oid", ownRows),
  rowsOf("pg_opclass", "operatorClass", "c.oid", ownRows),
  rowsOf("pg_opfamily", "operatorFamily", "c.oid", ownRows),
  rowsOf("pg_cast", "cast", "c.oid", ownRows),
  rowsOf("pg_ts_config", "textSearch", "c.oid", ownRows),
  {
    from: "pg_ts_config_map c",
    id: "c.mapcfg::int8 * 65536 + c.maptokentype * 64 + c.mapseqno",
    owner: owner("textSearch", "c.mapcfg"),
    where: `c.mapcfg >= ${firstOid}`,
  },
  rowsOf("pg_ts_dict", "textSearch", "c.oid", ownRows),
  rowsOf("pg_foreign_data_wrapper", "foreignWrapper"),
  rowsOf("pg_foreign_server", "server"),
  rowsOf("pg_event_trigger", "eventTrigger"),
  rowsOf("pg_publication", "publication"),
  rowsOf("pg_publication_rel", "publication", "c.prpubid"),
  rowsOf("pg_default_acl", "defaultGrants"),
  {
    from: "pg_db_role_setting c",
    id: "c.setrole",
    owner: owner("setting", "c.setrole"),
    where: "c.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
  },
];

/** Since PostgreSQL 15. */
const rowsSince15: readonly RowSource[] = [
  rowsOf("pg_publication_namespace", "publication", "c.pnpubid"),
];

/** Readable only for superusers. */
const superuserRows: readonly RowSource[] = [rowsOf("pg_user_mapping", "userMapping")];

/** Rows that belong to the whole server. */
const roleRows: readonly RowSource[] = [
  rowsOf("pg_authid", "role", "c.oid", ownRows),
  {
    from: "pg_auth_members c",
    id: "c.roleid::int8::text || '/' || c.member::int8",
    owner: owner("role", "c.member"),
    where: `c.member >= ${firstOid}`,
  },
];

/** What can and should be read. */
export interface RowScope {
  /** PostgreSQL's major version. */
  readonly version: number;
  /** The session's user is a superuser. */
  readonly superuser: boolean;
  /** Roles are part of the schema: the server has no other users. Needs a superuser. */
  readonly roles: boolean;
}

/**
 * True for SQL that may change more than the usual catalogs, because it names an object of a rare kind, drops dependent objects,
 * or calls other code, which can do anything. A function that is called inside another statement, such as in the
 * SELECT of a view, is not expected to.
 */
export function mayChangeRareRows(sql: string): boolean {
  if (rareWords.test(sql)) return true;
  return (
    /\b(?:select|with)\b/i.test(sql) && statementsOf(sql).some((each) => calls.has(headOf(each, 1)))
  );
}

const calls: ReadonlySet<string> = new Set(["select", "with"]);
const rareWords =
  /\b(?:aggregate|call|cascade|cast|collation|configuration|conversion|database|dictionary|do|event|execute(?!\s+(?:function|procedure))|extension|foreign\s+(?:data|table)|group|import|language(?!\s+'?(?:plpgsql|sql)\b)|operator|owned|policy|privileges|publication|role|server|statistics|subscription|text\s+search|user)\b/i;

/** The numbers of the sources: all of them, or those that usual statements change. */
export function sourceNumbers(scope: RowScope, { rare }: { readonly rare: boolean }): number[] {
  const all = sourcesOf(scope);
  return [...all.keys()].slice(0, rare ? all.length : usualRows.length);
}

const usualRows = [...relationRows, ...commentRows, ...otherRows];

function sourcesOf({ version, superuser, roles }: RowScope): readonly RowSource[] {
  return [
    ...usualRows,
    ...rareRows,
    ...(version >= 15 ? rowsSince15 : []),
    ...(superuser ? superuserRows : []),
    ...(superuser && roles ? roleRows : []),
  ];
}

/**
 * For each source with one of these numbers one row: `source` (its number), `count`, and `fresh`, the rows that a transaction since `$1` (as text) has
 * written: `id kind owner`, separated by commas. Source -1 has the first transaction that is yet to come in `fresh`.
 */
export function freshRowsSql(scope: RowScope, numbers: readonly number[]): string {
  const now =
    "SELECT -1 AS source, -1 AS count, (txid_snapshot_xmax(txid_current_snapshot()) % 4294967296)::text AS fresh";
  const all = sourcesOf(scope);
  const sources = numbers.flatMap((number) => {
    const source = all[number];
    if (source === undefined) return [];
    const fresh = `age(c.xmin) <= age($1::text::xid)`;
    const count = source.uncounted ? "-1" : "count(*)::int";
    const filter = source.uncounted ? "" : ` FILTER (WHERE ${fresh})`;
    const conditions = [source.where, source.uncounted ? fresh : undefined];
    return `SELECT ${number}, ${count}, string_agg((${source.id})::text || ' ' || ${source.owner}, ',')${filter} FROM ${source.from}${whereOf(conditions)}`;
  });
  return [now, ...sources].join("\nUNION ALL ");
}

/** For each source with one of these numbers all its ids, separated by commas, in the columns `source` and `ids`. */
export function allIdsSql(scope: RowScope, numbers: readonly number[]): string {
  const sources = sourcesOf(scope);
  return numbers
    .flatMap((number) => {
      const source = sources[number];
      return source === undefined
        ? []
        : [
            `SELECT ${number} AS source, string_agg((${source.id})::text, ',') AS ids FROM ${source.from}${whereOf([source.where])}`,
          ];
    })
    .join("\nUNION ALL ");
}

function whereOf(conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((each) => each !== undefined);
  return given.length === 0 ? "" : ` WHERE ${given.join(" AND ")}`;
}
