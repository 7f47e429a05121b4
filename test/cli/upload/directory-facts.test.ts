import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { directoryFacts } from "../../../src/cli/upload/directory-facts.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";

const capture = async (command: string, args: readonly string[]): Promise<string | undefined> => {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
};

const identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"];
const git = (root: string, ...args: string[]): string =>
  execFileSync("git", [...identity, "-C", root, ...args], {
    encoding: "utf8",
    stdio: "pipe",
  }).trim();

/** A repository with a project in `hasura/`, on the branch add-coupons. */
async function repository(t: TestContext): Promise<string> {
  const files = Object.fromEntries(
    Object.entries(migrationsOf(["1_a"])).map(([path, content]) => [`hasura/${path}`, content]),
  );
  const root = await projectOnDisk(t, { ...files, "app.txt": "" });
  git(root, "init", "--quiet", "--initial-branch", "add-coupons");
  git(root, "add", ".");
  git(root, "commit", "--quiet", "--message", "begin");
  return root;
}

describe("what identifies a directory", () => {
  test("is its name from the repository, the branch and the commit", async (t) => {
    const root = await repository(t);
    assert.deepEqual(await directoryFacts(join(root, "hasura"), { capture }), {
      directory: `${basename(root)}/hasura`,
      branch: "add-coupons",
      commit: git(root, "rev-parse", "HEAD"),
      dirty: false,
    });
  });

  const changes: [what: string, path: string, dirty: boolean][] = [
    ["a changed file in it", "hasura/config.yaml", true],
    ["a new file in it", "hasura/migrations/default/2_b.up.sql", true],
    ["a changed file elsewhere in the repository", "app.txt", false],
  ];
  for (const [what, path, dirty] of changes) {
    test(`${what} is ${dirty ? "an uncommitted change" : "no change of it"}`, async (t) => {
      const root = await repository(t);
      writeFileSync(join(root, path), "version: 2\n");
      assert.equal((await directoryFacts(join(root, "hasura"), { capture })).dirty, dirty);
    });
  }

  test("without a branch is the commit", async (t) => {
    const root = await repository(t);
    git(root, "checkout", "--quiet", "--detach");
    const { branch, commit } = await directoryFacts(root, { capture });
    assert.deepEqual([branch, commit?.length], [undefined, 40]);
  });

  test("before the first commit is the branch", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a"]));
    git(root, "init", "--quiet", "--initial-branch", "main");
    assert.deepEqual(await directoryFacts(root, { capture }), {
      directory: basename(root),
      branch: "main",
    });
  });

  test("outside a repository is its name alone", async (t) => {
    const root = await projectOnDisk(t, migrationsOf(["1_a"]));
    assert.deepEqual(await directoryFacts(root, { capture }), { directory: basename(root) });
  });
});
