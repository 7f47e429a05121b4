/** Fields whose values are defined by the contract. A secret that happens to equal such a value must not break it. */
const contractWords = new Set([
  "type",
  "kind",
  "code",
  "runId",
  "run",
  "environment",
  "operation",
  "operations",
  "direction",
  "state",
  "at",
  "engine",
  "store",
  "level",
  "requestId",
  "migrations",
  "appliedAt",
  "as",
]);
/** A migration's version is a number; any other `version` is a text from outside. */
function isContract(key: string, value: unknown): boolean {
  return (
    typeof value === "string" &&
    (contractWords.has(key) || (key === "version" && /^\d+$/.test(value)))
  );
}

const replacement = "[admin secret]";

/** Removes known secrets from everything that leaves the function. */
export interface Redactor {
  /** From now on this text is never output. */
  readonly learn: (secret: string) => void;
  text(value: string): string;
  /** A copy with every text redacted; the value itself if it contains no secret. */
  value<T>(value: T): T;
}

/** Finds secrets by value, wherever they occur. Old ones stay redacted after a rotation. */
export function redactor(): Redactor {
  const secrets: string[] = [];
  const text = (value: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, replacement), value);
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        isContract(key, inner) ? inner : walk(inner),
      ]),
    );
  };
  return {
    learn(secret) {
      if (secret !== "" && !secrets.includes(secret)) secrets.push(secret);
      secrets.sort((a, b) => b.length - a.length); // one secret may be a prefix of another
    },
    text,
    value<T>(value: T): T {
      const json = JSON.stringify(value);
      const found = secrets.some((secret) => json.includes(JSON.stringify(secret).slice(1, -1)));
      // Only texts change, so the type stays the same.
      return found ? (walk(value) as T) : value;
    },
  };
}
