import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "vitest";
import { server as certified } from "./private-authority.ts";

/** The address of a TLS server, certified by the tests' own authority, in front of a plain one. */
export async function behindTls(t: TestContext, url: string): Promise<string> {
  const front = https.createServer(
    { cert: certified.certificate, key: certified.key },
    (request, response) => {
      const { method = "GET", headers, url: path = "/" } = request;
      const inner = http.request(new URL(path, url), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      inner.once("error", () => response.destroy());
      request.pipe(inner);
    },
  );
  front.on("tlsClientError", () => undefined); // a client that does not trust it goes away
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => {
    front.closeAllConnections();
    front.close();
  });
  return `https://127.0.0.1:${String((front.address() as AddressInfo).port)}`;
}
