import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { repositoryPath } from "../../../src/cli/project/repository-path.ts";
import { emptyDirectory } from "../../support/test-context.ts";

/** A repository with these files; the command runs in one of its directories. */
function repository(t: TestContext, directory: string, ...files: string[]) {
  const root = emptyDirectory(t);
  for (const file of [".git/HEAD", ...files]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  return { cwd: join(root, directory), home: emptyDirectory(t) };
}

const file = "migrations/default/1_a/up.sql";

describe("a migration's file, named from the root of the repository", () => {
  test("has the project's directory in front of it", (t) => {
    const place = repository(t, "db/hasura", "db/hasura/config.yaml", `db/hasura/${file}`);
    assert.equal(repositoryPath(file, place), `db/hasura/${file}`);
  });

  test("is found in a migrations directory of another name", (t) => {
    const place = repository(t, "hasura", "hasura/config.yaml", "hasura/sql/default/1_a/up.sql");
    assert.equal(repositoryPath("sql/default/1_a/up.sql", place), "hasura/sql/default/1_a/up.sql");
  });

  test("is found where the image has the migrations alone, under its own name for them", (t) => {
    const place = repository(t, "hasura/migrations", `hasura/${file}`);
    assert.equal(repositoryPath("project/default/1_a/up.sql", place), `hasura/${file}`);
  });

  test("stays as it is if there is no such file here, or it is outside of the repository", (t) => {
    const place = repository(t, "hasura", "hasura/config.yaml", `hasura/${file}`);
    assert.equal(
      repositoryPath("migrations/default/2_b/up.sql", place),
      "migrations/default/2_b/up.sql",
    );
    assert.equal(
      repositoryPath("../../../../../../etc/passwd", place),
      "../../../../../../etc/passwd",
    );
  });
});
