import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";

/** Keys under which a JSON secret may hold the admin secret, the first one found counts. */
export const secretKeys = [
  "adminSecret",
  "admin_secret",
  "HASURA_GRAPHQL_ADMIN_SECRET",
  "HASURA_MIGRATE_ADMIN_SECRET",
] as const;

const JsonSecret = z.record(z.string(), z.unknown());
/** `arn:aws:secretsmanager:region:account:secret:name` has seven parts; an ECS task definition may add a JSON key as the eighth. */
const arnParts = 7;

/** The secret itself, without what an ECS `valueFrom` adds to its ARN (`:json-key:version-stage:version-id`). */
export function secretIdOf(arn: string): string {
  return arn.startsWith("arn:") ? arn.split(":").slice(0, arnParts).join(":") : arn;
}

/** The JSON key that an ECS-style ARN names. */
export function jsonKeyOf(arn: string): string | undefined {
  const key = arn.startsWith("arn:") ? arn.split(":")[arnParts] : undefined;
  return key === "" ? undefined : key;
}

/**
 * The admin secret in what a store holds: plain text (white space around it dropped), or a JSON object with `key` or one of
 * `secretKeys`. Throws usage/secret-unusable, which names the keys that are there and never a value.
 */
export function secretText(stored: string, key: string | undefined, setting: string): string {
  const trimmed = stored.trim();
  const object = key !== undefined || trimmed.startsWith("{") ? jsonSecret(trimmed) : undefined;
  if (object === undefined && key === undefined && trimmed !== "") return trimmed;
  const wanted: readonly string[] = key === undefined ? secretKeys : [key];
  const found = wanted
    .map((name) => object?.[name])
    .find((value) => typeof value === "string" && value.trim() !== "");
  if (typeof found === "string") return found.trim();
  const has =
    object === undefined
      ? "is empty or no JSON object"
      : `has the keys ${Object.keys(object).join(", ") || "(none)"}`;
  throw new Failure(
    "usage",
    "secret-unusable",
    `The secret that ${setting} names ${has}, but not ${wanted.join(" or ")}.`,
    {
      hints: [
        `store the admin secret as plain text, or as JSON under "${wanted[0] ?? "adminSecret"}"`,
      ],
    },
  );
}

function jsonSecret(text: string): Record<string, unknown> | undefined {
  try {
    return JsonSecret.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // plain text that begins with a brace
  }
}
