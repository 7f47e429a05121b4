import http from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "vitest";
import { scriptedHasura, type Scripted } from "../../support/scripted-hasura.ts";

export interface Webhook {
  /** With a path that gives whoever has it the right to post. */
  readonly url: string;
  /** The texts that were posted. */
  readonly texts: () => string[];
  readonly paths: () => string[];
}

const path = "/services/T00000000/B00000000/secret-part-of-it";

/** A webhook that answers the first post with the first of these, and so on; the last one repeats. */
export async function webhook(t: TestContext, ...answers: Scripted[]): Promise<Webhook> {
  const ok: Scripted = { text: "ok" };
  const { url, asked } = await scriptedHasura(
    t,
    () => answers[Math.min(asked.length, answers.length) - 1] ?? ok,
  );
  return {
    url: `${url}${path}`,
    texts: () => asked.map(({ body }) => (body as { text?: string } | undefined)?.text ?? ""),
    paths: () => asked.map((one) => one.path),
  };
}

/** A webhook whose answer never ends: it has begun, and each chunk that was read is followed by another. */
export async function endlessWebhook(t: TestContext): Promise<string> {
  const server = http.createServer((_request, response) => {
    const chunk = "x".repeat(65_536);
    const more = (): void => {
      while (response.write(chunk));
    };
    response.writeHead(200).on("drain", more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${path}`;
}
