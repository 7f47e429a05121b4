/*
 * The value of a YAML scalar without quotes in metadata (docs/internals/hasura-metadata.md, "From YAML to JSON"). It is neither
 * YAML 1.1 nor 1.2: `010` is 8, and `yes` is a string.
 */

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

/** The value of a plain scalar; undefined for a number that JSON does not have, such as `.inf`. */
export function plainScalar(text: string): string | number | boolean | null | undefined {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return text;
  if (/^(\.nan|\.NaN|\.NAN|[-+]?(\.inf|\.Inf|\.INF))$/.test(text)) return undefined;
  return numberOf(text.replaceAll("_", "")) ?? text;
}

function numberOf(text: string): number | undefined {
  const [, sign = "", digits = ""] = /^([-+]?)(.+)$/.exec(text) ?? [];
  const size = sizeOf(digits, sign === "");
  if (size === undefined || !Number.isFinite(size)) return undefined;
  return sign === "-" && size !== 0 ? -size : size;
}

/** The exponent of a number needs a sign, as in `1e+3`, unless the number begins with a point. */
function sizeOf(digits: string, isUnsigned: boolean): number | undefined {
  if (/^0(b[01]+|o[0-7]+|x[\da-f]+)$/i.test(digits)) return Number(digits);
  if (/^0[0-7]+$/.test(digits)) return Number(`0o${digits}`);
  if (/^\d*\.?\d+(e[-+]\d+)?$/i.test(digits)) return Number(digits);
  return isUnsigned && /^\.\d+e\d+$/i.test(digits) ? Number(digits) : undefined;
}
