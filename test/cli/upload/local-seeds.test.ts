import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import type { FunctionInventory } from "../../../src/cli/upload/function-inventory.ts";
import { localSeeds, type SeedPurpose } from "../../../src/cli/upload/local-seeds.ts";
import { realFileSystem, type FileSystem } from "../../../src/engine/project/file-system.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import { uploadedSeeds } from "../../../src/engine/project/uploaded-seeds.ts";
import { selectSeeds } from "../../../src/engine/seeds/select-seeds.ts";
import { decodeSeeds } from "../../../src/lambda/upload/decode-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { SeedUpload } from "../../../src/protocol/seed-upload.ts";
import { projectOnDisk } from "../../engine/support/run.ts";

const capture = async (): Promise<undefined> => undefined;
const context = { capture, now: () => Date.now() };
const config = { "config.yaml": "version: 3\n" };

/** A function on whose databases these seeds were run, by name. */
function having(records: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const databases = Object.entries(records).map(([name, seeds]) => {
    const checksums = Object.entries(seeds).map(([seed, sql]) => [seed, checksumOf(sql)] as const);
    const nothing = { digests: new Map(), applied: new Set<string>(), inDoubt: new Set<string>() };
    return [name, { ...nothing, seeds: new Map(checksums) }] as const;
  });
  return { digest: "d".repeat(64), databases: new Map(databases) } satisfies FunctionInventory;
}

/** What the function decodes of the upload of a directory. */
async function uploadOf(
  root: string,
  purpose: SeedPurpose = {},
  known: FunctionInventory = having({}),
): Promise<SeedUpload> {
  const seeds = await localSeeds(root, context);
  return decodeSeeds((await seeds.uploadFor(known, purpose)).envelope);
}

/** The names of seeds whose text is sent, and of those that are only listed. */
const partsOf = ({ seeds }: SeedUpload): { sent: string[]; listed: string[] } => ({
  sent: seeds.filter((seed) => "file" in seed).map(({ name }) => name),
  listed: seeds.filter((seed) => !("file" in seed)).map(({ name }) => name),
});

async function refusalOf(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown;
}

const projectWith = (t: TestContext, files: Record<string, string | Uint8Array>): Promise<string> =>
  projectOnDisk(t, { ...config, ...files });

const three = {
  "seeds/default/01_a.sql": "SELECT 'a';",
  "seeds/default/02_b.sql": "SELECT 'b';",
  "seeds/audit/01_a.sql": "SELECT 'audit';",
};

describe("the seeds of a directory", () => {
  test("are all sent to a function that has run none", async (t) => {
    const upload = await uploadOf(await projectWith(t, three));
    assert.deepEqual(
      upload.seeds.map((seed) => [
        seed.database,
        seed.name,
        "file" in seed && "sql" in seed.file && [seed.file.path, seed.file.sql],
      ]),
      [
        ["audit", "01_a.sql", ["seeds/audit/01_a.sql", "SELECT 'audit';"]],
        ["default", "01_a.sql", ["seeds/default/01_a.sql", "SELECT 'a';"]],
        ["default", "02_b.sql", ["seeds/default/02_b.sql", "SELECT 'b';"]],
      ],
    );
    assert.deepEqual([upload.configVersion, upload.directory], [3, "seeds"]);
  });

  test("that were run and have not changed are only listed, unless they are run again", async (t) => {
    const root = await projectWith(t, three);
    const known = having({ default: { "01_a.sql": "SELECT 'a';", "02_b.sql": "SELECT 'old';" } });
    assert.deepEqual(partsOf(await uploadOf(root, {}, known)), {
      sent: ["01_a.sql", "02_b.sql"],
      listed: ["01_a.sql"],
    });
    const again = { again: true, files: ["seeds/default/01_a.sql"] };
    assert.deepEqual(partsOf(await uploadOf(root, again, known)), {
      sent: ["01_a.sql"],
      listed: ["01_a.sql", "02_b.sql"],
    });
  });

  for (const [what, purpose, sent] of [
    ["one file by its path", { files: ["./seeds/default/02_b.sql"] }, ["02_b.sql"]],
    ["files by their names, in all databases", { files: ["01_a.sql"] }, ["01_a.sql", "01_a.sql"]],
    ["one database", { database: "audit" }, ["01_a.sql"]],
    ["a database that has none", { database: "other" }, []],
  ] satisfies [string, SeedPurpose, string[]][]) {
    test(`of which only ${what} may run: only their texts are sent`, async (t) => {
      const upload = await uploadOf(await projectWith(t, three), purpose);
      assert.deepEqual(partsOf(upload).sent, sent);
      assert.equal(upload.seeds.length, 3);
    });
  }

  test("are found by the function as they were typed, also outside the project", async (t) => {
    const root = await projectOnDisk(t, {
      "hasura/config.yaml": "version: 3\nseeds_directory: ../data/seeds\n",
      "data/seeds/default/1.sql": "SELECT 1;",
    });
    for (const file of ["1.sql", "data/seeds/default/1.sql", "../data/seeds/default/1.sql"]) {
      const upload = await uploadOf(join(root, "hasura"), { files: [file] });
      assert.deepEqual(partsOf(upload).sent, ["1.sql"], file);
      const selection = { database: undefined, files: [file] };
      const [found] = selectSeeds(uploadedSeeds(upload), selection);
      assert.equal((await found?.body())?.sql, "SELECT 1;", file);
    }
  });

  test("without text are empty files", async (t) => {
    const upload = await uploadOf(await projectWith(t, { "seeds/default/1.sql": "" }));
    const [file] = uploadedSeeds(upload).files;
    assert.equal((await file?.body())?.blank, true);
  });

  for (const [what, bytes, code, says] of [
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x41, 0x00]), "not-utf8", /1\.sql is UTF-16LE/],
    ["Latin-1", new Uint8Array([0x27, 0xfc, 0x27]), "not-utf8", /1\.sql is not valid UTF-8/],
    ["a NUL character", Buffer.from("SELECT 1;\n\0 -- x"), "nul-character", /1\.sql, line 2/],
  ] as const) {
    test(`with ${what} are refused where they would run, and only there`, async (t) => {
      const root = await projectWith(t, { ...three, "seeds/default/1.sql": bytes });
      const all = uploadedSeeds(await uploadOf(root)).files.find(({ name }) => name === "1.sql");
      const refusal = await refusalOf(all?.body() ?? Promise.resolve());
      assert.equal(refusal.code, code);
      assert.match(refusal.message, says);
      const { sent } = partsOf(await uploadOf(root, { files: ["02_b.sql"] }));
      assert.deepEqual(sent, ["02_b.sql"]);
    });
  }

  test("that have changed while the function was asked are sent as they are then", async (t) => {
    const root = await projectWith(t, three);
    const seeds = await localSeeds(root, context);
    writeFileSync(join(root, "seeds/default/02_b.sql"), "SELECT 'saved meanwhile';");
    const upload = decodeSeeds((await seeds.uploadFor(having({}), {})).envelope);
    const [seed] = upload.seeds.filter(({ name }) => name === "02_b.sql");
    assert(seed && "file" in seed && "sql" in seed.file);
    assert.equal(seed.file.sql, "SELECT 'saved meanwhile';");
  });

  describe("whose files change while they are read", () => {
    /** The disk, where the seeds get another text, and one more comes, each time that the first one was read. */
    const changing = (root: string, texts: Iterator<string>): FileSystem => ({
      ...realFileSystem,
      read: async (path) => {
        const bytes = await realFileSystem.read(path);
        const text = path.endsWith("01_a.sql") ? texts.next() : undefined;
        if (text && text.done !== true)
          for (const name of ["01_a.sql", "02_b.sql", "03_c.sql"])
            writeFileSync(join(root, "seeds/default", name), `SELECT '${text.value}';`);
        return bytes;
      },
    });
    const read = async (t: TestContext, texts: string[]): Promise<SeedUpload> => {
      const root = await projectWith(t, {
        "seeds/default/01_a.sql": "SELECT 'old';",
        "seeds/default/02_b.sql": "SELECT 'old';",
      });
      const seeds = await localSeeds(root, { ...context, fs: changing(root, texts.values()) });
      return decodeSeeds((await seeds.uploadFor(having({}), {})).envelope);
    };

    test("are read again", async (t) => {
      const { seeds } = await read(t, ["new"]);
      assert.deepEqual(
        seeds.map((seed) => "file" in seed && "sql" in seed.file && seed.file.sql),
        Array.from({ length: 3 }, () => "SELECT 'new';"),
      );
    });

    test("are refused if they never stop", async (t) => {
      const texts = Array.from({ length: 20 }, (_, i) => String(i));
      await assert.rejects(read(t, texts), { code: "files-changing" });
    });
  });

  test("that are probably meant as such are named", async (t) => {
    const root = await projectWith(t, { "seeds/1.sql": "SELECT 1;" });
    const [notice] = await (await localSeeds(root, context)).notices();
    assert.match(notice ?? "", /^Ignored: seeds\/1\.sql/);
  });

  const long = "x".repeat(200);
  for (const [what, files, code, says] of [
    ["a line feed in a name", { "seeds/default/a\nb.sql": "" }, "upload-invalid", /control/],
    ["a backslash in a database", { "seeds/a\\b/1.sql": "" }, "upload-invalid", /slash/],
    ["a drive in a name", { "seeds/default/C:1.sql": "" }, "upload-invalid", /inside the project/],
    [
      "a path of more than a thousand characters",
      { [`seeds/default/${[long, long, long, long, "y".repeat(190)].join("/")}.sql`]: "" },
      "upload-invalid",
      /too long/,
    ],
    [
      "a file of 31 MB",
      { "seeds/default/1.sql": Buffer.alloc(31_000_000, "-- data\n") },
      "upload-too-large",
      /^The local seeds that would be run are too large.*seeds\/default\/1\.sql \(31\.0 MB\)/,
    ],
    [
      "a config.yaml that is wrong",
      { "config.yaml": "version: 7\n" },
      "bad-project-config",
      /version/,
    ],
  ] as [string, Record<string, string | Uint8Array>, string, RegExp][]) {
    test(`with ${what} are not sent`, async (t) => {
      const refusal = await refusalOf(projectWith(t, files).then((root) => uploadOf(root)));
      assert.equal(refusal.code, code, refusal.message);
      assert.match(refusal.message, says);
    });
  }

  test("a large file that is not run does not keep others from being sent", async (t) => {
    const large = Buffer.alloc(31_000_000, "-- data\n");
    const root = await projectWith(t, { ...three, "seeds/default/9.sql": large });
    assert.deepEqual(partsOf(await uploadOf(root, { files: ["02_b.sql"] })).sent, ["02_b.sql"]);
  });

  test("of a directory that does not exist are refused, and not none", async () => {
    const refusal = await refusalOf(localSeeds("/nowhere/at/all", context));
    assert.equal(refusal.code, "no-directory");
  });
});
