import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { uploadDocument, type UploadPurpose } from "../../../src/cli/upload/build-upload.ts";
import { compressedUpload } from "../../../src/cli/upload/compress-upload.ts";
import type { FunctionInventory } from "../../../src/cli/upload/function-inventory.ts";
import { checksumOf, checksumOfBytes } from "../../../src/engine/project/migration-file.ts";
import { readProjectFiles } from "../../../src/engine/project/project-files.ts";
import { decodeUpload } from "../../../src/lambda/upload/decode-upload.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import type { Operation } from "../../../src/protocol/operations.ts";
import { uploadLimits, type UploadDocument } from "../../../src/protocol/upload.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const digest = "d".repeat(64);
const from = { directory: "shop/hasura", branch: "add-coupons" };
const branch = migrationsOf(["1_a", "2_b", "3_c", "5_e"]);

const readFiles = async (t: TestContext, files: Files) =>
  readProjectFiles(await projectOnDisk(t, files), { now: Date.now });

/** What a function has whose image has these files. */
async function inventoryOf(
  t: TestContext,
  image: Files,
  more: { readonly applied?: readonly string[]; readonly inDoubt?: readonly string[] } = {},
): Promise<FunctionInventory> {
  const { inventory } = await readFiles(t, image);
  const { applied = [], inDoubt = [] } = more;
  return {
    digest,
    databases: new Map(
      [...inventory.databases].map(([name, entries]) => [
        name,
        {
          digests: new Map(entries.map((entry) => [entry.version, entry.digest])),
          applied: new Set(applied),
          inDoubt: new Set(inDoubt),
        },
      ]),
    ),
  };
}

async function documentOf(
  t: TestContext,
  known: FunctionInventory,
  { files = branch, ...purpose }: Partial<UploadPurpose> & { readonly files?: Files } = {},
): Promise<UploadDocument> {
  return uploadDocument(await readFiles(t, files), known, {
    ...{ operation: "apply", database: undefined, from },
    ...purpose,
  });
}

/** The versions whose files are in it, and those that are listed. */
const versionsOf = ({ migrations, known }: UploadDocument): [string[], string[]] => [
  migrations.map(({ version }) => version),
  known.map(({ version }) => version),
];

async function refusalOf(building: Promise<unknown>): Promise<Failure> {
  const thrown = await building.then(
    () => assert.fail("nothing was refused"),
    (reason: unknown) => reason,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown;
}

describe("what is uploaded", () => {
  test("is nothing if the image has the same files", async (t) => {
    const document = await documentOf(t, await inventoryOf(t, branch));
    assert.deepEqual(document, {
      format: 1,
      image: digest,
      configVersion: 3,
      from,
      without: [],
      migrations: [],
      known: [],
    });
  });

  test("is a file with its path and its text", async (t) => {
    const known = await inventoryOf(t, migrationsOf(["1_a", "2_b", "3_c"]));
    const { migrations } = await documentOf(t, known);
    const folder = "migrations/default/5_e";
    assert.deepEqual(migrations, [
      {
        ...{ database: "default", version: "5", name: "e" },
        up: { path: `${folder}/up.sql`, sql: "SELECT '5_e up';" },
        down: { path: `${folder}/down.sql`, sql: "SELECT '5_e down';" },
      },
    ]);
  });

  const image = { ...migrationsOf(["1_a", "9_z"]), "migrations/default/2_b/up.sql": "SELECT 2;" };
  const applied = { applied: ["1", "2", "5", "9"], inDoubt: ["5"] };
  const needed: [operation: Operation, sent: string[], listed: string[]][] = [
    ["apply", ["3"], ["2", "5"]],
    ["plan", ["3"], ["2", "5"]],
    ["down", ["2", "5"], ["3"]],
    ["redo", ["2", "3", "5"], []],
    ["status", ["5"], ["2", "3"]],
    ["mark", ["3", "5"], ["2"]],
  ];
  for (const [operation, sent, listed] of needed) {
    test(`${operation}: the text of ${sent.join(", ")}, and the checksums of the others that differ`, async (t) => {
      const document = await documentOf(t, await inventoryOf(t, image, applied), { operation });
      assert.deepEqual(versionsOf(document), [sent, listed]);
      assert.deepEqual(document.without, [{ database: "default", versions: ["9"] }]);
      const [known] = document.known;
      if (known)
        assert.deepEqual(known, {
          ...{ database: "default", version: listed[0], name: known.name, hasDown: true },
          checksum: checksumOf(`SELECT '${known.version}_${known.name} up';`).slice(0, 32),
        });
    });
  }

  test("has only the text of the versions that the operation names", async (t) => {
    const known = await inventoryOf(t, image, applied);
    const document = await documentOf(t, known, { operation: "mark", versions: ["3"] });
    assert.deepEqual(versionsOf(document), [["3"], ["2", "5"]]);
  });

  const differences: [what: string, files: Files][] = [
    ["another up file", { "migrations/default/5_e/up.sql": "SELECT 5;" }],
    ["another down file", { "migrations/default/5_e/down.sql": "SELECT 5;" }],
    ["no down file", { "migrations/default/5_e/down.sql": "" }],
  ];
  for (const [what, change] of differences) {
    test(`includes a migration that the image has with ${what}`, async (t) => {
      const known = await inventoryOf(t, { ...branch, ...change });
      assert.deepEqual(versionsOf(await documentOf(t, known)), [["5"], []]);
    });
  }

  test("includes a migration that the image has with another name", async (t) => {
    const known = await inventoryOf(t, migrationsOf(["1_a", "2_b", "3_c", "5_other"]));
    assert.deepEqual(versionsOf(await documentOf(t, known)), [["5"], []]);
  });

  test("contains only one database if one was chosen", async (t) => {
    const two = { ...branch, ...migrationsOf(["7_g"], "second") };
    const known = await inventoryOf(t, migrationsOf(["1_a"], "third"));
    const document = await documentOf(t, known, { files: two, database: "second" });
    assert.deepEqual(versionsOf(document), [["7"], []]);
    assert.deepEqual(document.without, []);
    const whole = await documentOf(t, known, { files: two });
    assert.deepEqual(whole.without, [{ database: "third", versions: ["1"] }]);
  });

  test("arrives at the function as it was built, and the line ends with it", async (t) => {
    const sql = "-- ü\r\nSELECT '\u{1F600}';\r\n";
    const files = { ...branch, "migrations/default/6_f/up.sql": `\uFEFF${sql}` };
    const document = await documentOf(t, await inventoryOf(t, branch), { files });
    assert.deepEqual(document.migrations[0]?.up, { path: "migrations/default/6_f/up.sql", sql });
    assert.deepEqual(decodeUpload(compressedUpload(document)), document);
  });

  test("has a path without `..`, even if the migrations directory is outside the project", async (t) => {
    const files = {
      "project/config.yaml": "version: 3\nmigrations_directory: ../elsewhere\n",
      "elsewhere/default/1_a/up.sql": "SELECT 1;",
    };
    const root = await projectOnDisk(t, files);
    const document = await uploadDocument(
      await readProjectFiles(`${root}/project`, { now: Date.now }),
      { digest, databases: new Map() },
      { operation: "apply", database: undefined, from },
    );
    assert.equal(document.migrations[0]?.up?.path, "elsewhere/default/1_a/up.sql");
    assert.deepEqual(decodeUpload(compressedUpload(document)), document);
  });

  test("one pending migration of 1,000 takes less than 20 kB, even if the image has none", async (t) => {
    const names = Array.from({ length: 1000 }, (_, i) => `${1_700_000_000_000 + i}_step_${i}`);
    const files = migrationsOf(names);
    const applied = names.slice(0, -1).map((name) => name.split("_", 1)[0] ?? "");
    const image = migrationsOf(names.slice(0, -1));
    const most = await documentOf(t, await inventoryOf(t, image, { applied }), { files });
    assert.deepEqual(versionsOf(most), [["1700000000999"], []]);
    assert(compressedUpload(most).data.length < 1000);
    const none = await documentOf(
      t,
      {
        digest,
        databases: new Map([
          ["default", { digests: new Map(), applied: new Set(applied), inDoubt: new Set() }],
        ]),
      },
      { files },
    );
    assert.equal(none.known.length, 999);
    const { length } = compressedUpload(none).data;
    assert(length < 32_000, `${length} characters`);
  });
});

describe("a file that cannot be run", () => {
  const latin1 = Buffer.from("SELECT 'ü';", "latin1");
  const wrong = "-- hasura-migrate: color=red\nSELECT 1;";
  const pending: [what: string, content: string | Uint8Array, sent: object][] = [
    [
      "in another encoding",
      latin1,
      { checksum: checksumOfBytes(latin1), problem: "not-utf8", encoding: "unknown" },
    ],
    [
      "with a NUL character",
      "SELECT 1;\nSELECT '\0';",
      { checksum: checksumOf("SELECT 1;\nSELECT '\0';"), problem: "nul-character", line: 2 },
    ],
    ["with a wrong directive", wrong, { sql: wrong }],
  ];
  for (const [what, content, sent] of pending) {
    test(`${what} is left to the function, whose run may not reach it`, async (t) => {
      const path = "migrations/default/6_f/up.sql";
      const files = { ...branch, [path]: content };
      const document = await documentOf(t, await inventoryOf(t, branch), { files });
      assert.deepEqual(
        document.migrations.map(({ up }) => up),
        [{ path, ...sent }],
      );
      assert.deepEqual(decodeUpload(compressedUpload(document)), document);
    });
  }

  test("with only a byte order mark is sent as an empty file, like one in an image", async (t) => {
    const down = "migrations/default/6_f/down.sql";
    const files = {
      ...branch,
      "migrations/default/6_f/up.sql": "SELECT 1;",
      [down]: Buffer.from([0xef, 0xbb, 0xbf]),
    };
    const document = await documentOf(t, await inventoryOf(t, branch), { files });
    assert.deepEqual(
      decodeUpload(compressedUpload(document)).migrations.map((sent) => sent.down),
      [{ path: down, sql: "" }],
    );
  });

  test("in another encoding does not matter to a status", async (t) => {
    const files = { ...branch, "migrations/default/6_f/up.sql": latin1 };
    const known = await inventoryOf(t, branch);
    const document = await documentOf(t, known, { files, operation: "status" });
    assert.deepEqual(versionsOf(document), [[], ["6"]]);
  });
});

describe("what cannot be uploaded", () => {
  test("a file of 100 MB is refused by name, before it is read as text", async (t) => {
    const files = {
      ...branch,
      "migrations/default/6_data/up.sql": Buffer.alloc(100_000_000, "x"),
      "migrations/default/7_more/up.sql": Buffer.alloc(2_000_000, "y"),
    };
    const refused = await refusalOf(documentOf(t, await inventoryOf(t, branch), { files }));
    assert.equal(refused.code, "upload-too-large");
    assert.match(refused.message, /6_data\/up\.sql \(100\.0 MB\), migrations\/default\/7_more/);
  });

  test("more migrations than an upload contains are refused before they are read, with or without a down file", async (t) => {
    const many = Object.fromEntries(
      Array.from({ length: uploadLimits.migrations + 1 }, (_, i) => [
        `migrations/default/${String(i + 10)}_x.up.sql`,
        "SELECT 1;",
      ]),
    );
    const files = { "config.yaml": "version: 3\n", ...many };
    const refused = await refusalOf(documentOf(t, await inventoryOf(t, branch), { files }));
    assert.equal(refused.code, "upload-too-large");
    assert.match(refused.message, /^There are 5001 local migrations .* at most 5000\./);
  });

  test("files that are too large after compression are refused by name", async (t) => {
    // Random text: compression does not make it smaller than three quarters.
    const random = Array.from({ length: 6_500_000 }, () =>
      String.fromCharCode(33 + Math.floor(Math.random() * 90)),
    ).join("");
    const files = { ...branch, "migrations/default/6_data/up.sql": random };
    const document = await documentOf(t, await inventoryOf(t, branch), { files });
    const refused = await refusalOf((async () => compressedUpload(document))());
    assert.equal(refused.code, "upload-too-large");
    assert.match(refused.message, /6_data\/up\.sql \(6\.5 MB\)/);
  });

  test("a name that cannot be shown in a message is refused", async (t) => {
    const files = { ...branch, "migrations/default/6_a\u001Bb/up.sql": "SELECT 1;" };
    const refused = await refusalOf(documentOf(t, await inventoryOf(t, branch), { files }));
    assert.equal(refused.code, "upload-invalid");
    assert.match(refused.message, /must not contain control characters/);
  });
});
