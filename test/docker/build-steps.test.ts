import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { projectMetadata } from "../../src/engine/project/project-metadata.ts";
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
  files: Record<string, string | Uint8Array>,
  migrations: string,
  metadata = "",
  links: Record<string, string> = {},
): Promise<Staged> {
  const context = await filesIn(t, files);
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    symlinkSync(target, join(context, path));
  }
  const to = join(await freshDirectory(t), "image/migrations");
  return { ...(await run(dockerFile("stage-project"), [context, migrations, metadata, to])), to };
}

describe("build steps", () => {
  test("a project is copied into the image without its secrets and dotfiles", async (t) => {
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
    assert.match(
      stderr,
      /left out of the image's config\.yaml: endpoint, admin_secret \(hasura\/config\.yaml\)/,
    );
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

  for (const [spelling, text] of [
    ["plain", "admin_secret: Canary-77"],
    ["access_key", "access_key: Canary-77"],
    ["quoted key", '"admin_secret": Canary-77'],
    ["single-quoted key", "'admin_secret': 'Canary-77'"],
    ["escaped key", '"admin\\x5fsecret": Canary-77'],
    ["explicit key", "? admin_secret\n: Canary-77"],
    ["folded block on the next line", "admin_secret: >-\n  Canary-77"],
    ["literal block on the next line", "admin_secret: |\n  Canary-77"],
    ["value on the next line", "admin_secret:\n  Canary-77"],
    ["quoted over two lines", 'admin_secret: "Canary-\\\n  77"'],
    ["upper case", "ADMIN_SECRET: Canary-77"],
    ["space before the colon", "admin_secret : Canary-77"],
    ["nested", "actions:\n  handler:\n    admin_secret: Canary-77"],
    ["anchor and alias", "x: &s Canary-77\nadmin_secret: *s"],
    ["in an endpoint", "endpoint: https://user:Canary-77@hasura.example.com"],
    ["in a comment", "# admin_secret: Canary-77"],
    ["under an unknown key", "my_token: Canary-77"],
  ] as const) {
    test(`no secret of config.yaml reaches the image or the log: ${spelling}`, async (t) => {
      const { code, stdout, stderr, to } = await stage(
        t,
        { "hasura/config.yaml": `version: 3\n${text}\n`, [`hasura/${migration}`]: "SELECT 1;" },
        "hasura",
      );
      assert.equal(code, 0, stderr);
      assert.equal(readFileSync(join(to, "config.yaml"), "utf8"), "version: 3\n");
      assert.doesNotMatch(stdout + stderr, /Canary/);
    });
  }

  describe("the encoding of a config.yaml", () => {
    for (const [encoding, encoded] of [
      ["UTF-8 with a mark", (text: string) => Buffer.from(`\uFEFF${text}`)],
      ["UTF-16LE with a mark", (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le")],
      ["UTF-16LE without a mark", (text: string) => Buffer.from(text, "utf16le")],
      ["UTF-16BE", (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
    ] as const)
      test(`a config.yaml in ${encoding} is read`, async (t) => {
        const { code, stderr, to } = await stage(
          t,
          { "hasura/config.yaml": encoded(config), [`hasura/${migration}`]: "SELECT 1;" },
          "hasura",
        );
        assert.equal(code, 0, stderr);
        assert.equal(
          readFileSync(join(to, "config.yaml"), "utf8"),
          "version: 3\nmetadata_directory: metadata\n",
        );
      });

    test("a config.yaml in another encoding stops the build by name", async (t) => {
      const files = { "hasura/config.yaml": Buffer.from([0x23, 0xe9, 0x0a]) };
      const { code, stderr } = await stage(t, files, "hasura");
      assert.equal(code, 1);
      assert.match(stderr, /hasura\/config\.yaml is neither UTF-8 nor UTF-16/);
    });
  });

  test("no secret of a config.yaml in flow style reaches the image", async (t) => {
    const text =
      '{"version": 2, "admin_secret": "Canary-77", "migrations_directory": "db/sql", "metadata_directory": meta}';
    const { code, stderr, to } = await stage(
      t,
      { "hasura/config.yaml": text, "hasura/db/sql/1700000000000_users/up.sql": "SELECT 1;" },
      "hasura",
    );
    assert.equal(code, 0, stderr);
    assert.equal(
      readFileSync(join(to, "config.yaml"), "utf8"),
      "version: 2\nmigrations_directory: db/sql\nmetadata_directory: meta\n",
    );
    assert.deepEqual([...(await readProject(to)).databases.keys()], ["default"]);
  });

  for (const [what, text, expected] of [
    [
      "that is not YAML",
      'version: 3\nadmin_secret: "Canary-77',
      /hasura\/config\.yaml is not valid YAML \(line 2\)/,
    ],
    ["that is a list", "- Canary-77", /hasura\/config\.yaml is not a YAML mapping/],
    [
      "of an unknown version",
      "version: 4\nadmin_secret: Canary-77",
      /version in hasura\/config\.yaml must be 1, 2 or 3/,
    ],
    [
      "with migrations outside of the project",
      "migrations_directory: a/../../other",
      /migrations_directory in hasura\/config\.yaml leads out of the project: a\/\.\.\/\.\.\/other/,
    ],
    [
      "with an absolute migrations directory",
      "migrations_directory: /etc",
      /migrations_directory in hasura\/config\.yaml leads out of the project: \/etc/,
    ],
    [
      "with metadata outside of the project",
      "metadata_directory: ../metadata",
      /metadata_directory in hasura\/config\.yaml leads out of the project: .* METADATA/,
    ],
  ] as const) {
    test(`a config.yaml ${what} stops the build without repeating a secret`, async (t) => {
      const { code, stdout, stderr, to } = await stage(
        t,
        { "hasura/config.yaml": text, [`hasura/${migration}`]: "SELECT 1;" },
        "hasura",
      );
      assert.equal(code, 1);
      assert.match(stderr, expected);
      assert.doesNotMatch(stdout + stderr, /Canary/);
      assert.equal(existsSync(to), false);
    });
  }

  test("a version in quotes is one", async (t) => {
    const { code, stderr, to } = await stage(
      t,
      { "hasura/config.yaml": 'version: "3"\n', [`hasura/${migration}`]: "SELECT 1;" },
      "hasura",
    );
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(to, "config.yaml"), "utf8"), "version: 3\n");
  });

  describe("metadata in a single file", () => {
    const files = {
      [`hasura/${migration}`]: "SELECT 1;",
      "hasura/metadata/version.yaml": "version: 3\n",
      "hasura/metadata/actions.yaml": "actions: [{ name: stale }]\n",
    };

    for (const file of ["metadata.json", "./metadata.json", "hasura/all.json"])
      test(`${file} is copied, and the image applies it`, async (t) => {
        const { code, stderr, to } = await stage(
          t,
          {
            ...files,
            "hasura/config.yaml": `version: 3\nmetadata_file: ${file}\n`,
            [join("hasura", file)]: '{"version":3,"sources":[]}',
          },
          "hasura",
        );
        assert.equal(code, 0, stderr);
        assert.equal(stderr, "");
        const { document } = await projectMetadata({ root: to, configVersion: 3 });
        assert.deepEqual(document.value, { version: 3, sources: [] });
      });

    test("is replaced by METADATA", async (t) => {
      const { code, stderr, to } = await stage(
        t,
        {
          ...files,
          "hasura/config.yaml": "version: 3\nmetadata_file: ../elsewhere.json\n",
          "other/version.yaml": "version: 3\n",
        },
        "hasura",
        "other",
      );
      assert.equal(code, 0, stderr);
      assert.equal(readFileSync(join(to, "config.yaml"), "utf8"), "version: 3\n");
      assert.deepEqual(readdirSync(join(to, "metadata")), ["version.yaml"]);
    });

    for (const [what, file, expected] of [
      ["outside of the project", "../all.json", /metadata_file in .* leads out of the project: /],
      ["with an absolute path", "/etc/all.json", /metadata_file in .* leads out of the project: /],
      [
        "that does not exist",
        "no.json",
        /the file hasura\/no\.json \(metadata_file in .*\) is not in the build/,
      ],
      ["that is a dotfile", ".all.json", /the file hasura\/\.all\.json .*dotfiles/],
      ["that is a directory", "metadata", /the file hasura\/metadata \(.* is not in the build/],
      ["that is the configuration", "./config.yaml", /metadata_file in .* is config\.yaml/],
      ["that is a link out of the project", "link.json", /links must lead .*\nlink\.json -> /],
      ["that is a list", "[all.json]", /metadata_file in .* is not a file/],
    ] as const)
      test(`${what} stops the build`, async (t) => {
        const { code, stdout, stderr, to } = await stage(
          t,
          {
            ...files,
            "all.json": "{}",
            "hasura/.all.json": "{}",
            "hasura/config.yaml": `metadata_file: ${file}\nadmin_secret: Canary-77\n`,
          },
          "hasura",
          "",
          { "hasura/link.json": "../all.json" },
        );
        assert.equal(code, 1);
        assert.match(stderr, expected);
        assert.doesNotMatch(stdout + stderr, /Canary/);
        assert.equal(existsSync(to), false);
      });
  });

  test("METADATA replaces metadata outside of the project", async (t) => {
    const files = {
      "hasura/config.yaml": "version: 3\nmetadata_directory: ../metadata\n",
      [`hasura/${migration}`]: "",
      "metadata/version.yaml": "version: 3\n",
    };
    const { code, stderr, to } = await stage(t, files, "hasura", "metadata");
    assert.equal(code, 0, stderr);
    assert.match(readFileSync(join(to, "config.yaml"), "utf8"), /^metadata_directory: metadata$/m);
    assert.ok(existsSync(join(to, "metadata/version.yaml")));
  });

  const linked = "migrations/default/1700000000001_linked";
  for (const [what, links] of [
    ["to a file of the machine", { [`hasura/${linked}/up.sql`]: "/etc/passwd" }],
    ["to a file beside the project", { [`hasura/${linked}/up.sql`]: "../../../../outside/up.sql" }],
    ["to a directory beside the project", { [`hasura/${linked}`]: "../../../outside" }],
    ["in place of all migrations of a database", { "hasura/migrations/other": "../../outside" }],
    ["to the environment of the build", { [`hasura/${linked}/up.sql`]: "/proc/self/environ" }],
    ["to nothing", { [`hasura/${linked}/up.sql`]: "nothing.sql" }],
    ["to a dotfile, which is left out", { [`hasura/${linked}/up.sql`]: "../../../.secret" }],
    [
      "to a link that leads out",
      { [`hasura/${linked}/up.sql`]: "next", [`hasura/${linked}/next`]: "/etc/passwd" },
    ],
  ] as const) {
    for (const layout of ["project", "migrations directory"] as const) {
      test(`a link ${what} stops the build (${layout})`, async (t) => {
        const { code, stderr, to } = await stage(
          t,
          {
            ...(layout === "project" && { "hasura/config.yaml": "version: 3\n" }),
            [`hasura/${migration}`]: "SELECT 1;",
            "outside/up.sql": "SELECT 'outside';",
            "hasura/.secret": "x",
          },
          "hasura",
          "",
          links,
        );
        assert.equal(code, 1);
        assert.match(
          stderr,
          /links must lead to another file of the project, by a relative path:\n.* -> /,
        );
        assert.equal(existsSync(to), false);
      });
    }
  }

  test("a link within the project stays a link", async (t) => {
    const { code, stderr, to } = await stage(
      t,
      { "hasura/config.yaml": "version: 3\n", [`hasura/${migration}`]: "SELECT 1;" },
      "hasura",
      "",
      { [`hasura/${linked}/up.sql`]: "../1700000000000_users/up.sql" },
    );
    assert.equal(code, 0, stderr);
    const path = join(to, linked, "up.sql");
    assert.ok(lstatSync(path).isSymbolicLink());
    assert.equal(readFileSync(path, "utf8"), "SELECT 1;");
  });

  for (const [argument, migrations, metadata] of [
    ["MIGRATIONS", "sql", ""],
    ["METADATA", "hasura", "sql"],
  ] as const) {
    test(`${argument} may not be a link that leads out of the build's context`, async (t) => {
      const elsewhere = await filesIn(t, { "default/1700000000000_users/up.sql": "SELECT 1;" });
      const { code, stderr } = await stage(
        t,
        { [`hasura/${migration}`]: "SELECT 1;" },
        migrations,
        metadata,
        { sql: elsewhere },
      );
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`${argument}=sql is a link that leads out of`));
    });
  }

  test("METADATA replaces a project's own metadata", async (t) => {
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
    [
      "a path out of the context",
      "../etc",
      "",
      /MIGRATIONS=\.\.\/etc leads out of the build's context/,
    ],
  ] as const) {
    test(`${what} stops the build with a message`, async (t) => {
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

  /** A release server that has one version. */
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

  const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

  interface CliArguments {
    readonly version?: string;
    readonly sha256?: string;
    readonly reportedVersion?: string;
    readonly allowUnverified?: string;
    /** What the mirror serves. */
    readonly binary?: string;
    /** In place of a mirror that serves `binary`. */
    readonly mirrorUrl?: string;
  }

  async function installCli(t: TestContext, given: CliArguments): Promise<Staged> {
    const { binary = working } = given;
    const to = await freshDirectory(t);
    const ran = await run(dockerFile("install-hasura-cli"), [
      given.version ?? "v2.48.1",
      given.sha256 ?? sha256Of(binary),
      given.mirrorUrl ?? (await mirror(t, binary)),
      to,
      given.reportedVersion ?? "",
      given.allowUnverified ?? "",
    ]);
    return { ...ran, to };
  }

  /** A CLI that prints this, and creates the file `mark` when it is run. */
  async function markingCli(
    t: TestContext,
    output: string,
  ): Promise<{ binary: string; mark: string }> {
    const mark = join(await freshDirectory(t), "was-run");
    return { binary: `#!/bin/sh\ntouch '${mark}'\necho '${output}'\n`, mark };
  }

  test("the official CLI is installed if its checksum and its version are the requested ones", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const sha256 = sha256Of(working);
    for (const given of [sha256, sha256.toUpperCase()]) {
      const { code, stdout, stderr, to } = await installCli(t, { sha256: given });
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `official CLI v2.48.1, SHA-256 ${sha256}\n`);
      assert.equal(stderr, "");
      assert.equal(readFileSync(join(to, "usr/local/bin/hasura"), "utf8"), working);
    }
  });

  test("the version is found in JSON output too", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const { binary } = await markingCli(
      t,
      '{"level":"info","msg":"hasura cli","time":"2026-11-25T22:00:00Z","version":"v2.48.1"}',
    );
    assert.equal((await installCli(t, { binary })).code, 0);
  });

  test("without a checksum the official CLI is neither downloaded nor run", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    for (const allowUnverified of ["", "false"]) {
      const { binary, mark } = await markingCli(t, "version=v2.48.1");
      const { code, stderr, to } = await installCli(t, { sha256: "", binary, allowUnverified });
      assert.equal(code, 1);
      assert.match(stderr, /HASURA_CLI_SHA256 is missing: .*HASURA_CLI_ALLOW_UNVERIFIED=true/);
      assert.deepEqual([existsSync(mark), readdirSync(to)], [false, []]);
    }
  });

  test("HASURA_CLI_ALLOW_UNVERIFIED installs it without a checksum, and prints the checksum to use", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const { code, stderr } = await installCli(t, { sha256: "", allowUnverified: "true" });
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`not verified; .*HASURA_CLI_SHA256=${sha256Of(working)}`));
  });

  test("HASURA_CLI_ALLOW_UNVERIFIED does not excuse a wrong checksum", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const { code } = await installCli(t, { sha256: "0".repeat(64), allowUnverified: "true" });
    assert.equal(code, 1);
  });

  test("a binary with another checksum is never run", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const { binary, mark } = await markingCli(t, "version=v2.48.1");
    const { code, stderr } = await installCli(t, { sha256: "0".repeat(64), binary });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /has the SHA-256 [0-9a-f]{64}, but HASURA_CLI_SHA256 is 0{64}: this is not the file that you verified/,
    );
    assert.equal(existsSync(mark), false);
  });

  test("a binary of another version stops the build", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    for (const [output, reported] of [
      ["INFO hasura cli version=v2.48.10", /is version v2\.48\.10, not v2\.48\.1;/],
      ["INFO hasura cli version=dev", /version dev, not v2\.48\.1.*_REPORTED_VERSION=dev/],
      ["hello", /version \(none\), not v2\.48\.1/],
    ] as const) {
      const { binary } = await markingCli(t, output);
      const { code, stderr } = await installCli(t, { binary });
      assert.equal(code, 1);
      assert.match(stderr, reported);
    }
  });

  test("HASURA_CLI_REPORTED_VERSION is what a compiled CLI reports of itself", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const { binary } = await markingCli(t, "INFO hasura cli version=dev");
    assert.equal((await installCli(t, { binary, reportedVersion: "dev" })).code, 0);
    const wrong = await installCli(t, { reportedVersion: "dev" });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /is version v2\.48\.1, not dev/);
  });

  test("the official CLI can come from the build's context, without a network", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    const file = `v2.48.1/cli-hasura-linux-${architecture}`;
    const directory = await filesIn(t, { [file]: working });
    const { code, stderr, to } = await installCli(t, { mirrorUrl: `file://${directory}` });
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(to, "usr/local/bin/hasura"), "utf8"), working);
    const missing = await installCli(t, { mirrorUrl: `file://${directory}/elsewhere` });
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      new RegExp(`could not be downloaded; docker/hasura-cli/${file} in the build's context`),
    );
  });

  test("no version installs no official CLI", async (t) => {
    const { code, to } = await installCli(t, { version: "", sha256: "" });
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(to), []);
  });

  for (const [what, given, expected] of [
    [
      "an unknown version",
      { version: "v2.99.0" },
      /there is no official CLI v2\.99\.0: .* answers 404/,
    ],
    [
      "a version without v",
      { version: "2.48.1" },
      /HASURA_CLI_VERSION must be a tag such as v2\.48\.1, not 2\.48\.1/,
    ],
    ["a version with a path", { version: "v2/../v3" }, /must be a tag such as v2\.48\.1/],
    ["half a checksum", { sha256: "ab12" }, /HASURA_CLI_SHA256 must be 64 hexadecimal digits/],
    [
      "a checksum with other characters",
      { sha256: `${"0".repeat(63)}g` },
      /HASURA_CLI_SHA256 must be 64 hexadecimal digits/,
    ],
    [
      "an unclear waiver",
      { sha256: "", allowUnverified: "yes" },
      /HASURA_CLI_ALLOW_UNVERIFIED must be true or false, not yes/,
    ],
    [
      "a binary that does not run here",
      { binary: "\u007fELF of another architecture" },
      /the official CLI v2\.48\.1 does not run here/,
    ],
  ] as const) {
    test(`${what} stops the build with a message`, async (t) => {
      if (noCurl !== false) t.skip(noCurl);

      const { code, stderr } = await installCli(t, given);
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }

  test("a server that cannot be reached stops the build with a message", async (t) => {
    if (noCurl !== false) t.skip(noCurl);

    // A curl that cannot connect, without the pauses between its attempts.
    const bin = await standIns(t, { curl: "exit 7" });
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}` };
    const { code, stderr } = await run(
      dockerFile("install-hasura-cli"),
      ["v2.48.1", "", "http://mirror.invalid", await freshDirectory(t), "", "true"],
      env,
    );
    assert.equal(code, 1);
    assert.match(stderr, /http:\/\/mirror\.invalid\/v2\.48\.1\/.* could not be downloaded/);
  });

  for (const [what, argv, expected] of [
    [
      "an unknown ENTRY",
      ["fast", "4.0.2", "TO", "/home/sbx_user1051"],
      /ENTRY must be client, npx or bundled, not fast/,
    ],
    [
      "a relative FUNCTION_DIR",
      ["client", "4.0.2", "TO", "home"],
      /FUNCTION_DIR must be an absolute path/,
    ],
    [
      "an interface client without a lockfile",
      ["client", "4.9.9", "TO", "/home/sbx_user1051"],
      /RIC_VERSION must be a version with a lockfile in docker\/aws-lambda-ric\/ \(3\.3\.0, 4\.0\.2\), not 4\.9\.9/,
    ],
    [
      "a path in place of a version",
      ["client", "../aws-lambda-ric/4.0.2", "TO", "/home/sbx_user1051"],
      /RIC_VERSION must be a version with a lockfile/,
    ],
  ] as const) {
    test(`${what} stops the build with a message`, async (t) => {
      const to = await freshDirectory(t);
      const { code, stderr } = await run(
        dockerFile("install-node"),
        argv.map((it) => (it === "TO" ? to : it)),
      );
      assert.equal(code, 1);
      assert.match(stderr, expected);
    });
  }

  test("the interface client is installed from its lockfile, and only its own files are kept", async (t) => {
    const bin = await standIns(t, {
      // A Node that needs no stripping, and an npm that installs what the lockfile names without compiling it.
      strip: 'for last; do :; done; cp "$last" "$3"',
      npm: [
        '[ "$1" = ci ] || { echo "npm $* is not npm ci" >&2; exit 9; }',
        'version=$(sed -n \'/"node_modules\\/aws-lambda-ric"/,/version/s/.*"version": "\\(.*\\)".*/\\1/p\' package-lock.json)',
        "mkdir -p node_modules/aws-lambda-ric/src",
        'echo "{\\"version\\":\\"$version\\"}" >node_modules/aws-lambda-ric/package.json',
        "touch node_modules/aws-lambda-ric/index.mjs node_modules/aws-lambda-ric/rapid-client.node",
      ].join("\n"),
    });
    const to = await freshDirectory(t);
    const { code, stderr } = await run(
      dockerFile("install-node"),
      ["client", "4.0.2", to, "/function"],
      { PATH: `${bin}:${process.env["PATH"] ?? ""}` },
    );
    assert.equal(code, 0, stderr);
    const package_ = join(to, "function/node_modules/aws-lambda-ric");
    assert.deepEqual(readdirSync(package_).toSorted(), [
      "index.mjs",
      "package.json",
      "rapid-client.node",
    ]);
    assert.equal(readFileSync(join(package_, "package.json"), "utf8"), '{"version":"4.0.2"}\n');
  });
});
