/**
 * A pattern, without flags, for a secret in every usual spelling: as it is, URL-encoded, escaped for JSON, HTML, SQL or a shell
 * (also twice, and also only in part), in hexadecimal, and in base64 at any offset of a longer text. For the flags `giu`: no
 * spelling depends on upper and lower case. Every repetition is bounded, so that no text makes the search slow.
 */
export function spellingsOf(secret: string): string {
  const bytes = Buffer.from(secret);
  return [...base64Of(bytes), hexadecimalOf(bytes), charactersOf(secret)].join("|");
}

const namedEntities: Readonly<Record<string, readonly string[]>> = {
  "&": ["amp"],
  "<": ["lt"],
  ">": ["gt"],
  '"': ["quot"],
  "'": ["apos"],
};
const shortEscapes: Readonly<Record<string, string>> = {
  "\n": "n",
  "\r": "r",
  "\t": "t",
  "\b": "b",
  "\f": "f",
};

/** Each character in any of its spellings. Runs of what is escaped by doubling are one element, or the search would branch at each. */
function charactersOf(secret: string): string {
  return Array.from(secret.matchAll(/\\+|'+|[^]/gu), ([run]) => {
    if (run.startsWith("\\") || run.startsWith("'")) return runOf(run);
    return `(?:${spellingsOfCharacter(run).join("|")})`;
  }).join("");
}

function runOf(run: string): string {
  const character = run.charAt(0);
  const encoded = spellingsOfCharacter(character).slice(0, -1).join("|");
  const most = run.length * (character === "\\" ? 4 : 2);
  const escaped = character === "'" ? "\\\\{0,4}" : "";
  return `(?:(?:${encoded}){${String(run.length)}}|${escaped}${literal(character)}{${String(run.length)},${String(most)}})`;
}

/** The last one is the character itself, with which another spelling may begin. */
function spellingsOfCharacter(character: string): string[] {
  const codePoint = character.codePointAt(0) ?? 0;
  const units = Array.from({ length: character.length }, (_, i) =>
    character.charCodeAt(i).toString(16).padStart(4, "0"),
  );
  const entity = "&(?:amp;){0,3}";
  const short = shortEscapes[character];
  return [
    hexPairs(Buffer.from(character))
      .map((pair) => `%(?:25){0,3}${pair}`)
      .join(""),
    units.map((unit) => `\\\\{1,4}u${unit}`).join(""),
    ...(codePoint < 256 ? [`\\\\{1,4}x${codePoint.toString(16).padStart(2, "0")}`] : []),
    `${entity}#0{0,6}${String(codePoint)};`,
    `${entity}#x0{0,6}${codePoint.toString(16)};`,
    ...(namedEntities[character] ?? []).map((name) => `${entity}${name};`),
    ...(short === undefined ? [] : [`\\\\{1,4}${short}`]),
    ...(character === " " ? ["\\+"] : []),
    /[\p{L}\p{N}]/u.test(character) ? literal(character) : `\\\\{0,4}${literal(character)}`,
  ];
}

function hexadecimalOf(bytes: Buffer): string {
  return hexPairs(bytes).join("(?:[:\\s-]|\\\\{1,4}x|0x)?");
}

/**
 * The characters of base64 that depend on the secret alone, for each of its three offsets, in both alphabets; and the one before
 * and after it, which depend on it in part.
 */
function base64Of(bytes: Buffer): string[] {
  const inPart = "[a-z0-9+/_-]?";
  return [0, 1, 2].map((offset) => {
    const all = Buffer.concat([Buffer.alloc(offset), bytes]);
    const text = all.toString("base64").replace(/=+$/, "");
    const endsInside = all.byteLength % 3 !== 0;
    const core = text.slice(offset === 0 ? 0 : offset + 1, endsInside ? -1 : undefined);
    const either = core.replaceAll("+", "(?:[+-]|%2b)").replaceAll("/", "(?:[/_]|%2f)");
    return `${offset === 0 ? "" : inPart}${either}${endsInside ? `${inPart}(?:=|%3d){0,2}` : ""}`;
  });
}

function hexPairs(bytes: Buffer): string[] {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
