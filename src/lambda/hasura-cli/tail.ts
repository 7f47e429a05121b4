/** The end of a stream. */
export interface Tail {
  push(chunk: Buffer): void;
  /**
   * The kept text, decoded as UTF-8; invalid bytes become replacement characters. Without its first line where the
   * beginning of it was dropped: a secret that was cut would no longer be found.
   */
  text(): string;
}

const newline = 10;

/** Keeps at least the last `bytes` of a stream, and at most one chunk more. */
export function tail(bytes: number): Tail {
  const chunks: Buffer[] = [];
  let size = 0;
  let startsInside = false;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.byteLength;
      for (let first = chunks[0]; first && size - first.byteLength >= bytes; first = chunks[0]) {
        chunks.shift();
        startsInside = first.at(-1) !== newline;
        size -= first.byteLength;
      }
    },
    text: () => {
      const text = Buffer.concat(chunks).toString("utf8");
      return startsInside ? text.slice(text.indexOf("\n") + 1) : text;
    },
  };
}
