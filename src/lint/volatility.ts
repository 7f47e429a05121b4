import { functionsIn } from "./names.ts";

/** Functions of PostgreSQL in defaults that give one value for the whole statement, so that no row has to be written. */
export const fixed: ReadonlySet<string> = new Set([
  ...["now", "transaction_timestamp", "statement_timestamp", "timezone", "date_trunc", "date_part"],
  ...[
    "make_date",
    "make_interval",
    "make_timestamptz",
    "to_timestamp",
    "to_char",
    "to_date",
    "age",
  ],
  ...["lower", "upper", "md5", "sha256", "concat", "format", "coalesce", "nullif", "btrim", "trim"],
  ...[
    "replace",
    "substr",
    "substring",
    "left",
    "right",
    "lpad",
    "rpad",
    "repeat",
    "encode",
    "decode",
  ],
  ...[
    "jsonb_build_object",
    "jsonb_build_array",
    "json_build_object",
    "json_build_array",
    "to_jsonb",
  ],
  ...[
    "current_setting",
    "current_schema",
    "current_database",
    "to_tsvector",
    "setweight",
    "array_fill",
  ],
  ...["abs", "floor", "ceil", "round", "power", "int4range", "int8range", "daterange", "tstzrange"],
  ...["numrange", "tsrange", "nummultirange", "int4multirange", "int8multirange", "lower_inc"],
  ...["extract", "localtimestamp", "make_time", "make_timestamp", "to_number", "justify_interval"],
  ...["chr", "ascii", "initcap", "length", "char_length", "ltrim", "rtrim", "reverse", "translate"],
  ...["split_part", "regexp_replace", "concat_ws", "quote_literal", "quote_ident", "to_hex"],
  ...["sha224", "sha384", "sha512", "convert_to", "convert_from", "position", "overlay", "strpos"],
  ...["to_json", "json_object", "jsonb_object", "jsonb_set", "row_to_json", "array_to_json"],
  ...[
    "string_to_array",
    "array_to_string",
    "array_append",
    "array_cat",
    "cardinality",
    "to_tsquery",
  ],
  ...["ceiling", "trunc", "mod", "sign", "sqrt", "exp", "ln", "log", "div", "greatest", "least"],
  ...[
    "point",
    "box",
    "circle",
    "polygon",
    "inet",
    "host",
    "network",
    "current_schemas",
    "uuid_nil",
  ],
  ...["st_geomfromtext", "st_setsrid", "st_makepoint"],
]);

/**
 * True if a default may have another value in each row, so that a new column with it rewrites the table. `stable`: the functions
 * that the project declares STABLE or IMMUTABLE. A function that is not known is volatile, as PostgreSQL assumes.
 */
export function isVolatile(expression: unknown, stable: ReadonlySet<string>): boolean {
  return functionsIn(expression).some((name) => !fixed.has(name) && !stable.has(name));
}
