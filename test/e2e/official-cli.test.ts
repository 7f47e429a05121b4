import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { promisify } from "node:util";
import { test } from "vitest";
import { freshDirectory } from "../support/postgres.ts";
import { eventsOf } from "./support/cli.ts";
import { sample, serve } from "./support/environment.ts";

const binary = process.env["HASURA_CLI_BINARY"];
const skip =
  binary === undefined || binary === ""
    ? "HASURA_CLI_BINARY does not name the official Hasura CLI"
    : false;

test("the official CLI and hasura-migrate take turns on one environment", async (t) => {
  if (skip !== false) t.skip(skip);

  const served = await serve(t, sample);
  const project = await freshDirectory(t);
  cpSync(sample, project, { recursive: true });
  const hasura = async (...args: string[]): Promise<string> => {
    const server = [
      "--endpoint",
      served.hasuraUrl,
      "--admin-secret",
      served.adminSecret,
      "--skip-update-check",
    ];
    const { stdout, stderr } = await promisify(execFile)(
      binary ?? "",
      [...args, ...server, "--project", project],
      {
        env: { PATH: process.env["PATH"], HOME: project, HASURA_GRAPHQL_ENABLE_TELEMETRY: "false" },
      },
    );
    return stdout + stderr;
  };

  await hasura("migrate", "apply", "--database-name", "default", "--up", "5");
  const { code, stderr } = await served.run(["dev-1"]);
  assert.equal(code, 0, stderr);
  const table = await hasura("migrate", "status", "--database-name", "default");
  assert.equal(table.match(/Present +Present/g)?.length, 15, table);

  await hasura("migrate", "apply", "--database-name", "default", "--down", "1");
  const states = eventsOf(await served.run(["status", "dev-1", "--json"])).flatMap((event) =>
    event.type === "status"
      ? event.databases.flatMap(({ migrations }) => migrations.map(({ state }) => state))
      : [],
  );
  assert.deepEqual([states.length, states.at(-1), states.at(-2)], [15, "pending", "applied"]);

  assert.equal((await served.run(["dev-1"])).code, 0);
  assert.match(await hasura("metadata", "apply"), /Metadata applied/i);
  assert.match(await hasura("metadata", "ic", "list"), /metadata is consistent/i);
});
