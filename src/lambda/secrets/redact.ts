import { spellingsOf } from "./spellings.ts";

/**
 * Fields to which the contract gives a meaning: names, ids, enumerations, commands. They are never changed, or an ordinary secret
 * such as `postgres` would break what reads them; nothing from outside stands in them.
 */
const meaningful: ReadonlySet<string> = new Set([
  "type",
  "kind",
  "code",
  "sqlstate",
  "runId",
  "run",
  "runs",
  "environment",
  "operation",
  "operations",
  "qualifier",
  "database",
  "direction",
  "state",
  "change",
  "outcome",
  "file",
  "newestFile",
  "at",
  "startedAt",
  "endedAt",
  "appliedAt",
  "builtAt",
  "engine",
  "store",
  "migrationSource",
  "sources",
  "digest",
  "digests",
  "level",
  "requestId",
  "requestIds",
  "migrations",
  "versions",
  "package",
  "arn",
  "as",
  "argv",
  "with",
  "without",
]);

/** Of `waiting`; elsewhere a reason is a sentence. */
const reasons: ReadonlySet<unknown> = new Set(["hasura", "run", "lock", "outcome"]);

function isMeaningful(key: string, value: unknown, object: object): boolean {
  if (meaningful.has(key)) return true;
  // Compressed: a secret could be found in it only by chance, and replacing that would destroy all of it.
  if (key === "data") return "type" in object && object.type === "metadata.document";
  // A migration's version is a number, and its name is next to it. Others are texts from outside.
  if (key === "version") return typeof value === "string" && /^\d+$/.test(value);
  if (key === "name") return "version" in object;
  return key === "reason" && "type" in object && object.type === "waiting" && reasons.has(value);
}

/** What stands in the place of a secret, in brackets. */
type SecretKind = "admin secret" | "webhook address";
const kinds: readonly SecretKind[] = ["admin secret", "webhook address"];

/**
 * A shorter secret is not searched for: it is found inside ordinary words, which would become unreadable without hiding it.
 */
export const shortestSecret = 8;

/** True for a secret that is not redacted, because it is too short. */
export function isTooShort(secret: string): boolean {
  return secret !== "" && Array.from(secret).length < shortestSecret;
}

/** Removes known secrets, in every usual spelling, from everything that leaves the function. */
export interface Redactor {
  /** From now on this text is not output any more, unless it is too short. */
  readonly learn: (secret: string, kind?: SecretKind) => void;
  readonly text: (value: string) => string;
  /** A different value after each secret that is added. */
  readonly state: () => object | undefined;
  /** A copy with every text redacted, except what the contract gives a meaning; the value itself if it has no secret. */
  value<T>(value: T): T;
}

/** Finds secrets by value, wherever they occur. Old ones stay redacted after a rotation. */
export function redactor(): Redactor {
  const secrets: { readonly secret: string; readonly kind: SecretKind }[] = [];
  let pattern: RegExp | undefined;
  // What has been redacted already is matched first, without a group, and so is not changed again.
  const replaced = (found: string, ...groups: unknown[]): string => {
    const kind = secrets.find((_, i) => groups[i] !== undefined)?.kind;
    return kind === undefined ? found.toLowerCase() : `[${kind}]`;
  };
  const text = (value: string): string =>
    pattern === undefined ? value : value.replaceAll(pattern, replaced);
  const walk = (value: unknown, keep: boolean): unknown => {
    if (typeof value === "string") return keep ? value : text(value);
    if (Array.isArray(value)) return value.map((element) => walk(element, keep));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        walk(inner, isMeaningful(key, inner, value)),
      ]),
    );
  };
  return {
    learn(secret, kind = "admin secret") {
      if (secret === "" || isTooShort(secret)) return;
      if (secrets.some((known) => known.secret === secret)) return;
      secrets.push({ secret, kind });
      secrets.sort((a, b) => b.secret.length - a.secret.length); // one secret may be a prefix of another
      const done = kinds.map((name) => `\\[${name}\\]`);
      const all = secrets.map((known) => `(${spellingsOf(known.secret)})`);
      pattern = new RegExp([...done, ...all].join("|"), "giu");
    },
    text,
    state: () => pattern,
    value<T>(value: T): T {
      if (pattern === undefined) return value;
      pattern.lastIndex = 0;
      // Only texts change, so the type stays the same.
      return pattern.test(JSON.stringify(value)) ? (walk(value, false) as T) : value;
    },
  };
}
