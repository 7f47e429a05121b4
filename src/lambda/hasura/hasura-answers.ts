import { cleanText } from "../../clean-text.ts";
import * as z from "zod";
import {
  HasuraCallError,
  type DatabaseError,
  type InconsistentObject,
} from "../../engine/hasura/client.ts";
import { textWithoutSecrets, withoutCredentials } from "../../metadata/diff/secrets.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { JsonObject } from "../../protocol/json-object.ts";
import { parseJson } from "../../protocol/json.ts";
import type { HttpAnswer } from "./http-call.ts";

const Text = z.string().nullish().catch(undefined);
/**
 * The database's error (docs/internals/hasura-protocol.md, "Errors"); fields without a value are null.
 */
const Internal = z.object({
  statement: Text,
  error: z
    .object({ exec_status: Text, status_code: Text, message: Text, description: Text, hint: Text })
    .partial(),
});
const ErrorBody = z.object({
  error: z.string(),
  code: z.string(),
  path: z.string().optional(),
  internal: z.unknown().optional(),
});

export const VersionAnswer = z.object({ version: z.string() });
/** Only names and kinds of the sources are kept. */
export const MetadataAnswer = z.object({
  version: z.int().default(1),
  sources: z
    .array(z.object({ name: z.string(), kind: z.string().default("postgres") }))
    .default([]),
});
export const CatalogStateAnswer = z.object({ id: z.string(), cli_state: z.unknown().optional() });
export const ExchangeAnswer = z.tuple([CatalogStateAnswer, z.unknown()]);
export const ReloadAnswer = z.object({ inconsistent_objects: z.unknown().optional() });

const cell = z
  .unknown()
  .transform((value) =>
    value === null || value === undefined
      ? null
      : typeof value === "string"
        ? value
        : JSON.stringify(value),
  );
export const SqlAnswer = z.object({
  result_type: z.string(),
  result: z.array(z.array(cell)).nullish(),
});
export const SqlAnswers = z.array(SqlAnswer);

/** Hasura repeats parts of the metadata: addresses with their credentials, and the whole definition of an object. */
const asText = z
  .unknown()
  .optional()
  .transform((value) =>
    textWithoutSecrets(
      z
        .json()
        .catch(null)
        .parse(value ?? null),
      [],
    ),
  );
/**
 * `name` is missing on older servers and not always text; the definition then identifies the object. Objects that conflict with each other
 * are one entry without a type (docs/internals/hasura-metadata.md, "Inconsistent objects"). None of the texts has secrets.
 */
export const InconsistencyAnswer = z.object({
  inconsistent_objects: z.array(
    z
      .object({
        type: z.string().optional(),
        name: z.unknown().optional(),
        definition: z.unknown().optional(),
        objects: z.array(z.object({ type: z.string(), name: z.unknown().optional() })).optional(),
        reason: asText,
      })
      .transform(({ type, name, definition, objects = [], reason }) => ({
        type: type ?? objects[0]?.type ?? "object",
        name: asText.parse(name ?? definition ?? namesOf(objects)),
        reason,
      })),
  ),
});

function namesOf(objects: readonly { readonly name?: unknown }[]): string | undefined {
  return objects.length === 0
    ? undefined
    : objects.map(({ name }) => asText.parse(name)).join(", ");
}

/** Answer to a bulk of `export_metadata` version 2 and `get_inconsistent_metadata`. */
export const WholeMetadataAnswer = z.tuple([
  z.object({ resource_version: z.int(), metadata: JsonObject }),
  InconsistencyAnswer,
]);

/** Answer to `replace_metadata`: newer servers add warnings. */
export const ReplaceAnswer = z.object({
  warnings: z
    .array(z.looseObject({ message: asText }))
    .default([])
    .catch([]),
});

/** Removes secrets from a text that the other side sent. */
export type Redact = (text: string) => string;

/**
 * The content of a response. What an error repeats of it is redacted before it is cut or passed on. Throws HasuraCallError:
 * rejected if Hasura itself reports an error, unknown if the response is not Hasura's (HTML, a gateway's 502, 503 and 504),
 * because the request may still have taken effect.
 */
export function contentOf<T>(answer: HttpAnswer, schema: z.ZodType<T>, redact: Redact): T {
  const { status, text } = answer;
  if (status >= 300 && status < 400) throw redirected(answer, redact);
  if (answer.cut)
    throw new HasuraCallError("unknown", "the response is too large", {
      status,
    });
  const json = parseJson(text);
  if (status >= 300) throw errorOf(answer, json, redact);
  if (json === undefined) throw notHasura(answer, redact);
  const content = schema.safeParse(json);
  if (content.success) return content.data;
  const details = { status, cause: new Error(redact(z.prettifyError(content.error))) };
  throw new HasuraCallError("unknown", "the response is not in Hasura's format", details);
}

/** A gateway's error is not Hasura's, even if it has the same shape. */
function errorOf(answer: HttpAnswer, json: unknown, redact: Redact): HasuraCallError {
  const isGateway = [502, 503, 504].includes(answer.status);
  const refusal = isGateway ? undefined : ErrorBody.safeParse(json).data;
  return refusal ? rejected(answer.status, refusal, redact) : notHasura(answer, redact);
}

function rejected(
  status: number,
  { error, code, path, internal }: z.infer<typeof ErrorBody>,
  redact: Redact,
): HasuraCallError {
  const database = databaseError(internal, redact);
  const inconsistent = inconsistentIn(internal, redact);
  // Hasura's own text, "query execution failed", adds nothing to the database's.
  return new HasuraCallError("rejected", database?.message ?? withoutCredentials(redact(error)), {
    status,
    code,
    ...(path !== undefined && { path: redact(path) }),
    ...(database && { database }),
    ...(inconsistent && { inconsistent }),
  });
}

/** The objects because of which metadata was refused, if the error is about such (docs/internals/hasura-metadata.md, "Errors"). */
function inconsistentIn(
  internal: unknown,
  redact: Redact,
): readonly InconsistentObject[] | undefined {
  if (!Array.isArray(internal) || internal.length === 0) return undefined;
  const { data } = InconsistencyAnswer.safeParse({ inconsistent_objects: internal });
  return data?.inconsistent_objects.map(({ type, name, reason }) => ({
    type,
    name: redact(name),
    reason: redact(reason),
  }));
}

function databaseError(internal: unknown, redact: Redact): DatabaseError | undefined {
  const { error, statement } = Internal.safeParse(internal).data ?? {};
  if (!error) return undefined;
  return {
    ...(error.status_code && { sqlstate: error.status_code }),
    ...(error.message && { message: redact(error.message) }),
    ...(error.description && { detail: redact(error.description) }),
    ...(error.hint && { hint: redact(error.hint) }),
    ...(error.exec_status && { execStatus: error.exec_status }),
    ...(statement && statement.length <= longestStatement && { statement: redact(statement) }),
  };
}

/** Characters of a statement that is kept: one that is to be found in its file. */
const longestStatement = 16_384;

/** Characters of a foreign response that are looked at. */
const mostRedacted = 16_384;

/** The beginning of the response is the only clue to what sent it. */
function notHasura({ status, text: received }: HttpAnswer, redact: Redact): HasuraCallError {
  const text = redact(received.slice(0, mostRedacted));
  const title = /<title>([^<]{1,100})<\/title>/i.exec(text)?.[1] ?? cleanText(text.trim(), 100);
  const what = title === "" ? "an empty response" : `"${title.replace(/\s+/g, " ").trim()}"`;
  return new HasuraCallError(
    "unknown",
    `the response did not come from Hasura (HTTP ${String(status)}): ${what}`,
    { status },
  );
}

/** Nothing has run: a redirect comes from before Hasura. It is not followed, because that could send the secret anywhere. */
function redirected({ status, location }: HttpAnswer, redact: Redact): HasuraCallError {
  const to = location === undefined ? "elsewhere" : `to ${redact(withoutQuery(location))}`;
  const failure = new Failure(
    "unreachable",
    "redirected",
    `The endpoint redirects (HTTP ${String(status)}) ${to}.`,
    {
      hints: [
        textHint(
          "Set HASURA_MIGRATE_ENDPOINT to the address that it redirects to (often just https:// instead of http://).",
        ),
      ],
    },
  );
  return new HasuraCallError("rejected", failure.message, { status, cause: failure });
}

/** A query, a fragment and a user name may hold what must not be shown. */
function withoutQuery(location: string): string {
  if (!URL.canParse(location)) return location.replace(/[?#][^]*$/, "");
  const { origin, protocol, host, pathname } = new URL(location);
  return `${origin === "null" ? `${protocol}//${host}` : origin}${pathname}`;
}
