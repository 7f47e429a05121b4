import type { Column, Relation } from "../database/database-schema.ts";
import { isGraphqlName, serverName } from "./column-values.ts";
import { reasons } from "./computed-fields.ts";
import { NotBuilt, quoted } from "./inconsistency.ts";

/**
 * Checks a table whose rows are the values of an enum (the server's Backends/Postgres/DDL/Table.hs).
 * @param label its name in the server's messages
 * @throws NotBuilt with all problems
 */
export function checkEnumTable(relation: Relation, label: string): void {
  const key = keyOf(relation);
  const ofColumns = [...key.problems, ...columnProblems(relation, key.column)];
  const found = ofColumns.length > 0 ? ofColumns : valueProblems(relation);
  if (found.length > 0)
    throw new NotBuilt(`the table ${label} cannot be used as an enum ${reasons(found)}`);
}

interface Key {
  readonly column?: Column | undefined;
  readonly problems: readonly string[];
}

function keyOf({ primaryKey, columns }: Relation): Key {
  const [name, ...others] = primaryKey;
  if (name === undefined) return { problems: ["the table must have a primary key"] };
  if (others.length > 0)
    return {
      problems: [`the table’s primary key must not span multiple columns (${listed(primaryKey)})`],
    };
  const column = columns.get(name);
  if (column === undefined || column.type === "text") return { column, problems: [] };
  return { problems: [wrongType("primary key", column)] };
}

function columnProblems({ columns }: Relation, key: Column | undefined): string[] {
  const others = [...columns.values()].filter((column) => column !== key);
  const [comment, ...more] = others;
  if (comment === undefined) return [];
  if (more.length === 0)
    return comment.type === "text" ? [] : [wrongType("comment column", comment)];
  const names = others.map(({ name }) => name);
  return [
    `the table must have exactly one primary key and optionally one comment column, not ${String(names.length)} columns (${listed(names)})`,
  ];
}

const wrongType = (what: string, { name, type }: Column): string =>
  `the table’s ${what} (${quoted(name)}) must have type "text", not type ${quoted(serverName(type))}`;

const listed = (names: readonly string[]): string => names.toSorted().join(", ");

/** Empty for a table that was not used as an enum when the database was read: its rows are not known. */
function valueProblems({ enumValues }: Relation): string[] {
  if (enumValues === undefined) return [];
  if (enumValues.length === 0) return ["the table must have at least one row"];
  const bad = enumValues.filter((value) => !isEnumValue(value)).toSorted();
  const last = bad.at(-1);
  if (last === undefined) return [];
  const [first, ...more] = bad.slice(0, -1);
  if (first === undefined)
    return [`the value ${quoted(last)} is not a valid GraphQL enum value name`];
  const before = more.length === 0 ? `${quoted(first)} and` : `${listed([first, ...more])}, and`;
  return [`the values ${before} ${quoted(last)} are not valid GraphQL enum value names`];
}

const isEnumValue = (value: string): boolean =>
  isGraphqlName(value) && !["true", "false", "null"].includes(value);
