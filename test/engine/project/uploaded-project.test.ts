import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { inventoryOf } from "../../../src/engine/project/inventory.ts";
import { checksumOf } from "../../../src/engine/project/migration-file.ts";
import { emptyProject, readProject, type Project } from "../../../src/engine/project/project.ts";
import type { Migration } from "../../../src/engine/project/scan.ts";
import { uploadedProject } from "../../../src/engine/project/uploaded-project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { UploadedMigration, type UploadDocument } from "../../../src/protocol/upload.ts";
import { emptyUpload, uploadedMigration } from "../../support/upload.ts";
import { migrationsOf, projectOnDisk } from "../support/run.ts";

const image = migrationsOf(["1_a", "2_b", "3_c"]);

async function projectIn(
  t: TestContext,
  upload: Partial<UploadDocument>,
  files: Readonly<Record<string, string>> = image,
): Promise<Project> {
  const own = await readProject(await projectOnDisk(t, files));
  const { digest } = await inventoryOf(own);
  return uploadedProject(async () => own, { ...emptyUpload, image: digest, ...upload });
}

const versionsOf = (project: Project, database = "default"): string[] =>
  (project.databases.get(database) ?? []).map(({ version }) => version);

function migrationOf(project: Project, version: string): Migration {
  const found = project.databases.get("default")?.find((each) => each.version === version);
  assert(found, `there is no version ${version}`);
  return found;
}

async function codeOf(reading: Promise<unknown>): Promise<string> {
  const failure = await reading.then(
    () => assert.fail("it was not refused"),
    (thrown: unknown) => thrown,
  );
  assert(failure instanceof Failure, String(failure));
  return `${failure.kind}/${failure.code}`;
}

describe("the project of an upload", () => {
  test("an upload without files is the image's project", async (t) => {
    assert.deepEqual(versionsOf(await projectIn(t, {})), ["1", "2", "3"]);
  });

  test("versions that the directory lacks are left out", async (t) => {
    const without = [{ database: "default", versions: ["1", "3", "9"] }];
    assert.deepEqual(versionsOf(await projectIn(t, { without })), ["2"]);
  });

  test("a database without any version left is not one", async (t) => {
    const without = [{ database: "default", versions: ["1", "2", "3"] }];
    assert.deepEqual([...(await projectIn(t, { without })).databases.keys()], []);
  });

  test("uploaded migrations take their place in the order of versions", async (t) => {
    const migrations = [
      uploadedMigration("10", "SELECT 10;"),
      uploadedMigration("25", "SELECT 25;"),
      uploadedMigration("4", "SELECT 4;", { database: "other" }),
    ];
    const project = await projectIn(t, { migrations });
    assert.deepEqual(versionsOf(project), ["1", "2", "3", "10", "25"]);
    assert.deepEqual(versionsOf(project, "other"), ["4"]);
  });

  test("a file is read from the upload, with its checksum", async (t) => {
    const sql = "-- hasura-migrate: lock_timeout=5s\r\nSELECT 10;\n";
    const project = await projectIn(t, { migrations: [uploadedMigration("10", sql)] });
    const { up, down } = migrationOf(project, "10");
    const body = await up?.body();
    assert.equal(body?.sql, sql);
    assert.equal(body.directives.settings.lockTimeout, "5000ms");
    assert.deepEqual([await up?.checksum(), body.checksum], [checksumOf(sql), checksumOf(sql)]);
    assert.equal(down, undefined);
  });

  test("a wrong directive is reported with the file's path", async (t) => {
    const migrations = [uploadedMigration("10", "-- hasura-migrate: color=red\nSELECT 1;")];
    const project = await projectIn(t, { migrations });
    await assert.rejects(
      async () => migrationOf(project, "10").up?.body(),
      /migrations\/default\/10_x\/up\.sql, line 1: unknown setting "color"/,
    );
  });

  const unusable: [code: string, file: object, message: RegExp][] = [
    [
      "not-utf8",
      { problem: "not-utf8", encoding: "UTF-16LE" },
      /^migrations\/10_x\/up\.sql is UTF-16LE, not UTF-8\.$/,
    ],
    [
      "nul-character",
      { problem: "nul-character", line: 7 },
      /^migrations\/10_x\/up\.sql, line 7: there is a NUL character/,
    ],
  ];
  for (const [code, problem, message] of unusable)
    test(`a file without a text that can be run has a checksum, and is refused when it is needed: ${code}`, async (t) => {
      const file = { path: "migrations/10_x/up.sql", checksum: "a".repeat(64), ...problem };
      const sent = UploadedMigration.parse({ ...uploadedMigration("10", "-"), up: file });
      const { up } = migrationOf(await projectIn(t, { migrations: [sent] }), "10");
      assert.equal(await up?.checksum(), "a".repeat(64));
      await assert.rejects(
        async () => up?.body(),
        (thrown) =>
          thrown instanceof Failure && thrown.code === code && message.test(thrown.message),
      );
    });

  test("each file that differs from the image's is marked", async (t) => {
    const down = { path: "down.sql", sql: "SELECT '2_b down';" };
    const migrations = [
      uploadedMigration("1", "SELECT '1_a up';", {
        down: { path: "down.sql", sql: "SELECT 'another way back';" },
      }),
      uploadedMigration("2", "SELECT 'another way';", { down }),
      uploadedMigration("4", "SELECT 'new';"),
    ];
    const project = await projectIn(t, { migrations });
    const marks = ["1", "2", "4"].map((version) => {
      const { up, down: back } = migrationOf(project, version);
      return [up?.differsFromImage ?? false, back?.differsFromImage ?? false];
    });
    assert.deepEqual(marks, [
      [false, true],
      [true, false],
      [false, false],
    ]);
  });

  test("a file that was not sent has a checksum, and cannot be run", async (t) => {
    const checksum = checksumOf("SELECT 5;");
    const known = [
      ...[{ database: "default", version: "5", name: "e", hasDown: true }],
      { database: "default", version: "1", name: "a", hasDown: false, checksum: "f".repeat(32) },
    ].map((each) => ({ checksum: checksum.slice(0, 32), ...each }));
    const project = await projectIn(t, { known });
    assert.deepEqual(versionsOf(project), ["1", "2", "3", "5"]);
    const { up, down } = migrationOf(project, "5");
    assert(up && down);
    assert.equal(await up.checksum(), checksum.slice(0, 32));
    assert.equal(await codeOf(up.body()), "busy/upload-outdated");
    assert.equal(await codeOf(down.body()), "busy/upload-outdated");
    assert.equal(migrationOf(project, "1").up?.differsFromImage, true);
  });

  test("an image other than the one the upload was made against is refused", async (t) => {
    assert.equal(await codeOf(projectIn(t, { image: "1".repeat(64) })), "busy/image-changed");
  });

  for (const code of ["no-directory", "no-migrations-directory"] as const) {
    test(`an image without a project (${code}) counts as an empty one`, async () => {
      const { digest } = await inventoryOf(emptyProject(2));
      const project = await uploadedProject(
        () => Promise.reject(new Failure("usage", code, "There is none.")),
        {
          ...emptyUpload,
          ...{ image: digest, configVersion: 2 },
          migrations: [uploadedMigration("1", "SELECT 1;")],
        },
      );
      assert.deepEqual([project.configVersion, versionsOf(project)], [2, ["1"]]);
    });
  }

  test("an image that cannot be read is not ignored", async () => {
    const unreadable = () => Promise.reject(new Failure("usage", "broken-link", "It is broken."));
    assert.equal(await codeOf(uploadedProject(unreadable, emptyUpload)), "usage/broken-link");
  });

  test("a project with a different layout from the image's is refused", async (t) => {
    assert.equal(await codeOf(projectIn(t, { configVersion: 2 })), "usage/config-version-differs");
  });

  test("databases that the environment does not have are left out of an upload as well", async (t) => {
    const own = await readProject(await projectOnDisk(t, image));
    const leftOut = { ...own, leftOut: new Map([["reports", "mssql"]]) };
    const { digest } = await inventoryOf(own);
    const project = await uploadedProject(async () => leftOut, {
      ...emptyUpload,
      image: digest,
      migrations: [uploadedMigration("1", "SELECT 1;", { database: "reports" })],
    });
    assert.deepEqual([...project.databases.keys()], ["default"]);
  });
});

describe("the inventory of a project", () => {
  const changes: [what: string, files: Readonly<Record<string, string>>][] = [
    ["another up file", { "migrations/default/2_b/up.sql": "SELECT 2;" }],
    ["another down file", { "migrations/default/2_b/down.sql": "SELECT 2;" }],
    ["no down file", { "migrations/default/2_b/down.sql": "" }],
    ["one migration more", { "migrations/default/4_d/up.sql": "SELECT 4;" }],
    ["another database", { "migrations/other/4_d/up.sql": "SELECT 4;" }],
  ];
  for (const [what, files] of changes)
    test(`${what} changes its digest`, async (t) => {
      const digestOf = async (of: Readonly<Record<string, string>>) => {
        const root = await projectOnDisk(t, of);
        return (await inventoryOf(await readProject(root))).digest;
      };
      assert.notEqual(await digestOf({ ...image, ...files }), await digestOf(image));
    });
});
