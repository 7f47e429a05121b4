import http from "node:http";
import https from "node:https";

export interface Posting {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request at any moment: while the name is looked up, in the handshake, before the answer, within it. */
  readonly signal: AbortSignal;
  /** How much of the answer's body is read; the rest is not waited for. */
  readonly mostBytes: number;
}

export interface Posted {
  readonly status: number;
  readonly body: string;
}

/** One POST over a connection of its own, which redirects do not change. Rejects if there is no answer. */
export function post({ url, headers, body, signal, mostBytes }: Posting): Promise<Posted> {
  const { request } = url.protocol === "http:" ? http : https;
  return new Promise((resolve, reject) => {
    const asking = request(url, {
      method: "POST",
      // A connection that was kept would be dead when the process is thawed for its next invocation.
      agent: false,
      headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
      signal,
    });
    asking.on("error", reject);
    asking.on("response", (response) => {
      const chunks: Buffer[] = [];
      const answered = (): void => {
        const text = Buffer.concat(chunks).toString("utf8").slice(0, mostBytes);
        resolve({ status: response.statusCode ?? 0, body: text });
        asking.destroy();
      };
      response.on("error", reject);
      if (mostBytes === 0) {
        answered();
        return;
      }
      response.on("end", answered);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        if (chunks.reduce((sum, { length }) => sum + length, 0) >= mostBytes) answered();
      });
    });
    asking.end(body);
  });
}
