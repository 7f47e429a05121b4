import { comment, type Description, grants, inProject, ofNoExtension } from "./describe-sql.ts";

const from = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";
const relationName = "format('%I.%I', n.nspname, c.relname)";
const relationKind =
  "CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' ELSE 'table' END";
const within = `${relationKind} || ' ' || ${relationName}`;
const where = [
  inProject("n.nspname"),
  ofNoExtension("pg_class", "c.oid"),
  "c.relpersistence <> 't'",
];
/** The name of an object that belongs to a relation, and that is unique only there. */
const partName = (name: string): string => `format('%I.%I.%I', n.nspname, c.relname, ${name})`;

const sequence =
  "SELECT format('%s start %s increment %s from %s to %s cache %s%s', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' END) FROM pg_sequence s WHERE s.seqrelid = c.oid";
/** The column that a sequence is dropped with. */
const sequenceColumn =
  "SELECT 'column ' || format('%I.%I.%I', ns.nspname, t.relname, a.attname) FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace ns ON ns.oid = t.relnamespace JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') LIMIT 1";

const relations: Description = {
  owner: "c.oid",
  kind: relationKind,
  name: relationName,
  within: `CASE WHEN c.relkind = 'S' THEN (${sequenceColumn}) END`,
  from: `${from} LEFT JOIN pg_am am ON am.oid = c.relam`,
  where: [...where, "c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"],
  facts: {
    definition: "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
    sequence: `CASE WHEN c.relkind = 'S' THEN (${sequence}) END`,
    "owned by": `CASE WHEN c.relkind = 'S' THEN substr((${sequenceColumn}), 8) END`,
    "partitioned by": "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END",
    partition: "pg_get_expr(c.relpartbound, c.oid)",
    parents:
      "SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid",
    "row level security":
      "nullif(concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'enabled' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END), '')",
    logging: "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END",
    "storage options": "array_to_string(c.reloptions, ', ')",
    "replica identity":
      "CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'an index' WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p') THEN 'nothing' END END",
    "access method": "CASE WHEN am.amname <> 'heap' THEN am.amname END",
    tablespace: "SELECT t.spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace",
    "foreign server":
      "SELECT s.srvname || ' ' || coalesce(array_to_string(t.ftoptions, ', '), '') FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = t.ftserver WHERE t.ftrelid = c.oid",
    owner: "pg_get_userbyid(c.relowner)",
    grants: `CASE WHEN c.relkind = 'S' THEN ${grants("c.relacl", "s", "c.relowner")} ELSE ${grants("c.relacl", "r", "c.relowner")} END`,
    comment: comment("pg_class", "c.oid"),
  },
};

/** @param version PostgreSQL's major version */
const columns = (version: number): Description => ({
  owner: "a.attrelid",
  kind: "'column'",
  name: partName("a.attname"),
  within,
  from: `pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum`,
  where: [...where, "c.relkind IN ('r', 'p', 'v', 'm', 'f')", "a.attnum > 0", "NOT a.attisdropped"],
  facts: {
    type: "format_type(a.atttypid, a.atttypmod)",
    nulls: "CASE WHEN a.attnotnull THEN 'not allowed' ELSE 'allowed' END",
    default: "CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END",
    generated:
      "CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) || CASE a.attgenerated WHEN 's' THEN ' stored' ELSE ' virtual' END END",
    identity: "CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END",
    collation:
      "SELECT format('%I.%I', ns.nspname, o.collname) FROM pg_collation o JOIN pg_namespace ns ON ns.oid = o.collnamespace WHERE o.oid = a.attcollation AND a.attcollation <> t.typcollation",
    storage:
      "CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END",
    ...(version >= 14 && {
      compression: "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
    }),
    "statistics target": "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END",
    options: "array_to_string(a.attoptions, ', ')",
    "foreign options": "array_to_string(a.attfdwoptions, ', ')",
    grants: grants("a.attacl", "c", "c.relowner"),
    comment: comment("pg_class", "a.attrelid", "a.attnum"),
  },
});

const parts: readonly Description[] = [
  {
    owner: "k.conrelid",
    kind: "'constraint'",
    name: partName("k.conname"),
    within,
    from: `pg_constraint k JOIN ${from} ON c.oid = k.conrelid`,
    // NOT NULL is a fact of the column; PostgreSQL 18 lists it as a constraint, too.
    where: [...where, "k.contype IN ('c', 'f', 'p', 'u', 'x')", "k.conparentid = 0"],
    facts: {
      definition: "pg_get_constraintdef(k.oid)",
      "cluster order":
        "SELECT 'on' FROM pg_index x WHERE x.indexrelid = k.conindid AND x.indrelid = k.conrelid AND x.indisclustered",
      comment: comment("pg_constraint", "k.oid"),
    },
  },
  {
    owner: "x.indrelid",
    kind: "'index'",
    name: "format('%I.%I', n.nspname, i.relname)",
    within,
    from: `pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN ${from} ON c.oid = x.indrelid`,
    where: [
      ...where,
      "NOT i.relispartition",
      "NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = x.indrelid AND k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))",
    ],
    facts: {
      definition: "pg_get_indexdef(x.indexrelid)",
      state: "CASE WHEN NOT x.indisvalid THEN 'invalid' END",
      "cluster order": "CASE WHEN x.indisclustered THEN 'on' END",
      "replica identity": "CASE WHEN x.indisreplident THEN 'yes' END",
      comment: comment("pg_class", "x.indexrelid"),
    },
  },
  {
    owner: "t.tgrelid",
    kind: "'trigger'",
    name: partName("t.tgname"),
    within,
    from: `pg_trigger t JOIN ${from} ON c.oid = t.tgrelid`,
    where: [...where, "NOT t.tgisinternal", "t.tgparentid = 0"],
    facts: {
      definition: "pg_get_triggerdef(t.oid)",
      state:
        "CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END",
      comment: comment("pg_trigger", "t.oid"),
    },
  },
  {
    owner: "w.ev_class",
    kind: "'rule'",
    name: partName("w.rulename"),
    within,
    from: `pg_rewrite w JOIN ${from} ON c.oid = w.ev_class`,
    where: [...where, "w.rulename <> '_RETURN'"],
    facts: {
      definition: "pg_get_ruledef(w.oid)",
      state:
        "CASE w.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END",
      comment: comment("pg_rewrite", "w.oid"),
    },
  },
  {
    owner: "p.polrelid",
    kind: "'policy'",
    name: partName("p.polname"),
    within,
    from: `pg_policy p JOIN ${from} ON c.oid = p.polrelid`,
    where,
    facts: {
      kind: "CASE WHEN NOT p.polpermissive THEN 'restrictive' END",
      command:
        "CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END",
      roles:
        "SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ', ' ORDER BY 1) FROM unnest(p.polroles) r",
      using: "pg_get_expr(p.polqual, p.polrelid)",
      "with check": "pg_get_expr(p.polwithcheck, p.polrelid)",
      comment: comment("pg_policy", "p.oid"),
    },
  },
  {
    owner: "s.stxrelid",
    kind: "'statistics'",
    name: "format('%I.%I', sn.nspname, s.stxname)",
    within,
    from: `pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace JOIN ${from} ON c.oid = s.stxrelid`,
    where,
    facts: {
      definition: "pg_get_statisticsobjdef(s.oid)",
      comment: comment("pg_statistic_ext", "s.oid"),
    },
  },
];

/** A relation, and everything that belongs to it. */
export function relationDescriptions(version: number): readonly Description[] {
  return [relations, columns(version), ...parts];
}
