import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { programsOf } from "../../../src/cli/programs/programs.ts";
import { exportTarget } from "../../../src/cli/export/export-target.ts";
import { uncommittedFiles } from "../../../src/cli/export/uncommitted-files.ts";
import { writeChanges } from "../../../src/cli/export/write-changes.ts";
import type { FileChange } from "../../../src/metadata/write/export-project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { freshDirectory } from "../../support/postgres.ts";

async function projectOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await freshDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Every file with its text; a link only by its name. */
function filesIn(root: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(root.length + 1), readFileSync(path, "utf8")];
      }),
  );
}

const changes: FileChange[] = [
  { path: "metadata/a.yaml", before: "a", after: "A" },
  { path: "metadata/new/b.yaml", after: "B" },
  { path: "metadata/old/c.yaml", before: "c" },
];
const before = { "metadata/a.yaml": "a", "metadata/old/c.yaml": "c" };

async function write(root: string, these: readonly FileChange[], interrupted?: AbortSignal) {
  const { home: directory } = await exportTarget({ cwd: root, home: root }, root);
  return writeChanges(these, {
    ...{ root, directory, id: "x" },
    interrupted: interrupted ?? new AbortController().signal,
  });
}

const codeOf = (thrown: unknown): string => (thrown instanceof Failure ? thrown.code : "none");

describe("the files of an export", () => {
  test("are changed, added and removed, with the directories that become empty", async (t) => {
    const root = await projectOf(t, before);
    await write(root, changes);
    assert.deepEqual(filesIn(root), { "metadata/a.yaml": "A", "metadata/new/b.yaml": "B" });
    assert.deepEqual(readdirSync(join(root, "metadata")), ["a.yaml", "new"]);
  });

  test("may be a single file beside the metadata directory", async (t) => {
    const others = { "config.yaml": "version: 3\nmetadata_file: all.json\n", "metadata/x": "" };
    const root = await projectOf(t, { ...others, "all.json": "a" });
    await write(root, [{ path: "all.json", before: "a", after: "A" }]);
    assert.deepEqual(filesIn(root), { ...others, "all.json": "A" });
  });

  test("stay as they are if one cannot be written", async (t) => {
    const root = await projectOf(t, { ...before, "metadata/file": "" });
    const impossible = { path: "metadata/file/d.yaml", after: "D" };
    await assert.rejects(write(root, [...changes, impossible]), (thrown: unknown) => {
      assert.equal(codeOf(thrown), "metadata-not-written");
      assert.match(String(thrown), /metadata\/file\/d\.yaml could not be written/);
      return true;
    });
    assert.deepEqual(filesIn(root), { ...before, "metadata/file": "" });
    assert.deepEqual(readdirSync(join(root, "metadata")), ["a.yaml", "file", "old"]);
  });

  test("are restored if a later one cannot be replaced", async (t) => {
    const root = await projectOf(t, { ...before, "metadata/d.yaml/x": "" });
    const blocked = { path: "metadata/d.yaml", after: "D" };
    await assert.rejects(write(root, [...changes, blocked]), (thrown: unknown) => {
      assert.equal(codeOf(thrown), "metadata-not-written");
      return true;
    });
    assert.deepEqual(filesIn(root), { ...before, "metadata/d.yaml/x": "" });
  });

  test("stay as they are after Ctrl-C", async (t) => {
    const root = await projectOf(t, before);
    await assert.rejects(write(root, changes, AbortSignal.abort()), (thrown: unknown) => {
      assert.equal(codeOf(thrown), "interrupted");
      return true;
    });
    assert.deepEqual(filesIn(root), before);
  });

  test("are never written through a link out of the metadata directory", async (t) => {
    const root = await projectOf(t, { ...before, "elsewhere/x": "" });
    symlinkSync(join(root, "elsewhere"), join(root, "metadata/link"));
    const path = "metadata/link/d.yaml";
    await assert.rejects(write(root, [...changes, { path, after: "D" }]), (thrown: unknown) => {
      assert.equal(codeOf(thrown), "link-outside-project");
      return true;
    });
    assert.deepEqual(filesIn(root), { ...before, "elsewhere/x": "" });
  });
});

describe("files that are not committed", () => {
  const { capture } = programsOf(process, new AbortController().signal);

  function gitIn(directory: string) {
    return (...args: readonly string[]): void => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
      execFileSync("git", ["-C", directory, ...identity, ...args], { stdio: "ignore" });
    };
  }

  async function repository(t: TestContext, files: Readonly<Record<string, string>>) {
    const root = await projectOf(t, files);
    const git = gitIn(root);
    git("init", "-q");
    git("add", "-A");
    git("commit", "-qm", "first");
    return { root, git };
  }

  test("are those that are changed, staged, unknown or ignored", async (t) => {
    const { root, git } = await repository(t, {
      ...{ "shop/a.yaml": "a", "shop/b.yaml": "b", "shop/c c.yaml": "c", ".gitignore": "ignored" },
      ...{ "other.yaml": "o", "shop/same.yaml": "s" },
    });
    writeFileSync(join(root, "shop/a.yaml"), "changed");
    writeFileSync(join(root, "shop/b.yaml"), "staged");
    git("add", "shop/b.yaml");
    writeFileSync(join(root, "shop/c c.yaml"), "changed");
    writeFileSync(join(root, "shop/new.yaml"), "");
    writeFileSync(join(root, "shop/ignored"), "");
    writeFileSync(join(root, "other.yaml"), "changed");
    const uncommitted = ["a.yaml", "b.yaml", "c c.yaml", "ignored", "new.yaml", "../other.yaml"];
    const paths = ["same.yaml", ...uncommitted];
    assert.deepEqual(await uncommittedFiles(join(root, "shop"), paths, { capture }), uncommitted);
  });

  test("are also those in ignored directories, and in a repository inside the other one", async (t) => {
    const { root } = await repository(t, { ".gitignore": "tables/\n", "metadata/same.yaml": "" });
    const uncommitted = ["default/tables/a.yaml", "default/tables/new/b.yaml", "inner/c.yaml"];
    for (const path of uncommitted) {
      mkdirSync(dirname(join(root, "metadata", path)), { recursive: true });
      writeFileSync(join(root, "metadata", path), "");
    }
    gitIn(join(root, "metadata/inner"))("init", "-q");
    const paths = [...uncommitted, "same.yaml", "default/none.yaml"];
    assert.deepEqual(
      await uncommittedFiles(join(root, "metadata"), paths, { capture }),
      uncommitted,
    );
  });

  test("are none outside of a repository, also without Git", async (t) => {
    const root = await projectOf(t, { "a.yaml": "" });
    const withoutGit = { capture: async () => undefined };
    assert.deepEqual(await uncommittedFiles(root, ["a.yaml"], { capture }), []);
    assert.deepEqual(await uncommittedFiles(root, ["a.yaml"], withoutGit), []);
  });

  test("cannot be known in a repository that Git does not read", async (t) => {
    const { root } = await repository(t, { "a.yaml": "" });
    const withoutGit = { capture: async () => undefined };
    await assert.rejects(uncommittedFiles(root, ["a.yaml"], withoutGit), (thrown: unknown) => {
      assert.equal(codeOf(thrown), "uncommitted-changes");
      return true;
    });
  });
});
