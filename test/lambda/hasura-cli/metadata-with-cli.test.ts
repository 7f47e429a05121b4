import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { describe, test, type TestContext } from "vitest";
import { HasuraCallError, type Hasura } from "../../../src/engine/hasura/client.ts";
import { hasuraCli } from "../../../src/lambda/hasura-cli/hasura-cli.ts";
import { metadataWithCli } from "../../../src/lambda/hasura-cli/metadata-with-cli.ts";
import { makeWorkspace } from "../../../src/lambda/hasura-cli/workspace.ts";
import { hasuraOverHttp } from "../../../src/lambda/hasura/hasura-http.ts";
import type { JsonMap } from "../../../src/metadata/document/json.ts";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { startTestApi } from "../../support/hasura-api.ts";
import { standInCli, type Behaviour } from "../../support/official-cli/stand-in.ts";
import { freshDirectory } from "../../support/postgres.ts";

/** The API with our own client, and the same with a stand-in for the official CLI. */
async function scene(t: TestContext, behaviour?: Behaviour) {
  const [api, standIn] = [await startTestApi(t), await standInCli(t, behaviour)];
  const events: RunEvent[] = [];
  const secret = { get: async () => api.adminSecret, renew: async () => api.adminSecret };
  const hasura = hasuraOverHttp({ endpoint: api.url, adminSecret: secret.get });
  t.onTestFinished(() => hasura.close());
  const cli = hasuraCli({
    binary: `${standIn.directory}/hasura`,
    endpoint: new URL(api.url),
    adminSecret: secret,
    environment: { PATH: "/usr/bin:/bin" },
    workspace: await makeWorkspace(await freshDirectory(t)),
    redact: (text) => text,
    engine: {
      sleep: (ms, signal) => delay(ms, undefined, { signal }),
      remainingMs: () => 600_000,
      emit: (event) => void events.push(event),
    },
  });
  return { hasura, standIn, events, withCli: metadataWithCli(hasura, cli) };
}

/** The server's document, with one more table that does not exist. */
function withMissingTable(document: JsonMap): JsonMap {
  const [source] = document["sources"] as JsonMap[];
  return {
    ...document,
    sources: [{ ...source, tables: [{ table: { schema: "public", name: "missing" } }] }],
  };
}

const failureOf = (call: Promise<unknown>): Promise<HasuraCallError | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof HasuraCallError ? error : undefined),
  );

const replaced = async (hasura: Hasura, withCli: Hasura, allowInconsistent: boolean) => {
  const { document, resourceVersion } = await hasura.readMetadata();
  return withCli.replaceMetadata({
    document: withMissingTable(document),
    ...{ resourceVersion, allowInconsistent },
  });
};

describe("metadata through the official CLI", () => {
  test("is replaced by a process that gets the document as a single file", async (t) => {
    const { hasura, standIn, withCli } = await scene(t);
    await replaced(hasura, withCli, true);
    const after = await hasura.readMetadata();
    assert.equal(after.inconsistent.length, 1);
    const [call] = standIn.calls();
    assert.ok(call !== undefined);
    assert.deepEqual(call.argv.slice(0, 3), ["metadata", "apply", "--endpoint"]);
    assert.deepEqual(call.files, ["config.yaml", "metadata.json"]);
  });

  test("is refused with Hasura's list of inconsistent objects", async (t) => {
    const { hasura, withCli } = await scene(t);
    const before = await hasura.readMetadata();
    const failure = await failureOf(replaced(hasura, withCli, false));
    assert.deepEqual(
      [failure?.outcome, failure?.inconsistent?.map(({ type }) => type)],
      ["rejected", ["table"]],
    );
    assert.deepEqual(await hasura.readMetadata(), before);
  });

  test("has secrets that are not logged, although the CLI repeats what Hasura refuses", async (t) => {
    const { hasura, events, withCli } = await scene(t);
    const { document, resourceVersion } = await hasura.readMetadata();
    const actions = [
      {
        name: "charge",
        definition: {
          ...{ kind: "synchronous", handler: "https://pay.example", output_type: "Missing" },
          headers: [{ name: "x-key", value: "hunter2-hunter2" }],
        },
      },
    ];
    const failure = await failureOf(
      withCli.replaceMetadata({
        document: { ...document, actions },
        ...{ resourceVersion, allowInconsistent: false },
      }),
    );
    assert.deepEqual(
      failure?.inconsistent?.map(({ type }) => type),
      ["action"],
    );
    assert.ok(events.some((event) => event.type === "log" && event.level === "debug"));
    assert.doesNotMatch(JSON.stringify([failure, events]), /hunter2/);
  });

  test("is not replaced if its version has changed", async (t) => {
    const { hasura, standIn, withCli } = await scene(t);
    const { document, resourceVersion } = await hasura.readMetadata();
    const old = { document, resourceVersion: resourceVersion - 1, allowInconsistent: true };
    const failure = await failureOf(withCli.replaceMetadata(old));
    assert.deepEqual([failure?.outcome, failure?.status], ["rejected", 409]);
    assert.deepEqual(standIn.calls(), []);
  });

  test("has an unknown outcome if the process is killed", async (t) => {
    const { hasura, withCli } = await scene(t, "dies-after-recording");
    const failure = await failureOf(replaced(hasura, withCli, true));
    assert.deepEqual([failure?.outcome, failure?.cause], ["unknown", undefined]);
  });

  test("is reloaded by a process, but not with the event triggers", async (t) => {
    const { standIn, withCli } = await scene(t);
    assert.deepEqual(await withCli.reloadAll({ recreateEventTriggers: false }), []);
    assert.deepEqual(
      standIn.calls().map(({ argv }) => argv.slice(0, 2)),
      [["metadata", "reload"]],
    );
    await assert.rejects(withCli.reloadAll({ recreateEventTriggers: true }), {
      code: "not-with-hasura-cli",
    });
  });
});
