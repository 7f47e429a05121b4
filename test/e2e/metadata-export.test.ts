import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { projectMetadata } from "../../src/engine/project/project-metadata.ts";
import { freshDirectory } from "../support/postgres.ts";
import { sample, serve, type Served } from "./support/environment.ts";

const orders = "metadata/databases/default/tables/public_orders.yaml";

async function replaceMetadata({ hasuraUrl, adminSecret }: Served, root: string): Promise<void> {
  const { document } = await projectMetadata({ root, configVersion: 3 });
  const response = await fetch(`${hasuraUrl}/v1/metadata`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-hasura-admin-secret": adminSecret },
    body: JSON.stringify({
      type: "replace_metadata",
      version: 2,
      args: { allow_inconsistent_metadata: true, metadata: document.value },
    }),
  });
  assert.equal(response.status, 200, await response.text());
}

function git(directory: string, ...args: readonly string[]): void {
  const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
  execFileSync("git", ["-C", directory, ...identity, ...args], { stdio: "ignore" });
}

function temporaryFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.includes(".hasura-migrate-"),
  );
}

describe("metadata export", () => {
  test("after an apply no file differs; what differs on the server is written, and nothing else", async (t) => {
    const project = await freshDirectory(t);
    cpSync(sample, project, { recursive: true });
    git(project, "init", "-q");
    git(project, "add", "-A");
    git(project, "commit", "-qm", "first");
    const served = await serve(t, project);
    assert.equal((await served.run(["dev-1"])).code, 0);
    await replaceMetadata(served, project);

    const same = await served.run(["metadata", "export", "dev-1", project, "--check"]);
    assert.equal(same.code, 0, same.stderr + same.stdout);
    assert.match(same.stdout, /^metadata of dev-1 \(resource version \d+\): no file differs\n$/);

    const mine = await freshDirectory(t);
    cpSync(project, mine, { recursive: true });
    const before = readFileSync(join(mine, orders), "utf8");
    const permission =
      "select_permissions:\n  - role: user\n    permission:\n      columns:\n        - id\n      filter: {}\n";
    writeFileSync(join(project, orders), before + permission);
    await replaceMetadata(served, project);

    const check = await served.run(["metadata", "export", "dev-1", mine, "--check"]);
    assert.equal(check.code, 6, check.stderr);
    assert.match(
      check.stdout,
      /: 1 file changed; nothing was written\n {2}~ .*public_orders\.yaml\n$/,
    );
    assert.equal(readFileSync(join(mine, orders), "utf8"), before);

    writeFileSync(join(mine, orders), `${before}# mine\n`);
    const refused = await served.run(["metadata", "export", "dev-1", mine]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /public_orders\.yaml would be overwritten/);
    assert.equal(readFileSync(join(mine, orders), "utf8"), `${before}# mine\n`);

    git(mine, "checkout", "-q", "--", ".");
    const written = await served.run(["metadata", "export", "dev-1", mine]);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stdout, /: 1 file changed\n/);
    assert.equal(readFileSync(join(mine, orders), "utf8"), before + permission);
    assert.deepEqual(temporaryFiles(mine), []);
  });

  test("an empty directory gets all files, and the metadata can be printed", async (t) => {
    const served = await serve(t, sample);
    await replaceMetadata(served, sample);
    const directory = join(await freshDirectory(t), "new");
    const fresh = await served.run(["metadata", "export", "dev-1", directory]);
    assert.equal(fresh.code, 0, fresh.stderr);
    assert(existsSync(join(directory, orders)));
    assert.equal((await served.run(["metadata", "export", "dev-1", directory, "--check"])).code, 0);

    const json = await served.run(["metadata", "export", "dev-1", "--json"]);
    assert.equal(json.code, 0, json.stderr);
    const document: unknown = JSON.parse(json.stdout);
    assert(typeof document === "object" && document !== null && "sources" in document);
    const yaml = await served.run(["metadata", "export", "dev-1", "-o", "yaml"]);
    assert.match(yaml.stdout, /^version: 3\nsources:\n {2}- name: default\n/);

    writeFileSync(join(directory, orders), "table: [unclosed\n");
    const broken = await served.run(["metadata", "export", "dev-1", directory]);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /public_orders\.yaml:\d+:\d+: /);
  });
});
