import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { preparePageFile } from "../../../../src/cli/run/several/page-file.ts";
import { Failure } from "../../../../src/protocol/failure.ts";
import { emptyDirectory, instant } from "../../../support/test-context.ts";

const contextIn = (cwd: string) => ({ cwd, now: () => instant });

const isNotWritten = (reason: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof Failure, String(thrown));
  assert.deepEqual([thrown.kind, thrown.code], ["usage", "page-not-written"]);
  assert.match(thrown.message, reason);
  return true;
};

describe("the file of a page", () => {
  test("is written beside what is there, and then replaces it", async (t) => {
    const cwd = emptyDirectory(t);
    const file = await preparePageFile(contextIn(cwd), "page.html");
    assert.deepEqual(readdirSync(cwd), [], "nothing is left of the check");
    await file.write("new");
    assert.equal(readFileSync(join(cwd, "page.html"), "utf8"), "new");
    await (await preparePageFile(contextIn(cwd), "page.html")).write("newer");
    assert.equal(readFileSync(join(cwd, "page.html"), "utf8"), "newer");
    assert.deepEqual(readdirSync(cwd), ["page.html"]);
  });

  test("keeps its permissions, and the link that leads to it", async (t) => {
    const cwd = emptyDirectory(t);
    mkdirSync(join(cwd, "real"));
    const real = join(cwd, "real", "page.html");
    writeFileSync(real, "old");
    chmodSync(real, 0o600);
    symlinkSync(real, join(cwd, "page.html"));
    await (await preparePageFile(contextIn(cwd), "page.html")).write("new");
    assert.ok(lstatSync(join(cwd, "page.html")).isSymbolicLink());
    assert.equal(readFileSync(real, "utf8"), "new");
    assert.equal(statSync(real).mode & 0o777, 0o600);
  });

  test("is refused where it cannot be, before anything is done", async (t) => {
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "file"), "");
    mkdirSync(join(cwd, "folder"));
    symlinkSync("loop", join(cwd, "loop"));
    for (const [typed, reason] of [
      ["folder", /: it names a directory\.$/],
      ["new/", /: it names a directory\.$/],
      ["missing/page.html", /: its directory does not exist\.$/],
      ["file/page.html", /: part of its path is not a directory\.$/],
      ["loop", /: the link leads to itself\.$/],
      [`${"x".repeat(300)}.html`, /: the name is too long\.$/],
    ] as const)
      await assert.rejects(preparePageFile(contextIn(cwd), typed), isNotWritten(reason), typed);
  });

  test("is refused without permission", async (t) => {
    t.skip(process.getuid?.() === 0, "root may write everywhere");
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "page.html"), "old", { mode: 0o400 });
    await assert.rejects(
      preparePageFile(contextIn(cwd), "page.html"),
      isNotWritten(/: you have no permission\.$/),
    );
    chmodSync(cwd, 0o500);
    await assert.rejects(
      preparePageFile(contextIn(cwd), "other.html"),
      isNotWritten(/: you have no permission\.$/),
    );
    chmodSync(cwd, 0o700);
  });

  test("is as it was where it can no longer be replaced", async (t) => {
    const cwd = emptyDirectory(t);
    writeFileSync(join(cwd, "page.html"), "old");
    const file = await preparePageFile(contextIn(cwd), "page.html");
    rmSync(join(cwd, "page.html"));
    mkdirSync(join(cwd, "page.html"));
    await assert.rejects(file.write("new"), isNotWritten(/could not be written to page\.html/));
    assert.deepEqual(readdirSync(cwd), ["page.html"]);
  });

  test.skipIf(!existsSync("/dev/full"))("on a full disk is a failure", async (t) => {
    const file = await preparePageFile(contextIn(emptyDirectory(t)), "/dev/full");
    await assert.rejects(file.write("page"), isNotWritten(/: the disk is full\.$/));
    assert.ok(statSync("/dev/full").isCharacterDevice(), "a device is not replaced");
  });
});
