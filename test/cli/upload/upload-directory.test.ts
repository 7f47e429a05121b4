import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "vitest";
import { uploadDirectory, type SourceChoice } from "../../../src/cli/upload/upload-directory.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";
import { emptyDirectory } from "../../support/test-context.ts";

const choice: SourceChoice = { operation: "apply", environment: "dev-3", inTask: false };
const below = Object.fromEntries(
  Object.entries(migrationsOf(["1_a"])).map(([path, content]) => [`hasura/${path}`, content]),
);

function codeOf(choosing: () => unknown): string {
  try {
    choosing();
  } catch (thrown) {
    assert(thrown instanceof Failure, String(thrown));
    return thrown.code;
  }
  assert.fail("nothing was refused");
}

describe("where migrations come from", () => {
  const cases: [what: string, choice: Partial<SourceChoice>, isUploaded: boolean][] = [
    ["nothing was said", {}, false],
    ["the configuration says image", { configured: "image" }, false],
    ["the configuration says local", { configured: "local" }, true],
    ["--image overrides the configuration", { configured: "local", image: true }, false],
    ["--from overrides the configuration", { configured: "image", from: "." }, true],
    ["an operation without files", { configured: "local", operation: "history" }, false],
  ];
  for (const [what, more, isUploaded] of cases) {
    test(`${what}: the ${isUploaded ? "directory" : "image"}`, async (t) => {
      const cwd = await projectOnDisk(t, migrationsOf(["1_a"]));
      const found = uploadDirectory({ cwd, home: "/home/ada" }, { ...choice, ...more });
      assert.equal(found, isUploaded ? cwd : undefined);
    });
  }

  for (const more of [{}, { configured: "image" }, { configured: "local", image: true }] as const)
    test(`--changed is refused where the image's files run: ${JSON.stringify(more)}`, () => {
      const choosing = () =>
        uploadDirectory({ cwd: "/", home: "/" }, { ...choice, ...more, changed: true });
      assert.equal(codeOf(choosing), "usage");
    });

  test("a directory inside a project means the project", async (t) => {
    const root = await projectOnDisk(t, { ...below, ".git/HEAD": "" });
    const found = (cwd: string, from: string) =>
      uploadDirectory({ cwd, home: "/home/ada" }, { ...choice, from });
    const project = join(root, "hasura");
    assert.equal(found(root, "hasura"), project);
    assert.equal(found(root, "./hasura/migrations/default"), project);
    assert.equal(found(join(project, "migrations"), "."), project);
  });

  test("a directory that is not a project is accepted, and refused when it is read", async (t) => {
    const cwd = emptyDirectory(t);
    const found = uploadDirectory({ cwd, home: "/home/ada" }, { ...choice, from: "sql" });
    assert.equal(found, join(cwd, "sql"));
  });

  test("a configuration with local is refused if there is no project", (t) => {
    const context = { cwd: emptyDirectory(t), home: "/home/ada" };
    assert.equal(
      codeOf(() => uploadDirectory(context, { ...choice, configured: "local" })),
      "no-project",
    );
  });

  test("an environment whose migrations run in an ECS task is refused", () => {
    const context = { cwd: "/", home: "/home/ada" };
    const inTask = { ...choice, inTask: true };
    assert.equal(
      codeOf(() => uploadDirectory(context, { ...inTask, from: "." })),
      "upload-not-in-task",
    );
    assert.equal(
      uploadDirectory(context, { ...inTask, configured: "local", image: true }),
      undefined,
    );
  });
});
