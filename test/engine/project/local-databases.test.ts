import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import { postgresOnly } from "../../../src/engine/project/local-databases.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { findLocalProject } from "../../../src/local/environment/find-project.ts";
import { hintLines } from "../../support/hint-lines.ts";
import { projectOnDisk, requestFor, run } from "../support/run.ts";
import { scriptedHasura } from "../support/scripted-hasura.ts";

const declared = `- name: main
  kind: postgres
  tables: "!include main/tables/tables.yaml"
- name: legacy
  kind: mssql
  configuration: !custom {}
- name: unused
  kind: bigquery
`;
const main = { "migrations/main/1_a/up.sql": "select 1;" };
const legacy = { "migrations/legacy/1_a/up.sql": "create table [a] (b int);" };
const metadata = { "metadata/databases/databases.yaml": declared };
const v3 = { "config.yaml": "version: 3\n" };

const directoryOf = (t: TestContext, files: Record<string, string>) => projectOnDisk(t, files);

describe("a project with a database of another kind, in a local environment", () => {
  test("is skipped by name, and no source is created for it", async (t) => {
    const root = await directoryOf(t, { ...v3, ...metadata, ...main, ...legacy });
    const project = await postgresOnly(await readProject(root));
    assert.deepEqual([...project.databases.keys()], ["main"]);
    assert.deepEqual(project.notices, [
      {
        code: "database-left-out",
        message:
          "The database legacy is skipped: its kind is mssql, and a local environment supports only PostgreSQL.",
      },
    ]);
    assert.deepEqual((await findLocalProject(root, undefined)).sources, ["main"]);
  });

  test("the metadata directory of config.yaml is followed, also from a bare migrations directory", async (t) => {
    const root = await directoryOf(t, {
      "config.yaml": "version: 3\nmetadata_directory: meta\n",
      "meta/databases/databases.yaml": declared,
      ...main,
      ...legacy,
    });
    for (const directory of [root, `${root}/migrations`])
      assert.deepEqual(
        [...(await postgresOnly(await readProject(directory))).databases.keys()],
        ["main"],
      );
  });

  for (const [file, text] of [
    ["all.yaml", `version: 3\nsources:\n${declared.replaceAll(/^/gm, "  ").trimEnd()}\n`],
    ["all.json", JSON.stringify({ version: 3, sources: [{ name: "legacy", kind: "mssql" }] })],
  ] as const)
    test(`${file}, the only file of the metadata, is read in place of a directory`, async (t) => {
      const root = await directoryOf(t, {
        "config.yaml": `version: 3\nmetadata_file: ${file}\n`,
        [file]: text,
        "metadata/databases/databases.yaml": "- { name: main, kind: mssql }\n",
        ...main,
        ...legacy,
      });
      const { databases } = await postgresOnly(await readProject(root));
      assert.deepEqual([...databases.keys()], ["main"]);
    });

  for (const database of ["legacy", "unused"])
    test(`an apply of ${database} alone is refused`, async (t) => {
      const root = await directoryOf(t, { ...v3, ...metadata, ...main, ...legacy });
      const hasura = scriptedHasura({ sources: [{ name: "main", kind: "postgres" }] });
      const ran = await run(hasura, root, requestFor("apply", { database }), {
        project: async () => postgresOnly(await readProject(root)),
      });
      assert.equal(ran.failure?.code, "unsupported-kind");
      assert.match(ran.failure.message, new RegExp(`${database} cannot be used`));
      assert.deepEqual(hasura.sent, []);
    });

  test("an apply of the others runs, and names it", async (t) => {
    const root = await directoryOf(t, { ...v3, ...metadata, ...main, ...legacy });
    const hasura = scriptedHasura({ sources: [{ name: "main", kind: "postgres" }] });
    const ran = await run(hasura, root, requestFor("apply"), {
      project: async () => postgresOnly(await readProject(root)),
    });
    assert.equal(ran.failure, undefined);
    assert.deepEqual(
      hasura.sent.map(({ args }) => args.source),
      ["main"],
    );
    assert.deepEqual(
      ran.of("log").map(({ code }) => code),
      ["database-left-out"],
    );
  });

  test("a project with nothing else is refused", async (t) => {
    const root = await directoryOf(t, { ...v3, ...metadata, ...legacy });
    await assert.rejects(findLocalProject(root, undefined), (thrown) => {
      assert(thrown instanceof Failure);
      assert.deepEqual([thrown.kind, thrown.code], ["usage", "unsupported-kind"]);
      assert.match(
        thrown.message,
        /^The database legacy cannot be used in a local environment: its kind is mssql, /,
      );
      assert.deepEqual(hintLines(thrown.hints), [
        "Migrate it in an environment where Hasura is connected to it.",
      ]);
      return true;
    });
  });

  const databasesIn = async (root: string) => [
    ...(await postgresOnly(await readProject(root))).databases.keys(),
  ];

  test("needs no config.yaml to be found in the metadata", async (t) => {
    const root = await directoryOf(t, { ...metadata, ...main, ...legacy });
    assert.deepEqual(await databasesIn(root), ["main"]);
  });

  test("is not one of kind pg, which is PostgreSQL too", async (t) => {
    const pg = { "metadata/databases/databases.yaml": declared.replace("mssql", "pg") };
    const root = await directoryOf(t, { ...v3, ...pg, ...main, ...legacy });
    assert.deepEqual(await databasesIn(root), ["legacy", "main"]);
  });

  test("is not checked before config version 3, where there is only one database", async (t) => {
    const root = await directoryOf(t, {
      "config.yaml": "version: 2\n",
      "metadata/databases/databases.yaml": "- name: default\n  kind: mssql\n",
      "migrations/1_a/up.sql": "select 1;",
    });
    assert.deepEqual(await databasesIn(root), ["default"]);
  });

  test("is not found in metadata that lists none, or is somewhere else", async (t) => {
    for (const other of [
      { "metadata/databases/databases.yaml": "version: 3\n" },
      { "metadata/databases": "a file" },
      { metadata: "a file" },
    ])
      assert.deepEqual(
        await databasesIn(await directoryOf(t, { ...v3, ...other, ...main, ...legacy })),
        ["legacy", "main"],
      );
  });

  test("is refused with metadata that is no YAML, which is named", async (t) => {
    const broken = { "metadata/databases/databases.yaml": "- name: [" };
    const root = await directoryOf(t, { ...v3, ...broken, ...main });
    await assert.rejects(databasesIn(root), (thrown) => {
      assert(thrown instanceof Failure && thrown.cause instanceof Error);
      assert.deepEqual([thrown.kind, thrown.code], ["usage", "bad-project-config"]);
      assert.match(thrown.message, /metadata\/databases\/databases\.yaml is not valid YAML\.$/);
      return true;
    });
  });

  test("is declared with tags of Hasura's, of which the process does not warn", async (t) => {
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on("warning", listen);
    t.onTestFinished(() => void process.off("warning", listen));
    await databasesIn(await directoryOf(t, { ...v3, ...metadata, ...main, ...legacy }));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings, []);
  });

  test("without metadata every database counts as PostgreSQL", async (t) => {
    const root = await directoryOf(t, { ...v3, ...main, ...legacy });
    assert.deepEqual((await findLocalProject(root, undefined)).sources, ["legacy", "main"]);
  });
});

describe("the directory of a local environment", () => {
  test("is refused where it is no project, also when it was named", async (t) => {
    const root = await directoryOf(t, {
      "src/index.ts": "",
      "docs/README.md": "",
      "db/add-users/up.sql": "select 1;",
      "2024_photos/a.png": "x",
    });
    for (const path of [root, `${root}/docs`])
      await assert.rejects(
        findLocalProject("/", path),
        (thrown) =>
          thrown instanceof Failure && thrown.code === "no-project" && thrown.kind === "usage",
      );
  });

  for (const [name, files, directory] of [
    ["a project", { ...v3, ...main }, "."],
    ["a project without migrations yet", { ...v3, "migrations/.gitkeep": "" }, "."],
    ["a bare migrations directory", main, "migrations"],
    ["one of config version 2", { "m/1_a/up.sql": "select 1;" }, "m"],
    ["one whose migrations are empty", { "m/default/1_a/up.sql": "" }, "m"],
  ] as const)
    test(`may be ${name}`, async (t) => findLocalProject(await directoryOf(t, files), directory));
});
