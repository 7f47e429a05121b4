import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { codeBlocksOf, type CodeBlock } from "../docs/support/code-blocks.ts";
import { pageOf, readerOf, type Reader } from "../docs/support/guide.ts";
import { root } from "./support/cli.ts";
import { project, serve } from "./support/environment.ts";

const migrations = {
  "1764060000000_create_customers": {
    up: "CREATE TABLE customers (id int PRIMARY KEY);",
    down: "DROP TABLE customers;",
  },
};

/** Somebody with a Hasura project, who is in its directory. */
async function newcomer(t: TestContext): Promise<Reader> {
  return readerOf(t, {
    project: await project(t, migrations),
    serve: async (hasura) => (await serve(t, hasura)).lambdaUrl,
    profiles: { "acme-dev": "111122223333", "acme-prod": "444455556666" },
    answers: { "sso login": "Successfully logged into Start URL: https://acme.awsapps.com/start" },
    folder: "hasura",
  });
}

const shellIn = (page: string): CodeBlock[] =>
  codeBlocksOf(page).filter(({ language }) => language === "sh");

const configIn = (page: string): string =>
  codeBlocksOf(page).find(({ language }) => language === "json")?.text ??
  assert.fail("no configuration");

/** Runs a block, all of whose commands have to succeed; resolves to what they print. */
async function succeeds(reader: Reader, found: CodeBlock | undefined): Promise<string> {
  const block = found ?? assert.fail("no such block");
  const ran = await reader.follow(block);
  assert.equal(ran?.code, 0, `line ${String(block.line)}: ${block.text}\n${ran?.stdout ?? ""}`);
  return ran.stdout;
}

describe("docs/getting-started.md", () => {
  test("can be followed from start to finish", async (t) => {
    const page = pageOf("getting-started.md");
    const reader = await newcomer(t);
    const config = join(reader.directory, "hasura-migrate.json");
    const [install, commands, init, look, ...others] = shellIn(page);
    assert.deepEqual(others, []);
    assert.match(await succeeds(reader, install), /1 applied/);
    const printed = await succeeds(reader, commands);
    assert.match(printed, /add_invoices applied/);
    assert.match(printed, /add_invoices rolled back/);
    // The first of these asks, and the second looks into AWS.
    const named = init?.text.split("\n").find((line) => / init dev-1 /.test(line)) ?? "";
    const next = await succeeds(reader, { line: 0, language: "sh", label: "", text: `${named}\n` });
    assert.match(next, /hasura-migrate status dev-1\n/);
    const written = readFileSync(config, "utf8");
    assert.deepEqual(Object.keys(JSON.parse(written) as object), [
      "$schema",
      "defaults",
      "environments",
    ]);
    rmSync(config);
    writeFileSync(config, configIn(page));
    assert.match(await succeeds(reader, look), /2 applied/);
  });
});

describe("README.md", () => {
  test("has commands that work where a project and its configuration are", async (t) => {
    const page = readFileSync(join(root, "README.md"), "utf8");
    const reader = await newcomer(t);
    writeFileSync(join(reader.directory, "hasura-migrate.json"), configIn(page));
    const blocks = shellIn(page);
    assert.equal(blocks.length, 3);
    for (const block of blocks) await succeeds(reader, block);
  });
});
