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
    assert.match(differs.stdout, /\n {4}\+ table public\.orders: with 4 relationships\n/);

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
      [branch.code, branch.stdout.split("\n").slice(1, 5)],
      [
        0,
        [
          "    source default",
          "      table public.orders",
          "      ! select permission user: new permission · no row filter · all columns",
          branch.stdout.split("\n")[4],
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
