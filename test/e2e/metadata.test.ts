import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { projectMetadata } from "../../src/engine/project/project-metadata.ts";
import { freshDirectory } from "../support/postgres.ts";
import { eventsOf } from "./support/cli.ts";
import { sample, serve, type Served } from "./support/environment.ts";

const orders = "metadata/databases/default/tables/public_orders.yaml";

/** Replaces the server's metadata by that of a project, as other tools do: through Hasura's own API. */
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

describe("metadata diff", () => {
  test("the image's metadata and that of a directory, against the server's", async (t) => {
    const image = await freshDirectory(t);
    cpSync(sample, image, { recursive: true });
    const served = await serve(t, image);
    assert.equal((await served.run(["dev-1"])).code, 0);

    const differs = await served.run(["metadata", "diff", "dev-1", "--check"]);
    assert.equal(differs.code, 6, differs.stderr);
    assert.match(differs.stdout, /^metadata \(resource version \d+\): 11 objects differ\n/);
    assert.match(differs.stdout, /\n {4}\+ table public\.orders: 4 relationships\n/);

    const [event] = eventsOf(await served.run(["metadata", "diff", "dev-1", "--json"])).flatMap(
      (each) => (each.type === "metadata.diff" ? [each] : []),
    );
    const change = event?.changes.find(({ path }) => path.at(-1)?.name === "public.orders");
    assert.ok(change?.place !== undefined && change.place.file.endsWith(orders));

    await replaceMetadata(served, image);
    const same = await served.run(["metadata", "diff", "dev-1", "--check"]);
    assert.deepEqual([same.code, same.stdout.split(": ")[1]], [0, "no difference\n"], same.stderr);

    const mine = await freshDirectory(t);
    cpSync(sample, mine, { recursive: true });
    const file = join(mine, orders);
    writeFileSync(
      file,
      `${readFileSync(file, "utf8")}select_permissions:\n  - role: user\n    permission:\n      columns: "*"\n      filter: {}\n`,
    );
    const branch = await served.run(["metadata", "diff", "dev-1", "--from", mine]);
    assert.deepEqual(
      [branch.code, branch.stdout.split("\n").slice(1, 6)],
      [
        0,
        [
          "server now → after apply: + added, - removed, ~ changed, ! needs attention",
          "    source default",
          "      table public.orders",
          "!     + select permission user: new permission · no row filter · all columns",
          branch.stdout.split("\n")[5],
        ],
      ],
      branch.stderr,
    );
    assert.match(branch.stdout, new RegExp(`${orders}:\\d+`));
  });

  test("a directory without metadata, and a file that is not valid", async (t) => {
    const served = await serve(t, sample);
    const project = await freshDirectory(t);
    cpSync(sample, project, { recursive: true });
    writeFileSync(join(project, orders), "table: [unclosed\n");
    const broken = await served.run(["metadata", "diff", "dev-1", "--from", project]);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, new RegExp(`${orders}:\\d+:\\d+: `));
    rmSync(join(project, "metadata"), { recursive: true });
    const none = await served.run(["metadata", "diff", "dev-1", "--from", project]);
    assert.deepEqual([none.code, none.stderr.includes("The project has no metadata.")], [2, true]);
  });
});

describe("metadata apply", () => {
  test("replaces the server's metadata once, and shows the file of an object that would be inconsistent", async (t) => {
    const project = await freshDirectory(t);
    cpSync(sample, project, { recursive: true });
    const served = await serve(t, project);
    assert.equal((await served.run(["dev-1"])).code, 0);

    const preview = await served.run(["metadata", "apply", "dev-1", "--dry-run"]);
    assert.equal(preview.code, 0, preview.stderr);
    assert.match(preview.stdout, /^metadata \(resource version \d+\): 11 objects differ\n/);
    assert.match(preview.stdout, /11 objects would change; nothing was changed\n$/);

    const applied = await served.run(["metadata", "apply", "dev-1"]);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stdout, /metadata applied: 11 objects changed in [\d.]+ m?s\n$/);
    const again = await served.run(["metadata", "apply", "dev-1"]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /: no difference\n$/);
    assert.equal((await served.run(["metadata", "diff", "dev-1", "--check"])).code, 0);
    const history = await served.run(["history", "dev-1"]);
    assert.match(history.stdout, /metadata-apply/);

    const mine = await freshDirectory(t);
    cpSync(sample, mine, { recursive: true });
    writeFileSync(join(mine, orders), "table:\n  schema: public\n  name: missing\n");
    const refused = await served.run(["metadata", "apply", "dev-1", "--from", mine]);
    assert.equal(refused.code, 7, refused.stderr);
    assert.match(refused.stderr, /table missing in source default: /);
    assert.match(refused.stderr, new RegExp(`${orders}:1\\n`));
    assert.equal((await served.run(["metadata", "diff", "dev-1", "--check"])).code, 0);
    const allowed = await served.run([
      ...["metadata", "apply", "dev-1", "--from", mine, "--allow-inconsistent"],
    ]);
    assert.equal(allowed.code, 0, allowed.stderr);
    assert.match(allowed.stderr, /metadata is now inconsistent: .*table missing/);
  });
});

describe("apply --metadata", () => {
  test("deploys the migrations and the metadata of a directory, and nothing twice", async (t) => {
    const served = await serve(t, sample);
    const project = await freshDirectory(t);
    cpSync(sample, project, { recursive: true });
    const planned = await served.run(["plan", "dev-1", "--metadata", "--from", project]);
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(planned.stdout, /11 objects differ/);
    assert.match(planned.stdout, /\d+ pending in default/);

    const deployed = await served.run(["dev-1", "--metadata", "--from", project]);
    assert.equal(deployed.code, 0, deployed.stderr);
    assert.match(deployed.stdout, /\d+ applied, 11 metadata objects changed in /);
    assert.equal((await served.run(["metadata", "diff", "dev-1", "--check"])).code, 0);
    const again = await served.run(["dev-1", "--metadata"]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /: no difference\n.*nothing pending, \d+ applied\n$/);
  });

  test("a project without metadata is only migrated if the configuration asks for metadata", async (t) => {
    const served = await serve(t, sample);
    const cwd = await freshDirectory(t);
    cpSync(sample, cwd, { recursive: true });
    rmSync(join(cwd, "metadata"), { recursive: true });
    const environments = { "dev-1": { metadata: true, source: "local" } };
    writeFileSync(join(cwd, "hasura-migrate.json"), JSON.stringify({ environments }));
    const ran = await served.run(["dev-1"], { cwd });
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /The project has no metadata: only its migrations are deployed\./);
    assert.match(ran.stdout, /\d+ applied/);
    const refused = await served.run(["dev-1", "--metadata"], { cwd });
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /The project has no metadata\./);
  });
});
