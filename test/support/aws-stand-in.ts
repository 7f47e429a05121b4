import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "vitest";

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string;
}

/** A plain HTTP server for one test, which keeps what it was asked. Ended with the test. */
export async function httpStandIn(
  t: TestContext,
  answer: (call: HttpCall, response: ServerResponse) => void,
): Promise<{ url: string; port: number; calls: HttpCall[] }> {
  const calls: HttpCall[] = [];
  const server = createServer((request, response) => {
    void callOf(request).then((call) => {
      calls.push(call);
      answer(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  // A test that fails in the end of another stand-in must not be kept alive by this one.
  server.unref();
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, calls };
}

async function callOf(request: IncomingMessage): Promise<HttpCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    body: Buffer.concat(chunks).toString(),
    authorization: request.headers.authorization ?? "",
  };
}

/** What STS says to AssumeRole and AssumeRoleWithWebIdentity. */
export function assumes(action: string): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>
<AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/migrate/x</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</${action}Result></${action}Response>`;
}

export function stsRefuses(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
}
