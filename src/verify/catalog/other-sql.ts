import { comment, type Description, grants, inProject, ofNoExtension } from "./describe-sql.ts";
import type { OwnerKind } from "./rows.ts";

const routine: Description = {
  owner: "c.oid",
  kind: "CASE c.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END",
  name: "format('%I.%I(%s)', n.nspname, c.proname, pg_get_function_identity_arguments(c.oid))",
  from: "pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace",
  where: [inProject("n.nspname"), ofNoExtension("pg_proc", "c.oid")],
  facts: {
    definition: "CASE WHEN c.prokind <> 'a' THEN pg_get_functiondef(c.oid) END",
    aggregate:
      "SELECT format('%s %s %s initially %s', a.aggtransfn::regproc, format_type(a.aggtranstype, NULL), a.aggfinalfn::regproc, coalesce(a.agginitval, 'null')) FROM pg_aggregate a WHERE a.aggfnoid = c.oid",
    owner: "pg_get_userbyid(c.proowner)",
    grants: grants("c.proacl", "f", "c.proowner"),
    comment: comment("pg_proc", "c.oid"),
  },
};

const type: Description = {
  owner: "c.oid",
  kind: "CASE c.typtype WHEN 'd' THEN 'domain' ELSE 'type' END",
  name: "format('%I.%I', n.nspname, c.typname)",
  from: "pg_type c JOIN pg_namespace n ON n.oid = c.typnamespace",
  where: [
    inProject("n.nspname"),
    ofNoExtension("pg_type", "c.oid"),
    "c.typtype IN ('e', 'd', 'c', 'r', 'b')",
    // Neither the row type of a relation nor the array type of another type is a separate object.
    "(c.typrelid = 0 OR EXISTS (SELECT FROM pg_class r WHERE r.oid = c.typrelid AND r.relkind = 'c'))",
    "NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = c.oid)",
  ],
  facts: {
    values:
      "SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = c.oid",
    "base type": "CASE WHEN c.typtype = 'd' THEN format_type(c.typbasetype, c.typtypmod) END",
    nulls: "CASE WHEN c.typtype = 'd' AND c.typnotnull THEN 'not allowed' END",
    default: "c.typdefault",
    constraints:
      "SELECT string_agg(format('%I %s', k.conname, pg_get_constraintdef(k.oid)), ', ' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = c.oid AND k.contype = 'c'",
    attributes:
      "SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.typrelid AND a.attnum > 0 AND NOT a.attisdropped",
    "range of": "SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = c.oid",
    owner: "pg_get_userbyid(c.typowner)",
    grants: grants("c.typacl", "T", "c.typowner"),
    comment: comment("pg_type", "c.oid"),
  },
};

const schema: Description = {
  owner: "c.oid",
  kind: "'schema'",
  name: "quote_ident(c.nspname)",
  from: "pg_namespace c",
  where: [inProject("c.nspname"), ofNoExtension("pg_namespace", "c.oid")],
  facts: {
    owner: "pg_get_userbyid(c.nspowner)",
    grants: grants("c.nspacl", "n", "c.nspowner"),
    comment: comment("pg_namespace", "c.oid"),
  },
};

const extension: Description = {
  owner: "c.oid",
  kind: "'extension'",
  name: "quote_ident(c.extname)",
  from: "pg_extension c JOIN pg_namespace n ON n.oid = c.extnamespace",
  facts: {
    version: "c.extversion",
    schema: "n.nspname",
    comment: comment("pg_extension", "c.oid"),
  },
};

/** Rare objects: only their existence and their main properties are described. */
const rare: Readonly<Partial<Record<OwnerKind, Description>>> = {
  language: {
    owner: "c.oid",
    kind: "'language'",
    name: "quote_ident(c.lanname)",
    from: "pg_language c",
    where: [ofNoExtension("pg_language", "c.oid")],
    facts: { grants: grants("c.lanacl", "l", "c.lanowner") },
  },
  collation: inSchema("collation", "pg_collation", "coll", {
    encoding: "nullif(c.collencoding, -1)",
    provider: "c.collprovider",
    deterministic: "CASE WHEN NOT c.collisdeterministic THEN 'no' END",
  }),
  conversion: inSchema("conversion", "pg_conversion", "con", { function: "c.conproc::regproc" }),
  operator: {
    ...inSchema("operator", "pg_operator", "opr", {
      function: "c.oprcode",
      commutator: "nullif(c.oprcom, 0)::regoperator",
      negator: "nullif(c.oprnegate, 0)::regoperator",
    }),
    name: "c.oid::regoperator::text",
  },
  operatorClass: {
    ...inSchema("operator class", "pg_opclass", "opc", {
      type: "format_type(c.opcintype, NULL)",
      default: "CASE WHEN c.opcdefault THEN 'yes' END",
    }),
    name: "(SELECT format('%I.%I for %s', n.nspname, c.opcname, m.amname) FROM pg_am m WHERE m.oid = c.opcmethod)",
  },
  operatorFamily: {
    ...inSchema("operator family", "pg_opfamily", "opf", {}),
    name: "(SELECT format('%I.%I for %s', n.nspname, c.opfname, m.amname) FROM pg_am m WHERE m.oid = c.opfmethod)",
  },
  cast: {
    owner: "c.oid",
    kind: "'cast'",
    name: "format('%s to %s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL))",
    from: "pg_cast c",
    where: [ofNoExtension("pg_cast", "c.oid")],
    facts: {
      function: "nullif(c.castfunc, 0)::regprocedure",
      context: "CASE c.castcontext WHEN 'a' THEN 'assignment' WHEN 'i' THEN 'implicit' END",
    },
  },
  foreignWrapper: {
    owner: "c.oid",
    kind: "'foreign data wrapper'",
    name: "quote_ident(c.fdwname)",
    from: "pg_foreign_data_wrapper c",
    where: [ofNoExtension("pg_foreign_data_wrapper", "c.oid")],
    facts: {
      options: "array_to_string(c.fdwoptions, ', ')",
      grants: grants("c.fdwacl", "F", "c.fdwowner"),
    },
  },
  server: {
    owner: "c.oid",
    kind: "'foreign server'",
    name: "quote_ident(c.srvname)",
    from: "pg_foreign_server c JOIN pg_foreign_data_wrapper w ON w.oid = c.srvfdw",
    where: [ofNoExtension("pg_foreign_server", "c.oid")],
    facts: {
      wrapper: "w.fdwname",
      version: "c.srvversion",
      options: "array_to_string(c.srvoptions, ', ')",
      grants: grants("c.srvacl", "S", "c.srvowner"),
    },
  },
  // Its options can hold a password.
  userMapping: {
    owner: "c.oid",
    kind: "'user mapping'",
    name: "format('%s on %I', CASE c.umuser WHEN 0 THEN 'public' ELSE pg_get_userbyid(c.umuser)::text END, s.srvname)",
    from: "pg_user_mapping c JOIN pg_foreign_server s ON s.oid = c.umserver",
    facts: {},
  },
  eventTrigger: {
    owner: "c.oid",
    kind: "'event trigger'",
    name: "quote_ident(c.evtname)",
    from: "pg_event_trigger c",
    where: [
      ofNoExtension("pg_event_trigger", "c.oid"),
      "c.evtname NOT LIKE 'hasura\\_migrate\\_local\\_%'",
    ],
    facts: {
      event: "c.evtevent",
      function: "c.evtfoid::regproc",
      state: "CASE c.evtenabled WHEN 'O' THEN NULL ELSE c.evtenabled END",
      tags: "array_to_string(c.evttags, ', ')",
    },
  },
  defaultGrants: {
    owner: "c.oid",
    kind: "'default privileges'",
    name: "format('%s of %s%s', CASE c.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE c.defaclobjtype::text END, pg_get_userbyid(c.defaclrole), CASE WHEN c.defaclnamespace <> 0 THEN ' in ' || c.defaclnamespace::regnamespace END)",
    from: "pg_default_acl c",
    facts: { grants: "array_to_string(c.defaclacl, ', ')" },
  },
  setting: {
    owner: "c.setrole",
    kind: "'setting'",
    name: "CASE c.setrole WHEN 0 THEN 'of the database' ELSE 'of the database for ' || pg_get_userbyid(c.setrole) END",
    from: "pg_db_role_setting c",
    where: ["c.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"],
    facts: { values: "array_to_string(c.setconfig, ', ')" },
  },
  role: {
    owner: "c.oid",
    kind: "'role'",
    name: "quote_ident(c.rolname)",
    from: "pg_authid c",
    // The toggles of an extension's installation belong to this program.
    where: ["c.rolname <> 'postgres'", "c.oid >= 16384"],
    facts: {
      rights:
        "nullif(concat_ws(', ', CASE WHEN c.rolsuper THEN 'superuser' END, CASE WHEN c.rolcreaterole THEN 'createrole' END, CASE WHEN c.rolcreatedb THEN 'createdb' END, CASE WHEN c.rolcanlogin THEN 'login' END, CASE WHEN c.rolreplication THEN 'replication' END, CASE WHEN c.rolbypassrls THEN 'bypassrls' END, CASE WHEN NOT c.rolinherit THEN 'noinherit' END), '')",
      "member of":
        "SELECT string_agg(pg_get_userbyid(m.roleid)::text, ', ' ORDER BY pg_get_userbyid(m.roleid)::text) FROM pg_auth_members m WHERE m.member = c.oid",
      settings:
        "SELECT array_to_string(s.setconfig, ', ') FROM pg_db_role_setting s WHERE s.setrole = c.oid AND s.setdatabase = 0",
    },
  },
};

const textSearch: readonly Description[] = [
  inSchema("text search configuration", "pg_ts_config", "cfg", {
    mappings:
      "SELECT string_agg(format('%s to %s', m.maptokentype, m.mapdict::regdictionary), ', ' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid",
  }),
  inSchema("text search dictionary", "pg_ts_dict", "dict", { options: "c.dictinitoption" }),
];

function publication(version: number): Description {
  const schemas =
    "SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY 1) FROM pg_publication_namespace s WHERE s.pnpubid = c.oid";
  return {
    owner: "c.oid",
    kind: "'publication'",
    name: "quote_ident(c.pubname)",
    from: "pg_publication c",
    facts: {
      tables:
        "SELECT string_agg(r.prrelid::regclass::text, ', ' ORDER BY r.prrelid::regclass::text) FROM pg_publication_rel r WHERE r.prpubid = c.oid",
      ...(version >= 15 && { schemas }),
      scope: "CASE WHEN c.puballtables THEN 'all tables' END",
      operations:
        "concat_ws(', ', CASE WHEN c.pubinsert THEN 'insert' END, CASE WHEN c.pubupdate THEN 'update' END, CASE WHEN c.pubdelete THEN 'delete' END, CASE WHEN c.pubtruncate THEN 'truncate' END)",
    },
  };
}

/** An object whose catalog names its columns after a prefix: `collname`, `collnamespace`, `collowner`. */
function inSchema(
  kind: string,
  table: string,
  prefix: string,
  facts: Readonly<Record<string, string>>,
): Description {
  return {
    owner: "c.oid",
    kind: `'${kind}'`,
    name: `format('%I.%I', n.nspname, c.${prefix}name)`,
    from: `${table} c JOIN pg_namespace n ON n.oid = c.${prefix}namespace`,
    where: [inProject("n.nspname"), ofNoExtension(table, "c.oid")],
    facts: { ...facts, owner: `pg_get_userbyid(c.${prefix}owner)` },
  };
}

/** How objects of a kind are described; `version` is PostgreSQL's major version. */
export function otherDescriptions(
  kind: Exclude<OwnerKind, "relation">,
  version: number,
): readonly Description[] {
  switch (kind) {
    case "routine":
      return [routine];
    case "type":
      return [type];
    case "schema":
      return [schema];
    case "extension":
      return [extension];
    case "publication":
      return [publication(version)];
    case "textSearch":
      return textSearch;
    default: {
      const description = rare[kind];
      return description === undefined ? [] : [description];
    }
  }
}
