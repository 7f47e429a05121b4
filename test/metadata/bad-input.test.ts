import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { projectOnDisk } from "../engine/support/run.ts";
import { problemLines, readIn } from "./support/read.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

const whole: Files = {
  "config.yaml": "version: 3\n",
  "metadata/version.yaml": "version: 3\n",
  "metadata/databases/databases.yaml": "[]\n",
};
const source = "- name: default\n  kind: postgres\n  configuration: {}\n";
const including = (path: string): Files => ({
  "metadata/databases/databases.yaml": `${source}  tables: "!include ${path}"\n`,
});
const actions = (graphql: string, yaml: string): Files => ({
  "metadata/actions.graphql": graphql,
  "metadata/actions.yaml": yaml,
});

/** The problems of a project with these files, without their advice. */
async function problemsOf(t: TestContext, files: Files): Promise<string[]> {
  return problemLines(await readIn(await projectOnDisk(t, { ...whole, ...files })));
}

describe("metadata that cannot be read is reported with its file, line and column", () => {
  const cases: readonly (readonly [what: string, files: Files, problem: string])[] = [
    [
      "broken YAML",
      { "metadata/cron_triggers.yaml": "- name: nightly\n  payload: {a: [1, 2}\n" },
      "metadata/cron_triggers.yaml:2:21 This is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ].",
    ],
    [
      "a version that is not a number",
      { "metadata/version.yaml": '# written by hand\nversion: "3"\n' },
      "metadata/version.yaml:2:1 The version must be a number.",
    ],
    [
      "a key that appears twice",
      { "metadata/remote_schemas.yaml": "- name: a\n  definition: {}\n  name: b\n" },
      'metadata/remote_schemas.yaml:3:3 The key "name" appears twice.',
    ],
    [
      "a number that JSON does not have",
      { "metadata/query_collections.yaml": "- {größe: .inf}\n" },
      "metadata/query_collections.yaml:1:11 JSON cannot represent the number .inf.",
    ],
    [
      "an unknown tag",
      { "metadata/query_collections.yaml": "- name: !env NAME\n" },
      "metadata/query_collections.yaml:1:14 The tag !env is not supported here.",
    ],
    [
      "a list as a key",
      { "metadata/network.yaml": "? [a]\n: 1\n" },
      "metadata/network.yaml:1:3 A key must be a string, not a list or a mapping.",
    ],
    [
      "an alias without an anchor",
      { "metadata/network.yaml": "tls_allowlist: *hosts\n" },
      "metadata/network.yaml:1:16 The alias *hosts has no anchor &hosts before it.",
    ],
    [
      "a map where a list is needed",
      { "metadata/rest_endpoints.yaml": "name: a\n" },
      "metadata/rest_endpoints.yaml:1:1 Expected a list, found a mapping.",
    ],
    [
      "text that is not UTF-8",
      { "metadata/remote_schemas.yaml": Buffer.from("- name: caf\xe9\n", "latin1") },
      "metadata/remote_schemas.yaml:1:1 The file is not valid UTF-8.",
    ],
    [
      "an include outside of tables and functions",
      { "metadata/remote_schemas.yaml": "- !include a.yaml\n" },
      "metadata/remote_schemas.yaml:1:12 !include has no effect here: it is supported only below tables and functions in databases/databases.yaml.",
    ],
    [
      "an include that does not exist",
      including("default/tables.yaml"),
      "metadata/databases/databases.yaml:4:11 The file to include does not exist: metadata/databases/default/tables.yaml.",
    ],
    [
      "an include of an empty file",
      { ...including("tables.yaml"), "metadata/databases/tables.yaml": "# none yet\n" },
      "metadata/databases/tables.yaml:1:1 This included file is empty.",
    ],
    [
      "an include of another kind of file",
      { ...including("tables.yml"), "metadata/databases/tables.yml": "[]\n" },
      "metadata/databases/databases.yaml:4:11 !include supports only files that end in .yaml, not tables.yml.",
    ],
    [
      "files that include each other",
      {
        ...including("a.yaml"),
        "metadata/databases/a.yaml": '- "!include b.yaml"\n',
        "metadata/databases/b.yaml": "- !include a.yaml\n",
      },
      "metadata/databases/b.yaml:1:12 Circular include: metadata/databases/a.yaml → metadata/databases/b.yaml → metadata/databases/a.yaml.",
    ],
    [
      "an include outside of the project",
      including("../../../secret.yaml"),
      "metadata/databases/databases.yaml:4:11 The file to include is outside the project: ../../../secret.yaml.",
    ],
    [
      "SDL that does not parse",
      actions("type Mutation {\n  login(: Int): Int\n}\n", ""),
      'metadata/actions.graphql:2:9 error in converting sdl to metadata: Syntax Error: Expected Name, found ":".',
    ],
    [
      "an extension of an ordinary type",
      actions("type A { x: Int }\nextend type A { y: Int }\n", ""),
      "metadata/actions.graphql:2:1 error in converting sdl to metadata: extend is only possible for Query and Mutation; the extension of another type is not supported.",
    ],
    [
      "an action that only actions.yaml has",
      actions("type Query { ping: String }\n", "actions:\n  - name: ping\n  - name: pong\n"),
      "metadata/actions.yaml:3:5 action pong is not present in actions.graphql.",
    ],
    [
      "a timeout that is not a number",
      actions(
        "type Query { ping: String }\n",
        "actions:\n  - name: ping\n    definition:\n      timeout: 10s\n",
      ),
      "metadata/actions.yaml:4:7 timeout must be a number of seconds.",
    ],
  ];
  for (const [what, files, problem] of cases)
    test(what, async (t) => {
      assert.deepEqual(await problemsOf(t, files), [problem]);
    });

  test("a file that is too large for what only the YAML library reads, before it takes minutes", async (t) => {
    const lines = "- name: a\n  comment: b\n".repeat(200_000);
    const files = {
      "metadata/cron_triggers.yaml": `- &first\n  name: a\n${lines}`,
    };
    const [problem = "", ...others] = await problemsOf(t, files);
    assert.match(
      problem,
      /^metadata\/cron_triggers\.yaml:1:3 This file has 4\.6 MB\. In files of more than 4 MB, /,
    );
    assert.deepEqual(others, []);
  });

  test("a file that a link leads to outside of the project", async (t) => {
    const root = await projectOnDisk(t, { ...whole, ...including("tables.yaml") });
    const elsewhere = `${dirname(root)}/elsewhere-${String(process.pid)}.yaml`;
    await writeFile(elsewhere, "- secret\n");
    t.onTestFinished(() => rm(elsewhere));
    await symlink(elsewhere, `${root}/metadata/databases/tables.yaml`);
    assert.deepEqual(problemLines(await readIn(root)), [
      "metadata/databases/tables.yaml:1:1 metadata/databases/tables.yaml is outside the project, or a link out of it.",
    ]);
  });

  test("a directory in the place of a file", async (t) => {
    const root = await projectOnDisk(t, whole);
    await mkdir(`${root}/metadata/network.yaml`);
    assert.deepEqual(problemLines(await readIn(root)), [
      "metadata/network.yaml:1:1 metadata/network.yaml cannot be read.",
    ]);
  });

  test("values that are nested too deeply", async (t) => {
    const nested = `a: ${"[".repeat(100_000)}${"]".repeat(100_000)}\n`;
    const [problem, ...others] = await problemsOf(t, { "metadata/network.yaml": nested });
    assert.match(
      problem ?? "",
      /^metadata\/network\.yaml:1:\d+ The values here are nested too deeply\.$/,
    );
    assert.deepEqual(others, []);
  });

  test("several broken files at once", async (t) => {
    const problems = await problemsOf(t, {
      "metadata/cron_triggers.yaml": "{}\n",
      "metadata/network.yaml": "[]\n",
    });
    assert.equal(problems.length, 2);
  });
});

describe("metadata that would expand without bound is refused", () => {
  const levels = Array.from({ length: 12 }, (_, i) => i + 1);

  test("by aliases", async (t) => {
    const bomb = levels
      .map((i) => `  a${String(i)}: &a${String(i)} [${`*a${String(i - 1)}, `.repeat(9)}]\n`)
      .join("");
    const [problem, ...others] = await problemsOf(t, {
      "metadata/network.yaml": `tls_allowlist:\n  a0: &a0 ha\n${bomb}`,
    });
    assert.match(problem ?? "", /^metadata\/network\.yaml:\d+:\d+ The metadata exceeds/);
    assert.deepEqual(others, []);
  });

  test("by includes", async (t) => {
    const files = levels.map((i): [string, string] => [
      `metadata/databases/${String(i)}.yaml`,
      `- "!include ${String(i - 1)}.yaml"\n`.repeat(9),
    ]);
    const [problem, ...others] = await problemsOf(t, {
      ...including("12.yaml"),
      "metadata/databases/0.yaml": "- ha\n",
      ...Object.fromEntries(files),
    });
    assert.match(problem ?? "", /^metadata\/databases\/\d+\.yaml:\d+:3 The metadata exceeds/);
    assert.deepEqual(others, []);
  });
});

describe("metadata that Hasura would refuse is reported", () => {
  const table = (name: string): string => `    - table: {schema: public, name: ${name}}\n`;

  test("two tables of one name, however it is written", async (t) => {
    const problems = await problemsOf(t, {
      "metadata/databases/databases.yaml": `${source}  tables:\n${table("users")}${table("orders")}    - table: users\n`,
    });
    assert.deepEqual(problems, [
      "metadata/databases/databases.yaml:7:7 The metadata defines the table public.users in source default twice, first at metadata/databases/databases.yaml:5:7.",
    ]);
  });

  test("one file that is included twice, once and not for everything in it", async (t) => {
    const problems = await problemsOf(t, {
      "metadata/databases/databases.yaml": `${source}  tables:\n    - "!include users.yaml"\n    - "!include users.yaml"\n`,
      "metadata/databases/users.yaml": "table: users\nselect_permissions:\n- role: a\n",
    });
    assert.deepEqual(problems, [
      "metadata/databases/users.yaml:1:1 The metadata defines the table public.users in source default twice, because metadata/databases/users.yaml is included twice.",
    ]);
  });

  test("two permissions of one role, in an included file", async (t) => {
    const problems = await problemsOf(t, {
      ...including("tables.yaml"),
      "metadata/databases/tables.yaml":
        "- table: users\n  select_permissions:\n    - role: a\n    - role: b\n    - role: a\n",
    });
    assert.deepEqual(problems, [
      "metadata/databases/tables.yaml:5:7 The metadata defines the select permission a of table public.users in source default twice, first at metadata/databases/tables.yaml:3:7.",
    ]);
  });

  test("two event triggers of one name in a source, which share their names in the database", async (t) => {
    const problems = await problemsOf(t, {
      ...including("tables.yaml"),
      "metadata/databases/tables.yaml":
        "- {table: a, event_triggers: [{name: t}]}\n- {table: b, event_triggers: [{name: t}]}\n",
    });
    assert.deepEqual(problems, [
      "metadata/databases/tables.yaml:2:31 The metadata defines the event trigger t of table public.b in source default twice, first at metadata/databases/tables.yaml:1:31.",
    ]);
  });

  test("an action twice in actions.yaml", async (t) => {
    const problems = await problemsOf(
      t,
      actions("type Query { ping: String }\n", "actions:\n  - name: ping\n  - name: ping\n"),
    );
    assert.deepEqual(problems, [
      "metadata/actions.yaml:3:5 actions.yaml defines the action ping twice, first at metadata/actions.yaml:2:5.",
    ]);
  });

  test("config version 2 without tables.yaml", async (t) => {
    const root = await projectOnDisk(t, {
      "config.yaml": "version: 2\n",
      "metadata/functions.yaml": "[]\n",
    });
    assert.deepEqual(problemLines(await readIn(root)), [
      "The metadata has no tables: a project with config version 2 needs tables.yaml.",
    ]);
  });
});

describe("metadata in one file", () => {
  const config = (file: string): Files => ({
    "config.yaml": `version: 3\nmetadata_file: ${file}\n`,
  });

  const cases = [
    [
      '{"version": 3,\n "sources": [}',
      'metadata.json:2:14 This is not valid JSON: unexpected "}".',
    ],
    [
      '{"version": 3, "sources": [',
      "metadata.json:1:28 This is not valid JSON: unexpected end of the file.",
    ],
    ["[]", "metadata.json:1:1 Expected a mapping, found a list."],
    ['{"sources": []}', "metadata.json:1:1 The metadata has no version."],
    ['{"sources": [],\n "version": "3"}', 'metadata.json:2:2 The version must be 3 or 2, not "3".'],
    [
      '{"version": 3, "tables": []}',
      "metadata.json:1:1 Metadata of version 3 needs the key sources.",
    ],
    [
      '{"version": 2, "sources": []}',
      "metadata.json:1:1 Metadata of version 2 needs the key tables.",
    ],
    ['{"version": 3, "sources": {}}', "metadata.json:1:16 Expected a list, found a mapping."],
    [
      '{"resource_version": 7,\n "metadata": {"version": 3, "sources": []}}',
      "metadata.json:2:2 The file contains Hasura's response to export_metadata, and the metadata is only a part of it.",
    ],
    [
      '{"version": 3, "sources": [], "actions": [\n  {"name": "a"}, {"name": "a"}]}',
      "metadata.json:2:18 The metadata defines the action a twice, first at metadata.json:2:3.",
    ],
  ] as const;
  for (const [text, problem] of cases)
    test(text.replace("\n", " "), async (t) => {
      const root = await projectOnDisk(t, { ...config("metadata.json"), "metadata.json": text });
      assert.deepEqual(problemLines(await readIn(root)), [problem]);
    });

  for (const configVersion of [2, 3])
    for (const [version, list] of [
      [2, "tables"],
      [3, "sources"],
    ] as const)
      test(`of version ${String(version)} in a project of config version ${String(configVersion)} has its own form`, async (t) => {
        const root = await projectOnDisk(t, {
          "config.yaml": `version: ${String(configVersion)}\nmetadata_file: metadata.json\n`,
          "metadata.json": JSON.stringify({ version, [list]: [] }),
        });
        const { document, problems } = await readIn(root);
        assert.deepEqual([document?.configVersion, problems], [version, []]);
      });

  test("that does not exist", async (t) => {
    const root = await projectOnDisk(t, config("metadata.json"));
    assert.deepEqual(problemLines(await readIn(root)), [
      "The file that metadata_file in config.yaml names does not exist: metadata.json.",
    ]);
  });
});
