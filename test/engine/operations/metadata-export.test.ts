import assert from "node:assert/strict";
import { brotliDecompressSync } from "node:zlib";
import { describe, test } from "vitest";
import { execute } from "../../../src/engine/execute.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import { eventLines } from "../../../src/lambda/truncate-event.ts";
import { largestEventBytes, decodeEvents } from "../../../src/protocol/ndjson.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { engineOf } from "../support/engine.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";
import { requestOf } from "../support/sessions.ts";

/** The events of an export from a server with this metadata. */
async function exported(document: JsonMap): Promise<readonly RunEvent[]> {
  const readMetadata = async () => ({ resourceVersion: 41, document, inconsistent: [] });
  const hasura = { ...scriptedHasura(), readMetadata };
  const engine = engineOf({ hasura, sleep: () => Promise.resolve() });
  await execute(requestOf("metadata-export"), engine);
  return engine.events;
}

/** What a client reads of events, after the way over the wire. */
async function received(events: readonly RunEvent[]): Promise<readonly unknown[]> {
  const lines = events.flatMap((event) => eventLines(event, "request-1"));
  for (const line of lines) assert(Buffer.byteLength(line) <= largestEventBytes);
  async function* bytes() {
    yield Buffer.from(lines.join(""));
  }
  const read: unknown[] = [];
  for await (const event of decodeEvents(bytes()))
    read.push(
      event.type === "metadata.document"
        ? brotliDecompressSync(Buffer.from(event.data, "base64")).toString()
        : event.type,
    );
  return read;
}

describe("metadata-export", () => {
  test("reports the whole document of the server, with its secrets", async () => {
    const document = {
      version: 3,
      sources: [],
      remote_schemas: [{ name: "a", definition: { headers: [{ name: "k", value: "s3cret" }] } }],
    };
    const events = await exported(document);
    assert.deepEqual(await received(events), [JSON.stringify(document), "run.finished"]);
    const [first] = events;
    assert(first?.type === "metadata.document");
    assert.equal(first.bytes, JSON.stringify(document).length);
    assert.equal(first.resourceVersion, 41);
  });

  test("a document of 20 MB arrives complete, in events of the usual size", async () => {
    const sources = Array.from({ length: 200_000 }, (_, i) => ({
      ...{ name: `source ${String((i * 2_654_435_761) % 4_294_967_296)}`, kind: "postgres" },
      configuration: { connection_info: { database_url: { from_env: `DATABASE_${String(i)}` } } },
    }));
    const document = { version: 3, sources };
    const text = JSON.stringify(document);
    assert(text.length > 20_000_000);
    const [read] = await received(await exported(document));
    assert(read === text);
  });
});
