import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { main } from "../../../src/cli/main.ts";
import { EnvironmentMetadata } from "../../../src/cli/upload/environment-metadata.ts";
import { localMetadata } from "../../../src/cli/upload/local-metadata.ts";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { decodeMetadata } from "../../../src/lambda/upload/decode-upload.ts";
import { valueAt } from "../../../src/metadata/document/value-at.ts";
import { RunEvent } from "../../../src/protocol/events.ts";
import { projectOnDisk } from "../../engine/support/run.ts";
import { lambdaStandIn, streams } from "../../support/lambda-stand-in.ts";
import { failedRun, finished, started } from "../../support/run-events.ts";
import { emptyDirectory, testContext } from "../../support/test-context.ts";

const files = {
  "config.yaml": "version: 3\n",
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml":
    '- name: default\n  kind: postgres\n  configuration: {}\n  tables: "!include default/tables/tables.yaml"\n',
  "metadata/databases/default/tables/tables.yaml":
    "- table:\n    name: orders\n    schema: public\n- table:\n    name: users\n    schema: public\n",
};
const unused = { "metadata/databases/default/tables/public_forgotten.yaml": "table: forgotten\n" };

async function read(t: TestContext, more: Readonly<Record<string, string>> = {}) {
  const root = await projectOnDisk(t, { ...files, ...more });
  return localMetadata(root, testContext(t, { argv: [] }));
}

describe("metadata of a directory", () => {
  const at = ["sources", 0, "tables", 1];

  test("shows the file and line of the part that Hasura rejected", async (t) => {
    const { withPlaces } = await read(t);
    const failure = { kind: "metadata", code: "metadata-refused", message: "Refused." };
    const event = RunEvent.parse(
      failedRun({ ...failure, metadata: { refused: { at }, notShown: 0 } }),
    );
    const placed = withPlaces(event);
    assert.ok(placed.type === "run.failed");
    assert.deepEqual(placed.failure.metadata, {
      refused: {
        at,
        place: { file: "metadata/databases/default/tables/tables.yaml", line: 4, column: 3 },
      },
      notShown: 0,
    });
  });

  test("shows the file and line of an object that would be inconsistent", async (t) => {
    const { withPlaces } = await read(t);
    const object = { type: "table", name: "table users in source default", reason: "no table", at };
    const failure = { kind: "metadata", code: "would-be-inconsistent", message: "Refused." };
    const placed = withPlaces(
      RunEvent.parse(failedRun({ ...failure, metadata: { inconsistent: [object], notShown: 0 } })),
    );
    assert.ok(placed.type === "run.failed");
    assert.equal(placed.failure.metadata?.inconsistent?.[0]?.place?.line, 4);
  });

  describe("whose files change while they are read", () => {
    const users = "metadata/databases/default/tables/tables.yaml";
    /** The disk, where something is written after version.yaml was read. */
    const changing = (root: string, texts: Iterator<string>): FileSystem => ({
      ...realFileSystem,
      read: async (path) => {
        const bytes = await realFileSystem.read(path);
        const text = path.endsWith("version.yaml") ? texts.next() : undefined;
        if (text && text.done !== true) {
          writeFileSync(join(root, "metadata/version.yaml"), `version: 3 # ${text.value}\n`);
          writeFileSync(join(root, users), text.value);
        }
        return bytes;
      },
    });
    const readChanging = async (t: TestContext, texts: Iterator<string>) => {
      const root = await projectOnDisk(t, files);
      return localMetadata(root, {
        ...testContext(t, { argv: [] }),
        fs: changing(root, texts),
      });
    };

    test("is read again", async (t) => {
      const { envelope } = await readChanging(t, ["table: [unclosed", "[]\n"].values());
      const { document } = decodeMetadata(envelope);
      assert.deepEqual(valueAt(document, ["sources", 0, "tables"]), []);
    });

    test("is refused if they never stop", async (t) => {
      const texts = Array.from({ length: 20 }, (_, i) => `[] # ${String(i)}\n`);
      await assert.rejects(readChanging(t, texts.values()), { code: "files-changing" });
    });

    test("is refused with the file's own problem if a file cannot be read", async (t) => {
      const root = await projectOnDisk(t, files);
      const fs: FileSystem = {
        ...realFileSystem,
        read: (path) =>
          path.endsWith("version.yaml")
            ? Promise.reject(Object.assign(new Error("no"), { code: "EACCES" }))
            : realFileSystem.read(path),
      };
      const reading = localMetadata(root, { ...testContext(t, { argv: [] }), fs });
      await assert.rejects(reading, {
        code: "bad-metadata",
        message: /version\.yaml cannot be read/,
      });
    });
  });

  test("its warnings are shown once, however often it is sent", async (t) => {
    const local = read(t, unused);
    const metadata = new EnvironmentMetadata(() => local, { isOptional: false });
    const notices: string[] = [];
    for (let times = 0; times < 3; times += 1)
      await metadata.make((sentence) => notices.push(sentence));
    assert.deepEqual(notices, [
      "No other file includes the file metadata/databases/default/tables/public_forgotten.yaml, so it has no effect.",
    ]);
  });

  describe("that is large", () => {
    /** A project whose metadata, in a single file, has texts of `bytes` bytes in all. */
    const ofSize = async (t: TestContext, bytes: number, text: () => string) => {
      const queries = [];
      for (let left = bytes; left > 0; left -= 10_000)
        queries.push({ name: `q${String(left)}`, query: text() });
      const collection = { name: "allowed", definition: { queries } };
      const document = { version: 3, sources: [], query_collections: [collection] };
      const root = await projectOnDisk(t, {
        "config.yaml": "version: 3\nmetadata_file: metadata.json\n",
        "metadata.json": JSON.stringify(document),
      });
      return { document, sent: localMetadata(root, testContext(t, { argv: [] })) };
    };
    const query = () => "query users { users { id name } } ".repeat(300).slice(0, 10_000);

    test("is sent: 20 MB", async (t) => {
      const { document, sent } = await ofSize(t, 20_000_000, query);
      assert.deepEqual(decodeMetadata((await sent).envelope).document, document);
    });

    for (const [what, bytes, text] of [
      ["before compression", 35_000_000, query],
      ["after compression", 10_000_000, () => randomBytes(5000).toString("hex")],
    ] as const)
      test(`is refused, and nothing is sent: too large ${what}`, async (t) => {
        const { sent } = await ofSize(t, bytes, text);
        await assert.rejects(sent, {
          code: "upload-too-large",
          message: /at most 4\.5 MB after compression and 33\.6 MB before\. Nothing was run\.$/,
        });
      });
  });

  test("its absence is shown once where it is no error, and is an error elsewhere", async (t) => {
    const root = await projectOnDisk(t, { "config.yaml": "version: 3\n" });
    const none = () => localMetadata(root, testContext(t, { argv: [] }));
    const notices: string[] = [];
    const optional = new EnvironmentMetadata(none, { isOptional: true });
    for (let times = 0; times < 2; times += 1)
      assert.equal(await optional.make((sentence) => notices.push(sentence)), undefined);
    assert.deepEqual(notices, ["The project has no metadata: only its migrations are deployed."]);
    const required = new EnvironmentMetadata(none, { isOptional: false });
    await assert.rejects(
      required.make(() => undefined),
      { code: "no-metadata" },
    );
  });
});

/** The events of a dry run that finds one change, and of the run that follows. */
const change = {
  path: [{ kind: "table", name: "public.users" }],
  ...{ change: "added", isInside: false, fields: [], attention: [] },
};
const diff = {
  ...{ type: "metadata.diff", resourceVersion: 1, changes: [change], inconsistent: [] },
  fingerprint: "f00d",
};

describe("a command that asks before it applies the metadata of a directory", () => {
  test("shows the warnings about it once", async (t) => {
    const root = await projectOnDisk(t, { ...files, ...unused });
    const cwd = emptyDirectory(t);
    const environments = { prod: { protected: true } };
    writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
    const lambda = await lambdaStandIn(t, [
      streams([started("prod"), { ...diff, dryRun: true }, finished(0)]),
      streams([started("prod"), diff, finished(0)]),
    ]);
    const context = testContext(t, {
      ...{ argv: ["metadata", "apply", "prod", "--from", root], cwd, terminal: true },
      ...{ types: ["prod"], columns: 200 },
      env: {
        ...{ AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "eu-west-1" },
        ...{ CI: "", NO_COLOR: "1", AWS_ENDPOINT_URL_LAMBDA: lambda.url },
      },
    });
    assert.equal(await main(context), 0, context.err.text);
    assert.equal(lambda.calls.length, 2);
    assert.equal(context.err.text.split("so it has no effect").length, 2, context.err.text);
  });
});
