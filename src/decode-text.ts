/** An encoding that `decodeText` recognises; `unknown` is anything that is not valid text in one of the others. */
export type Encoding = "UTF-8" | "UTF-16LE" | "UTF-16BE" | "UTF-32" | "unknown";

export interface DecodedText {
  readonly encoding: Encoding;
  /** Without the byte order mark. Absent for UTF-32 and for an unknown encoding. */
  readonly text?: string;
}

/**
 * Recognises the encoding of a file's bytes by its byte order mark, or by its zero bytes, and decodes it. UTF-16 is what
 * Windows PowerShell 5.1 writes with `>`. UTF-8 is returned with its NUL characters, if it has any.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const encoding = encodingOf(bytes);
  if (encoding === "UTF-32" || encoding === "unknown") return { encoding };
  try {
    return { encoding, text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return { encoding: "unknown" };
  }
}

function encodingOf(bytes: Uint8Array): Encoding {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? "UTF-32" : "UTF-16LE";
  if (first === 0xfe && second === 0xff) return "UTF-16BE";
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return "UTF-32";
  return bytes.includes(0) ? unmarkedEncodingOf(bytes) : "UTF-8";
}

/** In UTF-16 without a mark, one half of most characters is zero, and always the same half. */
function unmarkedEncodingOf(bytes: Uint8Array): Encoding {
  const zeros = { even: 0, odd: 0 };
  bytes.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2 === 0 ? "even" : "odd"] += 1;
  });
  const most = bytes.length * 0.2;
  if (bytes.length % 2 !== 0) return "UTF-8";
  if (zeros.odd > most && zeros.even === 0) return "UTF-16LE";
  return zeros.even > most && zeros.odd === 0 ? "UTF-16BE" : "UTF-8";
}
