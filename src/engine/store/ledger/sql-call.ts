import { cleanText } from "../../../clean-text.ts";
import { quoteLiteral } from "../../sql/quote.ts";

/** A query that calls a function of the ledger's schema; the values are SQL. */
export function call(name: string, ...values: readonly string[]): string {
  return `${readCommitted}\nSELECT hasura_migrate.${name}(${values.join(", ")})`;
}

/** A string as an SQL literal, or NULL. */
export function literalOrNull(text: string | undefined): string {
  return text === undefined ? "NULL" : quoteLiteral(text);
}

/** jsonb refuses NUL characters and lone surrogates, and what is recorded about a run must not stop it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "string" ? cleanText(inner) : inner,
  );
}

/** A value as an SQL literal of type jsonb. */
export function json(value: unknown): string {
  return `${quoteLiteral(jsonText(value))}::pg_catalog.jsonb`;
}

/** A string as an SQL expression that decodes it, so that no quoting is needed. */
export function base64(text: string): string {
  return `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text).toString("base64")}', 'base64'), 'UTF8')`;
}

/**
 * The isolation level of the Hasura source may be stricter, and a transaction would then read an
 * old state.
 */
export const readCommitted = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;";
