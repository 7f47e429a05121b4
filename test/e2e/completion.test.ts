import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";
import { commandTree } from "../../src/cli/completion/command-tree.ts";
import { completionScript } from "../../src/cli/completion/scripts/index.ts";
import { run } from "./support/cli.ts";
import { interactiveShell } from "./support/interactive-shell.ts";

const files = {
  "hasura-migrate.json": JSON.stringify({
    environments: { "dev-1": {}, "dev-2": {}, staging: {} },
    groups: { dev: ["dev-1", "dev-2"], everywhere: ["staging"] },
  }),
  ".aws/config": "[profile acme dev]\n[profile my:colon]\n[profile my:comma]\n[profile o'hara]\n",
  "migrations/default/1700000000001_init/up.sql": "",
  "migrations/default/1700000000002_more/up.sql": "",
  "config.yaml": "version: 3\n",
};

/** What is typed before Tab, and the arguments after it. */
const cases = [
  ["sta", ["sta"]],
  ["stag", ["staging"]],
  ["status stag", ["status", "staging"]],
  ["-- stag", ["--", "staging"]],
  ["status staging --che", ["status", "staging", "--check"]],
  ["status --profile acm", ["status", "--profile", "acme dev"]],
  ["status --profile=acm", ["status", "--profile=acme dev"]],
  ['status --profile "acm', ["status", "--profile", "acme dev"]],
  ["status --profile 'acm", ["status", "--profile", "acme dev"]],
  ["status --profile my:col", ["status", "--profile", "my:colon"]],
  ["status --profile=my:col", ["status", "--profile=my:colon"]],
  ["status --profile o", ["status", "--profile", "o'hara"]],
  ["status --group ever", ["status", "--group", "everywhere"]],
  ["dev-1 --then every", ["dev-1", "--then", "everywhere"]],
  ["--yes=stag", ["--yes=staging"]],
  [
    "mark dev-1 17000000000010 17000000000000",
    ["mark", "dev-1", "17000000000010", "17000000000000"],
  ],
  ["status --config hasura-mig", ["status", "--config", "hasura-migrate.json"]],
  ["completion power", ["completion", "powershell"]],
] as const;

const shells = [
  {
    shell: "bash",
    command: "bash --norc -i",
    source: (script: string) => `source ${script}`,
  },
  {
    shell: "zsh",
    command: "zsh -f -i",
    source: (script: string) => `autoload -U compinit; compinit -u; source ${script}`,
  },
  {
    shell: "fish",
    command: "fish --no-config -i",
    source: (script: string) => `source ${script}`,
  },
] as const;

const isInstalled = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((path) => existsSync(join(path, program)));

describe("completion in real shells", () => {
  for (const { shell, command, source } of shells)
    // PowerShell cannot be installed here: its script is only read, not run.
    test.skipIf(!isInstalled(shell) || !isInstalled("script"))(
      `${shell} completes words`,
      async (t) => {
        const script = completionScript(shell);
        const terminal = await interactiveShell(t, { command, source, files, script });
        for (const [typed, expected] of cases) {
          const args = await terminal.argumentsAfterTab(`hasura-migrate ${typed}`);
          assert.deepEqual(args, expected, `hasura-migrate ${typed}`);
        }
        const byPath = await terminal.argumentsAfterTab("~/bin/hasura-migrate stag");
        assert.deepEqual(byPath, ["staging"], "a program that is typed with a tilde");
        // Tab in the middle of a line, on a word that is not the last: Home, then 19 characters to the right.
        const line = `hasura-migrate stat dev-1\u0001${"\u0006".repeat(19)}`;
        assert.deepEqual(await terminal.argumentsAfterTab(line), ["status", "dev-1"]);
      },
    );

  test("the built program has every command and option", async (t) => {
    for (const { name, options } of commandTree.commands) {
      const { code, stdout } = await run(t, ["--complete", "zsh", name, "--"]);
      assert.equal(code, 0);
      const words = stdout.split("\n").map((line) => line.split("\t")[0]);
      for (const { names } of options)
        assert.ok(words.includes(names[0]), `${name} ${String(names[0])}`);
    }
  });

  test("the script of each shell is printed, and another one is refused", async (t) => {
    for (const shell of ["bash", "zsh", "fish", "powershell"] as const)
      assert.equal((await run(t, ["completion", shell])).stdout, completionScript(shell));
    const refused = await run(t, ["completion", "tcsh"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /shell: must be one of bash, zsh, fish, powershell/);
  });
});
