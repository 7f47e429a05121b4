import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { readProject } from "../../src/engine/project/project.ts";
import { freshDirectory } from "../support/postgres.ts";
import { dockerFile, filesIn, run, standIns, type Ran } from "./support/program.ts";

const migration = "migrations/default/1700000000000_users/up.sql";
const config =
  "version: 3\nendpoint: https://hasura.example.com\nadmin_secret: do-not-bake-me\nmetadata_directory: metadata\n";

interface Staged extends Ran {
  /** What went into the image. */
  readonly to: string;
}

async function stage(
  t: TestContext,
  files: Record<string, string>,
  migrations: string,
  metadata = "",
): Promise<Staged> {
  const context = await filesIn(t, files);
  const to = join(await freshDirectory(t), "image/migrations");
  return { ...(await run(dockerFile("stage-project"), [context, migrations, metadata, to])), to };
}

describe("build steps", () => {
  test("a project goes into the image without the secrets and dotfiles that lie in it", async (t) => {
    const files = {
      "hasura/config.yaml": config,
      [`hasura/${migration}`]: "SELECT 1;",
      "hasura/metadata/version.yaml": "version: 3\n",
    };
    const { code, stdout, stderr, to } = await stage(
      t,
      { ...files, "hasura/.env": "SECRET=x", "hasura/seeds/.env.local": "y" },
      "hasura",
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^1 migrations from hasura$/m);
    assert.match(stderr, /left the secret in hasura\/config\.yaml out/);
    const all = readdirSync(to, { recursive: true }).map(String);
    assert.deepEqual(
      all.filter((path) => path.includes(".env")),
      [],
    );
    assert(!readFileSync(join(to, "config.yaml"), "utf8").includes("do-not-bake-me"));
    assert.deepEqual([...(await readProject(to)).databases.keys()], ["default"]);
    assert(existsSync(join(to, "metadata/version.yaml")));
  });

  for (const [what, file, database] of [
    ["version 3", "sql/shop/1700000000000_users/up.sql", "shop"],
    ["version 2", "sql/1700000000000_users/up.sql", "default"],
  ] as const) {
    test(`a bare migrations directory of ${what} with metadata from elsewhere becomes a project`, async (t) => {
      const { code, stderr, to } = await stage(
        t,
        { [file]: "SELECT 1;", "meta/version.yaml": "version: 3\n" },
        "sql",
        "meta",
      );
      assert.equal(code, 0, stderr);
      assert.deepEqual([...(await readProject(to)).databases.keys()], [database]);
      assert(existsSync(join(to, "metadata/version.yaml")));
    });
  }

  test("METADATA takes the place of a project's own", async (t) => {
    const files = {
      "hasura/config.yaml": "version: 3\nmetadata_directory: 'meta'\n",
      [`hasura/${migration}`]: "",
      "hasura/meta/old.yaml": "",
    };
    const { code, to } = await stage(t, { ...files, "other/new.yaml": "" }, "hasura", "other");
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(join(to, "meta")), ["new.yaml"]);
  });

  for (const [what, migrations, metadata, expected] of [
    [
      "a missing migrations directory",
      "nothing",
      "",
      /there is no directory nothing in the build's context \(MIGRATIONS\)/,
    ],
    [
      "a missing metadata directory",
      "sql",
      "nothing",
      /there is no directory nothing in the build's context \(METADATA\)/,
    ],
    ["no migrations directory named", "", "", /MIGRATIONS is empty/],
    ["a path out of the context", "../etc", "", /MIGRATIONS=\.\.\/etc leaves the build's context/],
  ] as const) {
    test(`${what} stops the build with a sentence`, async (t) => {
      const { code, stderr, to } = await stage(
        t,
        { "sql/default/1700000000000_a/up.sql": "" },
        migrations,
        metadata,
      );
      assert.equal(code, 1);
      assert.match(stderr, expected);
      assert.equal(existsSync(to), false);
    });
  }

  const noCurl = spawnSync("curl", ["--version"]).status === 0 ? false : "curl is not installed";
  const architecture =
    spawnSync("uname", ["-m"]).stdout.toString().trim() === "aarch64" ? "arm64" : "amd64";
  const working = '#!/bin/sh\n[ "$1" = version ] && echo "INFO hasura cli version=v2.48.1"\n';

  /** A place of releases that has one version. */
  async function mirror(t: TestContext, binary: string): Promise<string> {
    const server = createServer((request, response) => {
      const known = request.url === `/v2.48.1/cli-hasura-linux-${architecture}`;
      response.writeHead(known ? 200 : 404).end(known ? binary : "Not Found");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.onTestFinished(() => {
      server.close();
    });
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  async function installCli(
    t: TestContext,
    version: string,
    sha256 = "",
    binary = working,
  ): Promise<Staged> {
    const to = await freshDirectory(t);
    return {
      ...(await run(dockerFile("install-hasura-cli"), [
        version,
        sha256,
        await mirror(t, binary),
        to,
      ])),
      to,
    };
  }

  test("the official CLI is installed when its sum is the one that was asked for", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const sha256 = createHash("sha256").update(working).digest("hex");
    const { code, stdout, stderr, to } = await installCli(t, "v2.48.1", sha256);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `official CLI v2.48.1, SHA-256 ${sha256}\n`);
    assert.equal(readFileSync(join(to, "usr/local/bin/hasura"), "utf8"), working);
  });

  test("no version installs no official CLI", async (t) => {
    const { code, to } = await installCli(t, "");
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(to), []);
  });

  for (const [what, version, sha256, binary, expected] of [
    [
      "an unknown version",
      "v2.99.0",
      "",
      working,
      /there is no official CLI v2\.99\.0: .* answers 404/,
    ],
    [
      "what is no version",
      "2.48.1",
      "",
      working,
      /HASURA_CLI_VERSION is a tag such as v2\.48\.1, and not 2\.48\.1/,
    ],
    [
      "a wrong sum",
      "v2.48.1",
      "0".repeat(64),
      working,
      /has the SHA-256 [0-9a-f]{64}, and HASURA_CLI_SHA256 asks for 0{64}/,
    ],
    [
      "a binary that does not run here",
      "v2.48.1",
      "",
      "\u007fELF of another architecture",
      /the official CLI v2\.48\.1 does not run here/,
    ],
  ] as const) {
    test(`${what} stops the build with a sentence`, async (t) => {
      if (noCurl !== false) t.skip(noCurl);

      const { code, stderr } = await installCli(t, version, sha256, binary);
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }

  test("a server that cannot be reached stops the build with a sentence", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    // A curl that cannot connect, without its pauses between tries.
    const bin = await standIns(t, { curl: "exit 7" });
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const { code, stderr } = await run(
      dockerFile("install-hasura-cli"),
      ["v2.48.1", "", "http://mirror.invalid", await freshDirectory(t)],
      env,
    );
    assert.equal(code, 1);
    assert.match(stderr, /http:\/\/mirror\.invalid\/v2\.48\.1\/.* could not be fetched/);
  });

  for (const [what, argv, expected] of [
    [
      "an unknown ENTRY",
      ["fast", "4.0.2", "TO", "/home/sbx_user1051"],
      /ENTRY is client, npx or bundled, and not fast/,
    ],
    [
      "a relative FUNCTION_DIR",
      ["client", "4.0.2", "TO", "home"],
      /FUNCTION_DIR must be an absolute path/,
    ],
  ] as const) {
    test(`${what} stops the build with a sentence`, async (t) => {
      const to = await freshDirectory(t);
      const { code, stderr } = await run(
        dockerFile("install-node"),
        argv.map((it) => (it === "TO" ? to : it)),
      );
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }
});
