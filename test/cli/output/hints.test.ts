import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";
import {
  commandLineOf,
  type CliCommand,
  type CommandLine,
} from "../../../src/cli/options/command-line.ts";
import { resolveHints } from "../../../src/cli/output/hints.ts";
import {
  commandHint,
  retryHint,
  runHint,
  textHint,
  type Hint,
} from "../../../src/protocol/hint.ts";

/** A command line as the program understands it, refused or not. */
function commandLine(argv: readonly string[]): CommandLine {
  const program = createProgram("1.2.3", { columns: 80, write: () => undefined });
  const parsed: { command?: CliCommand } = {};
  for (const command of program.cliCommands)
    command
      .action(() => void (parsed.command = command))
      .exitOverride((refusal) => {
        parsed.command = command;
        throw refusal;
      });
  try {
    program.parse([...argv], { from: "user" });
  } catch {
    // What was understood is what counts here.
  }
  return commandLineOf(program, parsed.command);
}

const textOf = (
  hint: Hint,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string => resolveHints([hint], commandLine(argv), env)[0]?.text ?? "";

const repeated: readonly [argv: readonly string[], hint: Hint, text: string][] = [
  [["prod"], retryHint({ with: ["--yes=prod"] }), "hasura-migrate prod --yes=prod"],
  [
    ["down", "prod", "-y"],
    retryHint({ with: ["--yes=prod"] }),
    "hasura-migrate down prod --yes=prod",
  ],
  [
    ["prod", "--yes=staging", "--quiet"],
    retryHint({ with: ["--yes=prod"] }),
    "hasura-migrate prod --quiet --yes=prod",
  ],
  [
    ["prod", "--yes", "staging"],
    retryHint({ with: ["--yes=prod"] }),
    "hasura-migrate prod --yes=prod",
  ],
  [
    ["--database", "main", "dev-1"],
    retryHint({ with: ["--database", "audit"] }),
    "hasura-migrate dev-1 --database audit",
  ],
  [
    ["status", "local", "--profile", "x", "--json"],
    retryHint({ without: ["--profile"] }),
    "hasura-migrate status local --json",
  ],
  [
    ["--json", "--config", "my file.json", "dev-1", "--wait=5m", "-qy"],
    retryHint(),
    "hasura-migrate dev-1 --json --config 'my file.json' --wait 5m --quiet --yes",
  ],
  [
    ["apply", "dev", "--no-wait"],
    retryHint({ with: ["--wait", "10m"], reason: "wait longer for it" }),
    "wait longer for it: hasura-migrate apply dev --wait 10m",
  ],
  [
    ["apply", "dev", "--wait", "5s"],
    retryHint({ with: ["--no-wait"] }),
    "hasura-migrate apply dev --no-wait",
  ],
  [["dev", "--steps", "3"], retryHint({ with: ["--to", "17"] }), "hasura-migrate dev --to 17"],
  [
    ["down", "dev", "--everything"],
    retryHint({ with: ["--only", "17"] }),
    "hasura-migrate down dev --only 17",
  ],
  [
    ["mark", "dev", "17", "--applied"],
    retryHint({ with: ["--pending"] }),
    "hasura-migrate mark dev 17 --pending",
  ],
  [["new", "it's"], retryHint(), "hasura-migrate new 'it'\\''s'"],
  [["new", "--", "--json"], retryHint(), "hasura-migrate new -- --json"],
  [
    ["local", "--reset", "--migrations", "db"],
    retryHint({ without: ["--reset"], reason: "to continue" }),
    "to continue: hasura-migrate local --migrations db",
  ],
  [
    ["local", "--migrations", "db"],
    retryHint({ with: ["--database", "audit"] }),
    "hasura-migrate apply local --migrations db --database audit",
  ],
];
describe("hints", () => {
  for (const [argv, hint, text] of repeated) {
    test(`${argv.join(" ")} again: ${text}`, () => assert.equal(textOf(hint, argv), text));
  }

  const elsewhere = ["--endpoint-url", "http://127.0.0.1:9001", "--config", "c.json"];
  const printed: readonly [argv: readonly string[], args: readonly string[], text: string][] = [
    [
      ["dev-1", ...elsewhere, "--profile", "acme", "--region", "eu-west-1", "--function", "f"],
      ["history", "dev-1", "--run", "01a2"],
      "hasura-migrate history dev-1 --run 01a2 --endpoint-url http://127.0.0.1:9001 --config c.json --profile acme --region eu-west-1 --function f",
    ],
    // Only what the printed command takes, and only what says where it acts.
    [
      ["dev-1", "--database", "audit", "--strict", "--steps", "2", "--json", "-y"],
      ["mark", "dev-1", "17", "--applied"],
      "hasura-migrate mark dev-1 17 --applied --database audit",
    ],
    [["dev-1", "--database", "audit"], ["history", "dev-1"], "hasura-migrate history dev-1"],
    // What it says itself is not said twice.
    [
      ["dev-1", "--database", "audit", "--profile", "acme"],
      ["status", "dev-1", "--database", "main"],
      "hasura-migrate status dev-1 --database main --profile acme",
    ],
    // The environment `local` and those in AWS do not take each other's options.
    [
      ["redo", "local", "--database-url=postgres://db/x", "--migrations", "db"],
      ["status", "local"],
      "hasura-migrate status local --database-url postgres://db/x --migrations db",
    ],
    [["local", "--migrations", "db"], ["local"], "hasura-migrate local --migrations db"],
    [["dev-1", "--profile", "acme"], ["status", "local"], "hasura-migrate status local"],
    // Another environment may be in another account.
    [
      ["dev-1", "--profile", "acme", "--config", "c.json"],
      ["dev-2"],
      "hasura-migrate dev-2 --config c.json",
    ],
    [["dev-1", "--profile", "acme"], ["apply", "--help"], "hasura-migrate apply --help"],
    [["dev-1", "--config", "c.json"], ["envs"], "hasura-migrate envs --config c.json"],
    [["dev-1", "--profile", "acme"], ["dev-1"], "hasura-migrate dev-1 --profile acme"],
  ];
  for (const [argv, args, text] of printed) {
    test(`after ${argv.join(" ")}: ${text}`, () => assert.equal(textOf(runHint(args), argv), text));
  }

  const addresses: readonly [url: string, shown: string][] = [
    ["postgres://me@db:5432/x", "postgres://me@db:5432/x"],
    ["postgres://me:hush@db:5432/x", "postgres://me:PASSWORD@db:5432/x"],
    ["postgres://db/x?password=hush", "'postgres://db/x?QUERY'"],
    ["postgres://me:hu/sh@db/x", "URL"],
    ["postgres://me:12/hush@db/x", "URL"],
    ["postgres://me:12?hush@db/x", "URL"],
    ["postgres://me:12#hush@db/x", "URL"],
    ["host=db password=hush", "URL"],
  ];
  for (const [url, shown] of addresses) {
    for (const argv of [
      ["redo", "local", "--database-url", url],
      ["redo", "local", `--database-url=${url}`],
    ]) {
      test(`${argv.join(" ")} is repeated as ${shown}`, () => {
        assert.equal(
          textOf(retryHint({ with: ["--yes"] }), argv),
          `hasura-migrate redo local --database-url ${shown} --yes`,
        );
        const command = `hasura-migrate status local --database-url ${shown}`;
        assert.equal(textOf(runHint(["status", "local"]), argv), command);
      });
    }
  }

  test("an address with a secret is named by the variable that holds it", () => {
    const url = "postgres://me:hush@db/x";
    const argv = ["redo", "local", "--database-url", url];
    const env = { HOME: "/home/me", DATABASE_URL: url };
    const [hint] = resolveHints([runHint(["status", "local"])], commandLine(argv), env);
    assert.deepEqual(hint, {
      kind: "command",
      argv: ["hasura-migrate", "status", "local", "--database-url", "$DATABASE_URL"],
      text: 'hasura-migrate status local --database-url "$DATABASE_URL"',
    });
  });

  test("an address in place of an environment is not repeated either", () => {
    const hint = retryHint({ with: ["--yes"] });
    const text = textOf(hint, ["postgres://me:hush@db/x"]);
    assert.equal(text, "hasura-migrate postgres://me:PASSWORD@db/x --yes");
  });

  test("sentences and commands of other programs stay as they are", () => {
    const argv = ["dev-1", "--profile", "acme"];
    assert.equal(
      textOf(textHint("Raise the function's memory."), argv),
      "Raise the function's memory.",
    );
    const login = commandHint(["aws", "sso", "login", "--profile", "my profile"], "log in again");
    assert.equal(textOf(login, argv), "log in again: aws sso login --profile 'my profile'");
  });

  test("a resolved hint is data: its kind, its words and the text", () => {
    const hint = retryHint({ with: ["--wait", "10m"], reason: "wait for it" });
    assert.deepEqual(resolveHints([hint], commandLine(["dev-1", "--no-wait"]), {}), [
      {
        kind: "command",
        argv: ["hasura-migrate", "dev-1", "--wait", "10m"],
        reason: "wait for it",
        text: "wait for it: hasura-migrate dev-1 --wait 10m",
      },
    ]);
  });
});
