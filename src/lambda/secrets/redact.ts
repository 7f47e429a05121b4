/** Names whose values are words of the contract and never come from outside; a secret that equals one must not break it. */
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
/** A migration's version is a number; any other `version` is somebody's text. */
function isContract(key: string, value: unknown): boolean {
  return (
    typeof value === "string" &&
    (contractWords.has(key) || (key === "version" && /^\d+$/.test(value)))
  );
}

const shown = "[admin secret]";

/** Takes known secrets out of whatever leaves the function. */
export interface Redactor {
  /** From now on this text is never shown. */
  readonly learn: (secret: string) => void;
  text(value: string): string;
  /** The same value with each text in it redacted; itself when there is nothing to hide. */
  value<T>(value: T): T;
}

/** By value, so that it does not matter which way a secret took into a message. Old secrets stay hidden after a rotation. */
export function redactor(): Redactor {
  const secrets: string[] = [];
  const text = (value: string): string =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, shown), value);
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
      secrets.sort((a, b) => b.length - a.length); // one secret may be the beginning of another
    },
    text,
    value<T>(value: T): T {
      const json = JSON.stringify(value);
      const found = secrets.some((secret) => json.includes(JSON.stringify(secret).slice(1, -1)));
      // Only texts inside change, so the shape stays what it was.
      return found ? (walk(value) as T) : value;
    },
  };
}
