import * as z from "zod";
import { quoteIdentifier, quoteLiteral } from "../../../engine/sql/quote.ts";
import { isJsonMap, type Json, type JsonMap } from "../../../metadata/document/json.ts";
import { mapAt, mapsAt, textAt } from "../metadata-document.ts";
import { comparedName } from "../schema-cache/column-values.ts";
import { partsOf } from "../schema-cache/native-queries.ts";

/** The name of the statement, which is the server's (its Backends/Postgres/Instances/NativeQueries.hs). */
const statement = "_logimo_vali_";

/** Runs SQL in the database of a source, outside a transaction. */
export interface QueryRunner {
  /** The first value of the result of a statement. PostgreSQL must refuse several of them: nothing of a query may be executed. */
  readonly ask: (sql: string) => Promise<unknown>;
  /** What the server reports of an error of the database. @throws anything else */
  readonly detailOf: (thrown: unknown) => Json;
}

/** The native queries of a source that its database cannot prepare, by name, with the answer of the database or what is wrong. */
export async function invalidQueries(
  source: JsonMap,
  runner: QueryRunner,
): Promise<ReadonlyMap<string, Json>> {
  const invalid = new Map<string, Json>();
  for (const query of mapsAt(source, "native_queries")) {
    const detail = await problemOf(query, columnsOf(query, source), runner);
    if (detail !== undefined) invalid.set(textAt(query, "root_field_name"), detail);
  }
  return invalid;
}

type Columns = readonly (readonly [name: string, type: string])[];

/** The columns that a query returns. */
function columnsOf({ returns }: JsonMap, source: JsonMap): Columns {
  const model = isJsonMap(returns)
    ? returns
    : mapsAt(source, "logical_models").find(({ name }) => name === returns);
  return mapsAt(model ?? {}, "fields").flatMap((field) => {
    const type = textAt(mapAt(field, "type"), "scalar") || textAt(field, "type");
    return type === "" ? [] : [[textAt(field, "name"), type]];
  });
}

async function problemOf(
  query: JsonMap,
  columns: Columns,
  { ask, detailOf }: QueryRunner,
): Promise<Json | undefined> {
  const problem = (sql: string): Promise<Json | undefined> =>
    ask(sql).then(() => undefined, detailOf);
  if ([preparation(query, columns), typesSql(columns)].some((sql) => sql.includes("\0")))
    return 'invalid byte sequence for encoding "UTF8": 0x00';
  const detail = await problem(preparation(query, columns));
  if (detail !== undefined) return detail;
  try {
    return mismatch(columns, Types.parse(await ask(typesSql(columns))));
  } catch (thrown) {
    // A name that is not one of a type; the server compares only types that it knows.
    detailOf(thrown);
    return undefined;
  } finally {
    await problem(`DEALLOCATE PREPARE ${statement}`);
  }
}

function preparation(query: JsonMap, columns: Columns): string {
  const parts = partsOf(query);
  const names = [...new Set(parts.filter((_part, i) => i % 2 === 1))];
  const types = names.map((name) => textAt(mapAt(mapAt(query, "arguments"), name), "type"));
  const code = parts
    .map((part, i) => (i % 2 === 0 ? part : `$${String(names.indexOf(part) + 1)}`))
    .join("")
    .replace(/[ \t\n]+$/, "")
    .replace(/;+$/, "");
  const selected = columns.map(([name]) => quoteIdentifier(name)).join(", ");
  return `PREPARE ${statement}${types.length === 0 ? "" : `(${types.join(", ")})`} AS WITH _cte${statement} AS (
${code}
)
SELECT ${selected}
FROM _cte${statement}`;
}

/** PostgreSQL's names of the types; versions before 16 do not tell those of the result. */
const Types = z
  .object({
    actual: z.array(z.string()).nullable(),
    expected: z.array(z.string().nullable()).nullable(),
  })
  .nullish();

function typesSql(columns: Columns): string {
  const types = columns.map(([, type]) => quoteLiteral(type)).join(", ");
  return `SELECT json_build_object('actual', to_json(p)->'result_types', 'expected', (
  SELECT json_agg(to_regtype(type)::text ORDER BY i) FROM unnest(ARRAY[${types}]::text[]) WITH ORDINALITY AS t(type, i)))
FROM pg_catalog.pg_prepared_statements p WHERE name = '${statement}'`;
}

function mismatch(columns: Columns, types: z.infer<typeof Types>): string | undefined {
  for (const [i, [column]] of columns.entries()) {
    const [is, shouldBe] = [types?.actual?.[i], types?.expected?.[i] ?? undefined];
    const name = shouldBe === undefined ? undefined : comparedName(shouldBe);
    if (is !== undefined && name !== undefined && is !== shouldBe)
      return `Return column '${column}' has a type mismatch. The expected type is '${name}', but the actual type is '${comparedName(is) ?? is}'.`;
  }
  return undefined;
}
