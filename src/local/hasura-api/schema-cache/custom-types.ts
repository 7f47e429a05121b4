import type { Json, JsonMap } from "../../../metadata/document/json.ts";
import {
  fullName,
  mapAt,
  mapsAt,
  nameText,
  qualified,
  textAt,
  type MetadataDocument,
} from "../metadata-document.ts";
import { reasons } from "./computed-fields.ts";
import type { Findings } from "./findings.ts";
import { MissingName, NotBuilt, quoted } from "./inconsistency.ts";
import { customTypesObject } from "./metadata-object.ts";
import type { OtherEnds } from "./remote-relationships.ts";
import type { BuiltSource } from "./tracked-table.ts";

/** The types that actions can use. */
export interface CustomTypes {
  /** Scalars, enums and input objects. */
  readonly inputs: ReadonlySet<string>;
  readonly scalars: ReadonlySet<string>;
  readonly objects: ReadonlyMap<string, JsonMap>;
}

/** `unchecked`: names of sources whose databases are not known. */
type Sources = Pick<OtherEnds, "sources" | "unchecked">;

const builtIn = ["Int", "Float", "String", "Boolean", "ID"];

/** Other names that the server has for types of Postgres. */
const postgresNames = ["bigint", "smallint", "integer", "real", "boolean", "serial", "bigserial"];

/** Undefined if the custom types are inconsistent: then all actions are. */
export function buildCustomTypes(
  metadata: MetadataDocument,
  { sources, unchecked }: Sources,
  findings: Findings,
): CustomTypes | undefined {
  const value = mapAt(metadata, "custom_types");
  const types = typesIn(value, sources, unchecked.size > 0);
  return findings.attempt(customTypesObject(value), "", () => {
    const problems = problemsOf(value, types, { sources, unchecked });
    if (problems.length > 0) {
      const unknown = missingNames(value);
      const Thrown = problems.every((each) => unknown.has(each)) ? MissingName : NotBuilt;
      throw new Thrown(`validation for the given custom types failed ${reasons(problems)}`);
    }
    return types;
  });
}

const namesIn = (value: JsonMap, list: string): string[] =>
  mapsAt(value, list).map((entry) => textAt(entry, "name"));

function typesIn(
  value: JsonMap,
  sources: ReadonlyMap<string, BuiltSource>,
  hasOthers: boolean,
): CustomTypes {
  const ofDatabases = [...sources.values()].flatMap(({ schema }) => [...schema.scalars]);
  const Names = hasOthers ? AllNames : Set<string>;
  const scalars = new Names([
    ...[...builtIn, ...namesIn(value, "scalars")],
    ...(sources.size > 0 ? [...ofDatabases, ...postgresNames] : []),
  ]);
  return {
    scalars,
    inputs: new Names([...scalars, ...namesIn(value, "enums"), ...namesIn(value, "input_objects")]),
    objects: new Map(
      mapsAt(value, "objects").map((entry) => [textAt(entry, "name"), entry] as const),
    ),
  };
}

/** The names of types if some databases are not known: any name may be a type of such a database. */
class AllNames extends Set<string> {
  override has(): boolean {
    return true;
  }
}

/** The name in a type reference: `Int` of `[Int!]!`. */
export const baseType = (reference: string): string => reference.replaceAll(/[[\]!\s]/g, "");

function problemsOf(value: JsonMap, types: CustomTypes, sources: Sources): string[] {
  const names = ["scalars", "enums", "input_objects", "objects"].flatMap((list) =>
    namesIn(value, list),
  );
  const repeated = repetitions(names);
  return [
    ...(repeated.length > 0 ? [`duplicate type names: ${list(repeated)}`] : []),
    ...mapsAt(value, "enums").flatMap(enumProblems),
    ...mapsAt(value, "input_objects").flatMap((entry) => inputProblems(entry, types)),
    ...mapsAt(value, "objects").flatMap((entry) => objectProblems(entry, types, value, sources)),
  ];
}

const list = (names: readonly string[]): string => names.map(quoted).join(", ");

const repetitions = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i)),
];

function enumProblems(entry: JsonMap): string[] {
  const repeated = repetitions(mapsAt(entry, "values").map((value) => textAt(value, "value")));
  return repeated.length === 0
    ? []
    : [`the enum type ${quoted(textAt(entry, "name"))} has duplicate values: ${list(repeated)}`];
}

function inputProblems(entry: JsonMap, { inputs }: CustomTypes): string[] {
  const name = quoted(textAt(entry, "name"));
  const repeated = repetitions(namesIn(entry, "fields"));
  return [
    ...(repeated.length > 0
      ? [`the input object ${name} has duplicate fields: ${list(repeated)}`]
      : []),
    ...unknownTypes(entry, (type) => inputs.has(type)).map(
      ([field, type]) =>
        `the type ${quoted(type)} for field ${quoted(field)} in  input object type ${name} does not exist`,
    ),
  ];
}

function unknownTypes(entry: JsonMap, isKnown: (type: string) => boolean): [string, string][] {
  return mapsAt(entry, "fields").flatMap((field): [string, string][] => {
    const type = baseType(textAt(field, "type"));
    return isKnown(type) ? [] : [[textAt(field, "name"), type]];
  });
}

function objectProblems(
  entry: JsonMap,
  { scalars, objects }: CustomTypes,
  value: JsonMap,
  sources: Sources,
): string[] {
  const name = quoted(textAt(entry, "name"));
  const relationships = mapsAt(entry, "relationships");
  const repeated = repetitions([...namesIn(entry, "fields"), ...namesIn(entry, "relationships")]);
  const others = new Set([...objects.keys(), ...namesIn(value, "enums")]);
  const ofSources = new Set(relationships.map((each) => textAt(each, "source") || "default"));
  return [
    ...(repeated.length > 0 ? [`the object ${name} has duplicate fields: ${list(repeated)}`] : []),
    ...unknownTypes(entry, (type) => scalars.has(type) || others.has(type)).map(
      ([field, type]) =>
        `the type ${quoted(type)} for field ${quoted(field)} in  object type ${name} does not exist`,
    ),
    ...(ofSources.size > 1
      ? [`the object ${name} has relationships refers to tables in multiple sources`]
      : relationships.flatMap((each) => relationshipProblems(each, entry, sources))),
  ];
}

function relationshipProblems(
  relationship: JsonMap,
  entry: JsonMap,
  { sources, unchecked }: Sources,
): string[] {
  const sourceName = textAt(relationship, "source") || "default";
  if (unchecked.has(sourceName)) return [];
  const to = qualified(relationship["remote_table"]) ?? { schema: "", name: "" };
  const tracked = sources.get(sourceName)?.tables.get(fullName(to));
  if (tracked === undefined) return [missingTable(relationship, entry)];
  const [name, relation] = [textAt(entry, "name"), textAt(relationship, "name")].map(quoted);
  const fields = new Map(
    mapsAt(entry, "fields").map((field) => [textAt(field, "name"), textAt(field, "type")]),
  );
  return Object.entries(mapAt(relationship, "field_mapping")).flatMap(([field, column]) => {
    const type = fields.get(field);
    const isColumn = typeof column === "string" && tracked.relation.columns.has(column);
    return [
      ...(type === undefined
        ? [
            `the field ${quoted(field)} for relationship ${relation} in object type ${name} does not exist`,
          ]
        : []),
      ...(type?.startsWith("[") === true
        ? [
            `the type of the field ${quoted(field)} for relationship ${relation} in object type ${name} is a list type`,
          ]
        : []),
      ...(isColumn ? [] : [missingColumn(column, relationship, entry)]),
    ];
  });
}

/** The problems that would be reported for missing tables and columns if none existed. */
function missingNames(value: JsonMap): ReadonlySet<string> {
  return new Set(
    mapsAt(value, "objects").flatMap((entry) =>
      mapsAt(entry, "relationships").flatMap((each) => [
        missingTable(each, entry),
        ...Object.values(mapAt(each, "field_mapping")).map((column) =>
          missingColumn(column, each, entry),
        ),
      ]),
    ),
  );
}

function missingTable(relationship: JsonMap, entry: JsonMap): string {
  return `the remote table ${namesOf(relationship, entry)} does not exist`;
}

function missingColumn(column: Json, relationship: JsonMap, entry: JsonMap): string {
  const name = quoted(typeof column === "string" ? column : "");
  return `the column ${name} of remote table ${namesOf(relationship, entry)} does not exist`;
}

function namesOf(relationship: JsonMap, entry: JsonMap): string {
  const to = qualified(relationship["remote_table"]) ?? { schema: "", name: "" };
  return `${quoted(nameText(to))} for relationship ${quoted(textAt(relationship, "name"))} of object type ${quoted(textAt(entry, "name"))}`;
}
