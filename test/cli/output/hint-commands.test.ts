import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { describe, test } from "vitest";
import { createProgram } from "../../../src/cli/program.ts";
import { operations } from "../../../src/protocol/operations.ts";
import { refusalOf } from "../../support/printed-commands.ts";

/*
 * Every call of `runHint` and `retryHint` in src, read from the source and tried on the program: no hint may name a command or
 * an option that does not exist, or leave out what the command needs. `testContext` tries every command that a test prints.
 */

const src = join(import.meta.dirname, "../../../src");
const program = createProgram("1.2.3", { columns: 80, write: () => undefined });
const commands = program.cliCommands.map((command) => command.path);
const version = "1700000000100";

/** Words that are known only when the program runs, by the expression or its last name. */
const words: Readonly<Record<string, readonly string[]>> = {
  as: ["applied", "pending"],
  bin: ["/usr/lib/postgresql/17/bin"],
  command: commands,
  "command.name": commands,
  "group.name": ["metadata"],
  "commandLine.command?.name": commands,
  "first.run": ["019a7e0c-0000-7000-8000-000000000001"],
  database: ["audit"],
  environment: ["dev-1"],
  file: ["config.json"],
  root: ["config.json"],
  activity: ["SELECT 1"],
  invalidIndexes: ["SELECT 1"],
  prepared: ["SELECT 1"],
  first: ["dev-1"],
  name: commands,
  names: ["prod-eu,prod-us"],
  "source.name": ["audit"],
  // Commander itself misses the environment of mark, and ping is no command.
  operation: Object.keys(operations).filter((name) => name !== "mark" && name !== "ping"),
  own: ["dev-1"],
  renamed: ["--steps"],
  runId: ["019a7e0c-0000-7000-8000-000000000001"],
  suggestion: ["acme"],
  squash: [version],
  version: [version],
  word: ["dev-1"],
};

/** The same for lists of words. */
const lists: Readonly<Record<string, readonly (readonly string[])[]>> = {
  allowing: [["--allow=drop-data", "--allow=type-rewrite"]],
  commandWords: [["status"], ["metadata", "diff"]],
  'name.split(" ")': commands.map((name) => name.split(" ")),
  'command.name.split(" ")': commands.map((name) => name.split(" ")),
  databaseArgs: [[], ["--database", "audit"]],
  ignored: [["--profile"]],
  only: [["--file", "01_roles.sql"]],
  others: [["1"]],
  versions: [[version], [version, "1700000000200"]],
  // test/cli/options/synonyms.test.ts has the other words.
  wordsFor: [["--help"]],
};

/** A command line of each command, to which options are added. */
const typed: readonly (readonly string[])[] = [
  ["apply", "local"],
  ["apply", "prod-eu", "prod-us"],
  ["status", "local"],
  ["plan", "local"],
  ["down", "local"],
  ["redo", "local"],
  ["reset-to", "local"],
  ["seed", "local"],
  ["mark", "local", version, "--applied"],
  ["cancel", "local"],
  ["history", "local"],
  ["locks", "local"],
  ["sql", "local", "SELECT 1"],
  ["metadata", "apply", "local"],
  ["metadata", "export", "local"],
  ["new", "add_notes"],
  ["verify"],
  ["verify", "--database-url", "postgres://user@host/database"],
  ["local"],
  ["envs"],
];

/** All word lists that an expression can be; fails where this test does not know a name in it. */
function listsOf(node: ts.Expression): readonly (readonly string[])[] {
  if (ts.isArrayLiteralExpression(node))
    return product(
      node.elements.map((element) =>
        ts.isSpreadElement(element)
          ? listsOf(element.expression)
          : wordsOf(element).map((word) => [word]),
      ),
    );
  if (ts.isParenthesizedExpression(node)) return listsOf(node.expression);
  if (ts.isConditionalExpression(node))
    return [...listsOf(node.whenTrue), ...listsOf(node.whenFalse)];
  const body = returnedBy(node);
  return body ? listsOf(body) : sample(lists, node);
}

function wordsOf(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return node.templateSpans.reduce<readonly string[]>(
      (heads, span) =>
        heads.flatMap((head) =>
          wordsOf(span.expression).map((word) => head + word + span.literal.text),
        ),
      [node.head.text],
    );
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken
  )
    return [...wordsOf(node.left), ...wordsOf(node.right)];
  return sample(words, node);
}

function sample<T>(
  samples: Readonly<Record<string, readonly T[]>>,
  node: ts.Expression,
): readonly T[] {
  const text = node.getText();
  const name = /(\w+)(?:\(.*\))?$/s.exec(text)?.[1] ?? "";
  return samples[text] ?? samples[name] ?? assert.fail(`this test needs a value for ${text}`);
}

/** What a function of the same file returns, if the expression calls one that does nothing else. */
function returnedBy(node: ts.Expression): ts.Expression | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const called = nodesOf(node.getSourceFile()).find(
    (each) => ts.isFunctionDeclaration(each) && each.name?.text === node.expression.getText(),
  );
  const [statement] =
    called && ts.isFunctionDeclaration(called) ? (called.body?.statements ?? []) : [];
  return statement && ts.isReturnStatement(statement) ? statement.expression : undefined;
}

function product<T>(parts: readonly (readonly (readonly T[])[])[]): T[][] {
  return parts.reduce<T[][]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, ...tail])),
    [[]],
  );
}

function nodesOf(tree: ts.Node): ts.Node[] {
  const nodes = [tree];
  for (const node of nodes) ts.forEachChild(node, (child) => void nodes.push(child));
  return nodes;
}

function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${relative(src, file.fileName)}:${line + 1}`;
}

const calls = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && path !== join("protocol", "hint.ts"))
  .map((path) => join(src, path))
  .map((path) =>
    ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true),
  )
  .flatMap(nodesOf)
  .filter((node) => ts.isCallExpression(node));
const callsOf = (name: string) => calls.filter(({ expression }) => expression.getText() === name);

/** The list of words in a property of the object that a call is given; empty where it has none. */
function listsIn(call: ts.CallExpression, property: string): readonly (readonly string[])[] {
  const [change] = call.arguments;
  if (change === undefined) return [];
  if (!ts.isObjectLiteralExpression(change)) assert.fail("retryHint is given no literal");
  return change.properties.flatMap((each) => {
    if (each.name?.getText() !== property) return [];
    return ts.isPropertyAssignment(each) ? listsOf(each.initializer) : assert.fail(each.getText());
  });
}

describe("commands in hints", () => {
  test("the calls are found", () => {
    assert.ok(callsOf("runHint").length > 20);
    assert.ok(callsOf("retryHint").length > 30);
  });

  for (const call of callsOf("runHint")) {
    test(`${placeOf(call)} suggests a command that the program takes`, () => {
      const [args] = call.arguments;
      const refused = (args ? listsOf(args) : []).flatMap((list) => {
        const reason = refusalOf(list);
        return reason === undefined ? [] : [`${list.join(" ")}: ${reason}`];
      });
      assert.deepEqual(refused, []);
    });
  }

  for (const call of callsOf("retryHint")) {
    test(`${placeOf(call)} adds and removes options that a command takes`, () => {
      for (const added of listsIn(call, "with")) {
        const taken = typed.some((command) => refusalOf([...command, ...added]) === undefined);
        assert.ok(taken, `no command takes ${added.join(" ")}`);
      }
      const known = program.cliCommands.flatMap(({ cliOptions }) => cliOptions);
      for (const name of listsIn(call, "without").flat())
        assert.ok(
          known.some(({ long }) => long === name),
          `no command takes ${name}`,
        );
    });
  }
});
