import * as z from "zod";
import { HasuraCallError, type DatabaseError } from "../../engine/hasura/client.ts";
import { Failure } from "../../protocol/failure.ts";
import type { HttpAnswer } from "./http-call.ts";

const Text = z.string().nullish().catch(undefined);
/**
 * What the database said (docs/internals/hasura-protocol.md, "Errors"); null where it said nothing.
 */
const Internal = z.object({
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
/** `sources` hold everything that Hasura tracks; only names and kinds are kept. */
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

const asText = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === "string" ? value : JSON.stringify(value ?? null)));
/** `name` is missing on older servers and not always text; the definition then tells objects apart. */
export const InconsistencyAnswer = z.object({
  inconsistent_objects: z.array(
    z
      .object({
        type: z.string(),
        name: z.unknown().optional(),
        definition: z.unknown().optional(),
        reason: asText,
      })
      .transform(({ type, name, definition, reason }) => ({
        type,
        name: asText.parse(name ?? definition),
        reason,
      })),
  ),
});

/**
 * What an answer holds, or HasuraCallError: rejected when Hasura itself says why, unknown when something else answered
 * (HTML, a gateway's 502, 503 and 504): the request may have taken effect all the same.
 */
export function contentOf<T>(answer: HttpAnswer, schema: z.ZodType<T>): T {
  const { status, text } = answer;
  if (status >= 300 && status < 400) throw redirected(answer);
  if (answer.cut)
    throw new HasuraCallError("unknown", "the answer is longer than what is read of one", {
      status,
    });
  const json = parsed(text);
  const gateway = status === 502 || status === 503 || status === 504;
  const refusal = gateway || status < 300 ? undefined : ErrorBody.safeParse(json).data;
  if (refusal) throw rejected(status, refusal);
  if (gateway || status >= 300 || json === undefined) throw notHasura(answer);
  const content = schema.safeParse(json);
  if (content.success) return content.data;
  const details = { status, cause: new Error(z.prettifyError(content.error)) };
  throw new HasuraCallError("unknown", "the answer is not one that Hasura gives", details);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rejected(
  status: number,
  { error, code, path, internal }: z.infer<typeof ErrorBody>,
): HasuraCallError {
  const database = databaseError(internal);
  return new HasuraCallError("rejected", error, {
    status,
    code,
    ...(path !== undefined && { path }),
    ...(database && { database }),
  });
}

function databaseError(internal: unknown): DatabaseError | undefined {
  const said = Internal.safeParse(internal).data?.error;
  if (!said) return undefined;
  return {
    ...(said.status_code && { sqlstate: said.status_code }),
    ...(said.message && { message: said.message }),
    ...(said.description && { detail: said.description }),
    ...(said.hint && { hint: said.hint }),
    ...(said.exec_status && { execStatus: said.exec_status }),
  };
}

/** The first words of what came instead are the only clue to who sent it. */
function notHasura({ status, text }: HttpAnswer): HasuraCallError {
  const title = /<title>([^<]{1,100})<\/title>/i.exec(text)?.[1] ?? text.trim().slice(0, 100);
  const what = title === "" ? "an empty answer" : `"${title.replace(/\s+/g, " ").trim()}"`;
  return new HasuraCallError(
    "unknown",
    `something else than Hasura answered with HTTP ${String(status)}: ${what}`,
    { status },
  );
}

/** Nothing has run: a redirect is answered before Hasura is asked. It is not followed, since it could lead the secret anywhere. */
function redirected({ status, location }: HttpAnswer): HasuraCallError {
  const to = location === undefined ? "somewhere else" : `to ${location}`;
  const failure = new Failure(
    "unreachable",
    "redirected",
    `The endpoint redirects (HTTP ${String(status)}) ${to}.`,
    {
      hints: [
        "set HASURA_MIGRATE_ENDPOINT to the address behind the redirect, often https:// for http://",
      ],
    },
  );
  return new HasuraCallError("rejected", failure.message, { status, cause: failure });
}
