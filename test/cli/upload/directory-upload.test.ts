import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { UploadDirectory } from "../../../src/cli/upload/directory-upload.ts";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { decodeUpload } from "../../../src/lambda/upload/decode-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { UploadDocument } from "../../../src/protocol/upload.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";

const nothingKnown = { digest: "d".repeat(64), databases: new Map() };
const capture = async (): Promise<undefined> => undefined;
const context = { now: Date.now, capture };

async function uploadOf(directory: UploadDirectory): Promise<UploadDocument> {
  const purpose = { operation: "apply", database: undefined } as const;
  return decodeUpload((await directory.uploadFor(nothingKnown, purpose)).envelope);
}

const sqlIn = ({ migrations }: UploadDocument): (string | undefined)[] =>
  migrations.map(({ up }) => (up && "sql" in up ? up.sql : undefined));

async function codeOf(uploading: Promise<unknown>): Promise<string> {
  const thrown = await uploading.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown.code;
}

const two = migrationsOf(["1_a", "2_b"]);
const first = "migrations/default/1_a/up.sql";

/** A file system on which something happens after a file was read. */
function afterReading(
  path: string,
  happens: () => void,
  fs: FileSystem = realFileSystem,
): FileSystem {
  const then = <T>(read: string, result: T): T => {
    if (read.endsWith(path)) happens();
    return result;
  };
  return {
    ...fs,
    read: async (read) => then(read, await fs.read(read)),
    readNow: (read) => then(read, realFileSystem.readNow?.(read) ?? assert.fail()),
  };
}

describe("a directory that is uploaded", () => {
  const changes: [what: string, change: (root: string) => void][] = [
    ["a file", (root) => writeFileSync(join(root, first), "SELECT 'other';")],
    ["a file, but not its size", (root) => writeFileSync(join(root, first), "SELECT '1_A UP';")],
    [
      "a new file",
      (root) => writeFileSync(join(root, "migrations/default/3_c.up.sql"), "SELECT 3;"),
    ],
  ];
  for (const [what, change] of changes) {
    test(`${what} that changes while it is read: everything is read again`, async (t) => {
      const root = await projectOnDisk(t, two);
      let changed = false;
      const fs = afterReading(first, () => {
        if (!changed) change(root);
        changed = true;
      });
      const document = await uploadOf(new UploadDirectory(root, { ...context, fs }));
      const now = await uploadOf(new UploadDirectory(root, context));
      assert.deepEqual(document, now);
    });
  }

  test("that changes whenever it is read is refused", async (t) => {
    const root = await projectOnDisk(t, two);
    let count = 0;
    const fs = afterReading(first, () =>
      writeFileSync(join(root, first), `SELECT ${(count += 1)};`),
    );
    assert.equal(
      await codeOf(uploadOf(new UploadDirectory(root, { ...context, fs }))),
      "files-changing",
    );
  });

  test("is read before it is needed, and again if it has changed by then", async (t) => {
    const root = await projectOnDisk(t, two);
    const directory = new UploadDirectory(root, context);
    directory.begin();
    await directory.notices();
    writeFileSync(join(root, first), "SELECT 'saved meanwhile';");
    assert.deepEqual(sqlIn(await uploadOf(directory)), [
      "SELECT 'saved meanwhile';",
      "SELECT '2_b up';",
    ]);
  });

  test("lists ignored files", async (t) => {
    const root = await projectOnDisk(t, { ...two, "migrations/default/3_c/Up.sql": "SELECT 3;" });
    const [notice] = await new UploadDirectory(root, context).notices();
    assert.match(notice ?? "", /Ignored.*3_c\/Up\.sql/);
  });

  const refused: [what: string, files: Readonly<Record<string, string>>, code: string][] = [
    ["a directory without a project", { "notes.txt": "" }, "no-project"],
    [
      "a project without migrations",
      { "config.yaml": "version: 3\n", "migrations/x": "" },
      "no-project",
    ],
    [
      "a project whose config.yaml is wrong",
      { "config.yaml": "version: 7\n" },
      "bad-project-config",
    ],
  ];
  for (const [what, files, code] of refused) {
    test(`${what} is refused: ${code}`, async (t) => {
      const root = await projectOnDisk(t, files);
      assert.equal(await codeOf(uploadOf(new UploadDirectory(root, context))), code);
    });
  }

  test("a directory that does not exist is refused", async () => {
    const directory = new UploadDirectory("/nowhere/at/all", context);
    directory.begin();
    assert.equal(await codeOf(uploadOf(directory)), "no-directory");
  });
});
