import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { parseJson } from "../../protocol/json.ts";

/** Keys of a JSON secret that may hold the admin secret; the first one found counts. */
export const secretKeys = [
  "adminSecret",
  "admin_secret",
  "HASURA_GRAPHQL_ADMIN_SECRET",
  "HASURA_MIGRATE_ADMIN_SECRET",
] as const;

const JsonSecret = z.record(z.string(), z.unknown());
/** Parts of `arn:aws:secretsmanager:region:account:secret:name`; an ECS task definition may add a JSON key as the eighth. */
const arnParts = 7;

/** The ARN without the suffix of an ECS `valueFrom` (`:json-key:version-stage:version-id`). */
export function secretIdOf(arn: string): string {
  return arn.startsWith("arn:") ? arn.split(":").slice(0, arnParts).join(":") : arn;
}

/** The JSON key in an ECS `valueFrom`. */
export function jsonKeyOf(arn: string): string | undefined {
  const key = arn.startsWith("arn:") ? arn.split(":")[arnParts] : undefined;
  return key === "" ? undefined : key;
}

/**
 * Reads the admin secret from a stored text: plain text (trimmed), or a JSON object with `key` or one of `secretKeys`.
 * Throws usage/secret-unusable, which names the keys that exist and never a value.
 */
export function secretText(stored: string, key: string | undefined, setting: string): string {
  const trimmed = stored.trim();
  const object = key !== undefined || trimmed.startsWith("{") ? jsonSecret(trimmed) : undefined;
  if (object === undefined && key === undefined && trimmed !== "") return trimmed;
  const names: readonly string[] = key === undefined ? secretKeys : [key];
  const found = names
    .map((name) => object?.[name])
    .find((value) => typeof value === "string" && value.trim() !== "");
  if (typeof found === "string") return found.trim();
  const has =
    object === undefined
      ? "is empty or not a JSON object"
      : `has the keys ${Object.keys(object).join(", ") || "(none)"}`;
  throw new Failure(
    "usage",
    "secret-unusable",
    `The secret that ${setting} names does not contain ${names.join(" or ")}: it ${has}.`,
    {
      hints: [
        textHint(
          `Store the admin secret as plain text, or as JSON with the key "${names[0] ?? "adminSecret"}".`,
        ),
      ],
    },
  );
}

/** Undefined for plain text, even if it begins with a brace. */
function jsonSecret(text: string): Record<string, unknown> | undefined {
  return JsonSecret.safeParse(parseJson(text)).data;
}
