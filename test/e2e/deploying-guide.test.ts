import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { codeBlocksOf } from "../docs/support/code-blocks.ts";
import { asInGuide, missingLine, pageOf, readerOf } from "../docs/support/guide.ts";
import { project, serve } from "./support/environment.ts";

const migrations = {
  "1764060000000_create_customers": { up: "CREATE TABLE customers (id int PRIMARY KEY);" },
  "1764061000000_create_orders": { up: "CREATE TABLE orders (id int PRIMARY KEY);" },
};

const answers = {
  "ecs describe-services":
    "subnet-0123456789abcdef0\tsubnet-0123456789abcdef1\nsg-0123456789abcdef0",
  "ecs update-service": "ACTIVE",
  "ecr describe-images": [
    "2026-11-26T10:31:07+00:00\t8e1f00d9a2b3-5f0c9d1e2a34\tsha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "2026-11-24T16:02:44+00:00\t4c6ea1a0c7d2-77b1e0f3c5a9\tsha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
  ].join("\n"),
  "servicediscovery create-private-dns-namespace": "gzzeveqzw6fhb4vw4nzvkcykf4gcjyxz",
  "servicediscovery create-service":
    "arn:aws:servicediscovery:eu-west-1:111122223333:service/srv-0123456789abcdef",
  "ssm put-parameter": "1",
  "sso-admin attach-customer-managed-policy-reference-to-permission-set": "",
};

const profiles = {
  "acme-dev": "111122223333",
  "acme-dev-admin": "111122223333",
  "acme-prod": "444455556666",
  "acme-prod-admin": "444455556666",
};

describe("docs/deploying.md", () => {
  test("can be followed from start to finish, and its commands print what it shows", async (t) => {
    const reader = await readerOf(t, {
      project: await project(t, migrations),
      // The functions have the reader's project, as if each deployment had put it there.
      serve: async (hasura) => (await serve(t, hasura)).lambdaUrl,
      profiles,
      answers,
    });
    const blocks = codeBlocksOf(pageOf("deploying.md"));
    const commands = blocks.filter(({ language }) => language === "sh");
    assert.ok(commands.length > 10);
    for (const [at, block] of blocks.entries()) {
      if (block.language !== "sh" && block.label === "") continue;
      const ran = await reader.follow(block);
      if (ran === undefined) continue;
      const where = `line ${String(block.line)}`;
      if (process.env["SHOW_GUIDE"])
        console.log(`${where}: ${block.text}\n${asInGuide(ran.stdout)}`);
      assert.equal(ran.code, 0, `${where}: ${block.text}\n${ran.stdout}`);
      const next = blocks[at + 1];
      if (next?.language !== "text") continue;
      const missing = missingLine(next.text, ran.stdout);
      assert.equal(missing, undefined, `${where} prints:\n${asInGuide(ran.stdout)}`);
    }
  });
});
