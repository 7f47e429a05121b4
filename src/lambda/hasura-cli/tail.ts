/** The end of a stream. */
export interface Tail {
  push(chunk: Buffer): void;
  /** What is kept, decoded as UTF-8; invalid bytes become replacement characters. */
  text(): string;
}

/** Keeps at least the last `bytes` of a stream, and at most one chunk more. */
export function tail(bytes: number): Tail {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.byteLength;
      for (let first = chunks[0]; first && size - first.byteLength >= bytes; first = chunks[0]) {
        chunks.shift();
        size -= first.byteLength;
      }
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}
