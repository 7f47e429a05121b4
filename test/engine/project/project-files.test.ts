import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "vitest";
import {
  realFileSystem,
  type FileState,
  type FileSystem,
} from "../../../src/engine/project/file-system.ts";
import { readProjectFiles } from "../../../src/engine/project/project-files.ts";
import { migrationsOf, projectOnDisk } from "../support/run.ts";

const first = "migrations/default/1_a/up.sql";
const second = "migrations/default/2_b/up.sql";
const two = migrationsOf(["1_a", "2_b"]);

/** The disk, on which everything is an hour older than it is, except what is in `fresh`. */
function agedDisk() {
  const fresh = new Set<string>();
  const reads: string[] = [];
  const aged = (path: string, state: FileState): FileState => {
    const by = fresh.has(path) ? 0 : 3_600_000;
    return { ...state, changedMs: state.changedMs - by, modifiedMs: state.modifiedMs - by };
  };
  const fs: FileSystem = {
    ...realFileSystem,
    stat: (path) => aged(path, realFileSystem.stat(path)),
    readNow(path) {
      reads.push(path);
      const { bytes, state } = realFileSystem.readNow?.(path) ?? assert.fail();
      return { bytes, state: aged(path, state) };
    },
  };
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    fresh
      .add(path)
      .add(dirname(path))
      .add(dirname(dirname(path)));
  };
  return { fs, reads, write };
}

/** A file system on which something happens once, after a file was read. */
function afterReading(path: string, fs: FileSystem, happens: () => void): FileSystem {
  let happened = false;
  return {
    ...fs,
    readNow(read) {
      const reading = fs.readNow?.(read) ?? assert.fail();
      if (read === path && !happened) {
        happened = true;
        // The bytes belong to this reading only.
        const bytes = Uint8Array.from(reading.bytes);
        happens();
        return { bytes, state: reading.state };
      }
      return reading;
    },
  };
}

describe("the files of a project", () => {
  test("that have not changed recently are read once", async (t) => {
    const root = await projectOnDisk(t, two);
    const { fs, reads } = agedDisk();
    const files = await readProjectFiles(root, { now: Date.now, fs });
    assert.equal(await files.isUnchanged(), true);
    assert.equal(reads.length, 4);
  });

  test("that have just changed are read again, and belong together if they are the same", async (t) => {
    const root = await projectOnDisk(t, two);
    const { fs, reads, write } = agedDisk();
    write(join(root, first), "SELECT 1;");
    const files = await readProjectFiles(root, { now: Date.now, fs });
    assert.equal(await files.isUnchanged(), true);
    assert.equal(reads.length, 8);
  });

  const changes: [what: string, changed: readonly string[], isOneState: boolean][] = [
    ["the first file, as if it changed after all were read", [first], true],
    ["the second file, as if it changed before any was read", [second], true],
    [
      "both files, of which the first is from before and the second from after",
      [first, second],
      false,
    ],
  ];
  for (const [what, changed, isOneState] of changes) {
    const title = isOneState ? "belong together" : "do not belong together";
    test(`${title} if another program changes, between them, ${what}`, async (t) => {
      const root = await projectOnDisk(t, two);
      const disk = agedDisk();
      const fs = afterReading(join(root, first), disk.fs, () => {
        for (const path of changed) disk.write(join(root, path), "SELECT 9;");
      });
      const files = await readProjectFiles(root, { now: Date.now, fs });
      assert.equal(await files.isUnchanged(), isOneState);
    });
  }

  test("do not belong together if a migration appears beside one that changed while they were read", async (t) => {
    const root = await projectOnDisk(t, two);
    const disk = agedDisk();
    const fs = afterReading(join(root, first), disk.fs, () =>
      disk.write(join(root, second), "SELECT 9;"),
    );
    const files = await readProjectFiles(root, { now: Date.now, fs });
    disk.write(join(root, "migrations/default/3_c/up.sql"), "SELECT 3;");
    assert.equal(await files.isUnchanged(), false);
  });

  test("are compared again some time later", async (t) => {
    const root = await projectOnDisk(t, two);
    const { fs, write } = agedDisk();
    let at = Date.now();
    const files = await readProjectFiles(root, { now: () => at, fs });
    write(join(root, second), "SELECT 9;");
    at += 60_000;
    assert.equal(await files.isUnchanged(), false);
  });

  test("have changed if a text differs when it is sent, or its file is gone", async (t) => {
    const root = await projectOnDisk(t, two);
    const { fs } = agedDisk();
    const files = await readProjectFiles(root, { now: Date.now, fs });
    const [migration] = files.project.databases.get("default") ?? [];
    const up = migration?.up ?? assert.fail();
    writeFileSync(join(root, first), "SELECT 9;");
    assert.deepEqual(await files.textOf(up), { sql: "SELECT 9;" });
    assert.equal(await files.isUnchanged(), false);

    const others = await readProjectFiles(root, { now: Date.now, fs });
    renameSync(join(root, first), join(root, "elsewhere"));
    await assert.rejects(others.textOf(up));
    assert.equal(await others.isUnchanged(), false);
  });

  test("have changed if the link to the project points elsewhere", async (t) => {
    const one = await projectOnDisk(t, two);
    const other = await projectOnDisk(t, migrationsOf(["1_a", "2_c"]));
    const place = await projectOnDisk(t, {});
    symlinkSync(one, join(place, "link"));
    const { fs } = agedDisk();
    const files = await readProjectFiles(join(place, "link"), { now: Date.now, fs });
    symlinkSync(other, join(place, "new"));
    renameSync(join(place, "new"), join(place, "link"));
    assert.equal(await files.isUnchanged(), false);
  });

  test("do not belong together if the project is replaced by an older copy while they are read", async (t) => {
    const root = await projectOnDisk(t, two);
    const other = await projectOnDisk(t, { ...two, [first]: "SELECT 8;", [second]: "SELECT 9;" });
    const disk = agedDisk();
    const fs = afterReading(join(root, first), disk.fs, () => {
      renameSync(root, `${root}-before`);
      renameSync(other, root);
    });
    const files = await readProjectFiles(root, { now: Date.now, fs });
    assert.equal(await files.isUnchanged(), false);
  });

  test("are read completely if they are large", async (t) => {
    const large = `SELECT '${"x".repeat(200_000)}';`;
    const root = await projectOnDisk(t, { ...two, [first]: large });
    const files = await readProjectFiles(root, { now: Date.now });
    const slowly: FileSystem = {
      list: (path) => realFileSystem.list(path),
      stat: (path) => realFileSystem.stat(path),
      realPath: (path) => realFileSystem.realPath(path),
      read: (path) => realFileSystem.read(path),
      isWritable: (path) => realFileSystem.isWritable(path),
    };
    const same = await readProjectFiles(root, { now: Date.now, fs: slowly });
    assert.equal(files.inventory.digest, same.inventory.digest);
  });
});
