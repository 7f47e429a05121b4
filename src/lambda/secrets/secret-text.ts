import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { parseJson } from "../../protocol/json.ts";

/** Keys of a JSON secret that may hold the admin secret. */
export const adminSecretKeys = [
  "adminSecret",
  "admin_secret",
  "HASURA_GRAPHQL_ADMIN_SECRET",
  "HASURA_MIGRATE_ADMIN_SECRET",
] as const;

/** Keys of a JSON secret that may hold the address of a webhook. */
export const webhookKeys = ["url", "webhookUrl", "webhook_url"] as const;

const JsonSecret = z.record(z.string(), z.unknown());
/** Parts of `arn:aws:secretsmanager:region:account:secret:name`, before the suffix of an ECS `valueFrom`. */
const arnParts = 7;
/** `:json-key:version-stage:version-id`. */
const suffixParts = 3;

/** A secret in Secrets Manager, and which value of it. */
export interface SecretReference {
  /** ARN or name. */
  readonly id: string;
  readonly jsonKey?: string;
  /** Such as `AWSPREVIOUS`. */
  readonly versionStage?: string;
  readonly versionId?: string;
}

/**
 * Reads a setting: an ARN or a name (which has no colon), maybe with the suffix of an ECS `valueFrom`
 * (`:json-key:version-stage:version-id`, each of which may be empty). Throws usage/secret-unusable for more than that.
 */
export function readSecretReference(reference: string, setting: string): SecretReference {
  const parts = reference.split(":");
  const idParts = reference.startsWith("arn:") ? arnParts : 1;
  const [jsonKey, versionStage, versionId, ...more] = parts.slice(idParts);
  if (more.length > 0) throw tooManyParts(setting);
  return {
    id: parts.slice(0, idParts).join(":"),
    ...(jsonKey && { jsonKey }),
    ...(versionStage && { versionStage }),
    ...(versionId && { versionId }),
  };
}

function tooManyParts(setting: string): Failure {
  return new Failure(
    "usage",
    "secret-unusable",
    `${setting} has more than ${String(suffixParts)} parts after the secret's ARN or name.`,
    {
      hints: [
        textHint(
          "Write it as ARN:json-key:version-stage:version-id; every part after the ARN may be empty.",
        ),
      ],
    },
  );
}

/** Which secret is read: the variable that names it, what it holds, and the keys of a JSON secret that may hold it. */
interface Wanted {
  readonly setting: string;
  readonly content: string;
  readonly keys: readonly string[];
}

/**
 * Reads a secret from a stored text: plain text (trimmed), or a JSON object with `key` or one of the usual keys.
 * Throws usage/secret-unusable, which names the keys that exist and never a value.
 */
export function secretText(
  stored: string,
  key: string | undefined,
  { setting, content, keys }: Wanted,
): string {
  const trimmed = stored.trim();
  const object = key !== undefined || trimmed.startsWith("{") ? jsonSecret(trimmed) : undefined;
  if (object === undefined && key === undefined && trimmed !== "") return trimmed;
  const names: readonly string[] = key === undefined ? keys : [key];
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
          `Store ${content} as plain text, or as JSON with the key "${names[0] ?? "value"}".`,
        ),
      ],
    },
  );
}

/**
 * Throws usage/secret-unusable for a secret that no HTTP request can carry. `where`: such as `in HASURA_MIGRATE_ADMIN_SECRET`.
 */
export function refuseControlCharacters(secret: string, content: string, where: string): void {
  // eslint-disable-next-line no-control-regex -- those are what is looked for
  const [found] = /[\0-\x08\x0a-\x1f\x7f]/.exec(secret) ?? [];
  if (found === undefined) return;
  const what = /[\r\n]/.test(found) ? "a line break" : "a control character";
  throw new Failure(
    "usage",
    "secret-unusable",
    `${content.replace(/^t/, "T")} ${where} contains ${what}, so it cannot be sent in an HTTP request.`,
    { hints: [textHint(`Store ${content} alone, as one line.`)] },
  );
}

/** Undefined for plain text, even if it begins with a brace. */
function jsonSecret(text: string): Record<string, unknown> | undefined {
  return JsonSecret.safeParse(parseJson(text)).data;
}
