import { isTree, textsIn, type Tree } from "../../sql-parser/tree.ts";

/** A name in a parse tree that is looked up or created. */
export interface Mention {
  /** `object`: the tree does not show the kind of object. */
  readonly what: "relation" | "column" | "type" | "function" | "object";
  /** The parts of a qualified name, as far as they are written. */
  readonly parts: readonly string[];
  /** `optional`: with IF EXISTS, IF NOT EXISTS or OR REPLACE. */
  readonly role: "refers" | "makes" | "optional";
  /** A byte position at or before the name, if the tree has one. */
  readonly location: number | undefined;
}

/** The names in the parse tree of one statement. */
export interface Mentions {
  readonly mentions: readonly Mention[];
  /** Texts that may be run, or contain names that are looked up: bodies, and strings that functions and casts receive. */
  readonly texts: readonly string[];
}

/** The position of a part in the tree. */
interface Position {
  /** The object that it belongs to: its type or, for one without, its key. */
  readonly owner: string;
  readonly key: string;
  readonly optional: boolean;
  /** The names of CTEs, which hide relations. */
  readonly hidden: ReadonlySet<string>;
  readonly location: number | undefined;
  /** True inside an argument of a function, or of a cast to regclass or similar. */
  readonly isLookedUp: boolean;
}

type Inner = readonly [value: unknown, position: Position];

/** The names in one part of the tree itself, and the parts that remain to be read. */
interface Read {
  readonly mention?: Mention;
  readonly texts?: readonly string[];
  readonly inner?: readonly Inner[];
}

/** All names in the parse tree of one statement, without aliases, CTEs and references to CTEs. */
export function mentionsIn(statement: unknown): Mentions {
  const mentions: Mention[] = [];
  const texts: string[] = [];
  const top: Position = {
    owner: "",
    key: "",
    optional: false,
    hidden: new Set(),
    location: undefined,
    isLookedUp: false,
  };
  // Not recursive: a tree may be deeper than the stack.
  const open: Inner[] = [[statement, top]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const read = readPart(...next);
    if (read.mention) mentions.push(read.mention);
    texts.push(...(read.texts ?? []));
    open.push(...(read.inner ?? []));
  }
  return { mentions, texts };
}

function readPart(value: unknown, at: Position): Read {
  if (skipped.has(at.key) || skipped.has(`${at.owner}.${at.key}`)) return {};
  if (typeof value === "string")
    return isConstant(value) ? {} : { mention: mentionOf(whatOf(at.key), [value], at) };
  if (Array.isArray(value)) return readList(value, at);
  if (!isTree(value)) return {};
  const [type] = Object.keys(value);
  const content = type === undefined ? undefined : value[type];
  const isTyped = type !== undefined && /^[A-Z]/.test(type) && isTree(content);
  return isTyped ? readNode(type, content, at) : readNode(at.key, value, at);
}

function whatOf(key: string): Mention["what"] {
  return key === "colname" || key === "column" ? "column" : "object";
}

/** A list of nothing but strings is a qualified name, or the columns of a key. */
function readList(list: readonly unknown[], at: Position): Read {
  const parts = textsIn(list);
  if (parts.length === 0 || parts.length !== list.length)
    return { inner: list.map((each) => [each, at]) };
  if (at.key === "objects") return { inner: parts.map((part) => [part, at]) };
  if (!columnLists.has(at.key)) return { mention: mentionOf("object", parts, at) };
  return { inner: parts.map((part) => [part, { ...at, key: "column" }]) };
}

/** `name`: the type of the node, or the key of one without. */
function readNode(name: string, node: Tree, at: Position): Read {
  if (typeof node["relname"] === "string") return relation(node["relname"], node, at);
  if ("names" in node) return { mention: mentionOf("type", textsIn(node["names"]), at, node) };
  const reader = readers.get(name);
  return reader ? reader(node, at) : { inner: innerOf(name, node, at) };
}

const readers: ReadonlyMap<string, (node: Tree, at: Position) => Read> = new Map([
  ["FuncCall", call],
  ["ColumnRef", columnReference],
  ["A_Const", constant],
  ["ResTarget", target],
  ["List", (node, at) => readPart(node["items"], { ...at, key: "items" })],
  ["ObjectWithArgs", objectWithArguments],
  ["String", (node, at) => readPart(node["sval"], at)],
  ["DefElem", option],
  ["TypeCast", cast],
]);

function relation(relname: string, node: Tree, at: Position): Read {
  const { schemaname } = node;
  const isTarget = at.key === "relation" && /^(?:Insert|Update|Delete|Merge)Stmt$/.test(at.owner);
  if (schemaname === undefined && at.hidden.has(relname) && !isTarget) return {};
  const parts = [...(typeof schemaname === "string" ? [schemaname] : []), relname];
  return { mention: mentionOf("relation", parts, at, node) };
}

function call(node: Tree, at: Position): Read {
  const { funcname, ...rest } = node;
  return {
    mention: mentionOf("function", textsIn(funcname), at, node),
    inner: innerOf("FuncCall", rest, { ...at, isLookedUp: true }),
  };
}

function columnReference(node: Tree, at: Position): Read {
  const parts = textsIn(node["fields"]);
  return parts.length === 0 ? {} : { mention: mentionOf("column", parts, at, node) };
}

function constant(node: Tree, { isLookedUp }: Position): Read {
  const text = isTree(node["sval"]) ? node["sval"]["sval"] : undefined;
  return isLookedUp && typeof text === "string" ? { texts: [text] } : {};
}

/** A column that is assigned to; elsewhere the name is an alias. */
function target(node: Tree, at: Position): Read {
  const { name, ...rest } = node;
  const isColumn =
    at.key === "cols" || (at.key === "targetList" && !/^(?:SelectStmt|[lr]arg)$/.test(at.owner));
  return {
    ...(isColumn && typeof name === "string" && { mention: mentionOf("column", [name], at, node) }),
    inner: innerOf("ResTarget", rest, at),
  };
}

function objectWithArguments(node: Tree, at: Position): Read {
  const { objname, ...rest } = node;
  return {
    mention: mentionOf("function", textsIn(objname), at),
    inner: innerOf("ObjectWithArgs", rest, at),
  };
}

/** An option of a statement. The option `as` is the body of a function. */
function option(node: Tree, at: Position): Read {
  const { defname, arg } = node;
  if (defname !== "as") return { inner: [[arg, { ...at, location: locationIn(node) }]] };
  const body = isTree(arg) && isTree(arg["List"]) ? arg["List"]["items"] : [arg];
  return { texts: textsIn(body) };
}

function cast(node: Tree, at: Position): Read {
  const { typeName } = node;
  const type = isTree(typeName) ? textsIn(typeName["names"]).at(-1) : undefined;
  const isLookUp = type?.startsWith("reg") === true;
  return {
    inner: innerOf("TypeCast", node, isLookUp ? { ...at, isLookedUp: true } : at),
  };
}

function innerOf(name: string, node: Tree, at: Position): Inner[] {
  return Object.entries(node).map(([key, value]) => [
    value,
    {
      owner: name,
      key,
      // For an added column, or a table that is created from a query, only its own name.
      optional: isOptional(name, node, key) || (at.optional && /^(?:colname|rel)$/.test(key)),
      hidden: hiddenBelow(node, key, at.hidden),
      location: locationIn(node),
      isLookedUp: at.isLookedUp,
    },
  ]);
}

function isOptional(name: string, node: Tree, key: string): boolean {
  if (node["missing_ok"] === true) return optionalKeys.has(key);
  const isMade = made.has(`${name}.${key}`) || key === "into";
  return isMade && makingFlags.some((flag) => node[flag] === true);
}

/** CTEs hide relations with the same names in the whole statement; their scopes are not distinguished here. */
function hiddenBelow(node: Tree, key: string, hidden: ReadonlySet<string>): ReadonlySet<string> {
  const clause = node["withClause"];
  if (!isTree(clause) || !Array.isArray(clause["ctes"])) return hidden;
  // A CTE that is not recursive does not see itself.
  if (key === "withClause" && clause["recursive"] !== true) return hidden;
  const names = clause["ctes"].flatMap((each: unknown) => {
    const cte = isTree(each) ? each["CommonTableExpr"] : undefined;
    return isTree(cte) && typeof cte["ctename"] === "string" ? [cte["ctename"]] : [];
  });
  return new Set([...hidden, ...names]);
}

function mentionOf(
  what: Mention["what"],
  parts: readonly string[],
  at: Position,
  node?: Tree,
): Mention {
  const role = at.optional ? "optional" : made.has(`${at.owner}.${at.key}`) ? "makes" : "refers";
  return { what, parts, role, location: node === undefined ? at.location : locationIn(node) };
}

/** PostgreSQL's internal letters, aliases, and texts that are not looked up. */
const skipped: ReadonlySet<string> = new Set([
  ...["relpersistence", "fk_matchtype", "fk_upd_action", "fk_del_action", "generated_when"],
  ...["identity", "storage", "compression", "cmd_name", "priv_name", "behavior", "location"],
  ...["alias", "ctename", "aliascolnames", "comment", "label", "search_clause", "cycle_clause"],
  ...["ViewStmt.aliases", "into.colNames", "intoClause.colNames", "VariableSetStmt.name"],
  ...["CreateEnumStmt.vals", "AlterEnumStmt.newValNeighbor", "FunctionParameter.name"],
  ...["WindowDef.name", "WindowDef.refname", "NamedArgExpr.name", "XmlExpr.name"],
  ...["IndexStmt.accessMethod", "JoinExpr.alias", "FunctionParameter.mode"],
]);

/** Keys whose lists contain columns, each of which is a separate name. */
const columnLists: ReadonlySet<string> = new Set([
  ...["keys", "pk_attrs", "fk_attrs", "fk_del_set_cols", "including", "columns", "attlist"],
  ...["cols", "usingClause"],
]);

/** Names that a statement creates. */
const made: ReadonlySet<string> = new Set([
  ...["CreateStmt.relation", "base.relation", "ViewStmt.view", "into.rel", "intoClause.rel"],
  ...["CreateSeqStmt.sequence", "CompositeTypeStmt.typevar", "IndexStmt.idxname"],
  ...["RenameStmt.newname", "ColumnDef.colname", "Constraint.conname", "CreateEnumStmt.typeName"],
  ...["CreateRangeStmt.typeName", "CreateDomainStmt.domainname", "DefineStmt.defnames"],
  ...["CreateFunctionStmt.funcname", "CreateTrigStmt.trigname", "CreateEventTrigStmt.trigname"],
  ...["CreatePolicyStmt.policy_name", "RuleStmt.rulename", "CreateSchemaStmt.schemaname"],
  ...["CreateExtensionStmt.extname", "CreateRoleStmt.role", "CreatedbStmt.dbname"],
  ...["CreateTableSpaceStmt.tablespacename", "CreateFdwStmt.fdwname", "AlterEnumStmt.newVal"],
  ...["CreateForeignServerStmt.servername", "CreatePublicationStmt.pubname"],
  ...["CreateSubscriptionStmt.subname", "CreateStatsStmt.defnames", "CreatePLangStmt.plname"],
  ...["CreateConversionStmt.conversion_name", "CreateOpClassStmt.opclassname"],
  ...["CreateOpFamilyStmt.opfamilyname", "CreateAmStmt.amname", "PrepareStmt.name"],
  ...["DeclareCursorStmt.portalname", "TransactionStmt.savepoint_name"],
]);

/** IF NOT EXISTS and OR REPLACE: what the statement makes may be there. */
const makingFlags = ["if_not_exists", "replace", "skipIfNewValExists"];

/** The names that may be missing with IF EXISTS; ADD COLUMN has IF NOT EXISTS in the same flag. */
const optionalKeys: ReadonlySet<string> = new Set([
  ...["relation", "objects", "object", "name", "def", "roles", "dbname", "servername"],
  ...["subname", "fdwname", "tablespacename"],
]);

/** A constant of the parser, such as `OBJECT_TABLE`. */
function isConstant(text: string): boolean {
  return /^[A-Z]+_[A-Z_]+$/.test(text) || text.startsWith("CTEMaterialize");
}

function locationIn(node: Tree): number | undefined {
  return typeof node["location"] === "number" ? node["location"] : undefined;
}
