import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import ts from "typescript";

/*
 * Who may import whom, and who may touch the world: what ARCHITECTURE.md says in words. A rule that nobody checks drifts.
 */

interface Rule {
  /** Own modules beside its own area: a folder of src/, or one file of it without its extension. */
  readonly own: readonly string[];
  /** npm packages; `true` allows any. */
  readonly packages: readonly string[] | true;
  /** Modules of Node. */
  readonly node: readonly string[] | true;
}

const mayImport: Record<string, Rule> = {
  retry: { own: [], packages: [], node: [] },
  protocol: { own: [], packages: ["zod"], node: [] },
  engine: {
    own: ["protocol", "retry"],
    packages: ["zod", "yaml", "fastest-levenshtein"],
    node: ["node:crypto", "node:fs", "node:fs/promises", "node:path", "node:util"],
  },
  lambda: {
    own: ["protocol", "retry", "engine"],
    packages: [
      "zod",
      "fastest-levenshtein",
      "@aws-sdk/client-secrets-manager",
      "@aws-sdk/client-ssm",
    ],
    node: true,
  },
  cli: { own: ["protocol", "engine/project/project"], packages: true, node: true },
  local: { own: ["protocol", "retry", "engine"], packages: true, node: true },
};

/** The one door to src/local, for when `local` is what was asked for: a dynamic import, so that nobody else pays for it. */
const door = { from: "cli/commands/local", to: "local" };

/** Loads the function that it is given. */
const loader = "local/runtime-client/load-handler";

type Ambient = "process" | "console" | "clock" | "random" | "timers";

/** Files that are the edge of a program, and what of the world they may name. Everything else is handed it. */
const edges: Record<string, readonly Ambient[]> = {
  "cli/bin": ["process"],
  "cli/process-context": ["clock", "random", "timers"],
  "lambda/index": ["process", "clock", "random", "timers"],
  // Bounds on a socket and on a slow reader: a timer that is cleared in the same function.
  "lambda/hasura/http-call": ["timers"],
  "lambda/event-stream": ["timers"],
  // src/local starts, watches and ends real processes and servers: it is an edge itself, file by file.
  "local/postgres/index": ["process"],
  "local/postgres/binaries": ["process"],
  "local/postgres/file-lock": ["clock", "timers"],
  "local/postgres/owner": ["process"],
  "local/postgres/postmaster": ["process", "clock", "timers"],
  "local/postgres/process-identity": ["process"],
  "local/hasura-api/http": ["clock"],
  "local/hasura-api/index": ["timers"],
  "local/hasura-api/session": ["timers"],
  "local/lambda-service/index": ["process", "clock"],
  "local/lambda-service/function-process": ["process"],
  "local/lambda-service/sandbox": ["timers"],
  "local/lambda-service/sandbox-pool": ["timers"],
  "local/runtime-client/main": ["process"],
  "local/runtime-client/invoke": ["clock"],
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path below src/ without its extension → its syntax tree. */
const trees = new Map(
  readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [
      relative(join(root, "src"), path).replaceAll("\\", "/").replace(/\.ts$/, ""),
      ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true),
    ]),
);

function nodesOf(tree: ts.Node): ts.Node[] {
  const nodes = [tree];
  for (const node of nodes) ts.forEachChild(node, (child) => void nodes.push(child));
  return nodes;
}

interface Import {
  /** Own modules as a path below src/ without extension, others as written. */
  readonly to: string;
  readonly own: boolean;
  readonly dynamic: boolean;
  readonly typeOnly: boolean;
}

function importsOf(module: string, tree: ts.SourceFile): Import[] {
  return nodesOf(tree).flatMap((node) => {
    const dynamic =
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const isStatic = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    const specifier = dynamic ? node.arguments[0] : isStatic ? node.moduleSpecifier : undefined;
    if (specifier === undefined) return [];
    if (!ts.isStringLiteral(specifier))
      return [{ to: "what only the run can tell", own: false, dynamic, typeOnly: false }];
    const own = specifier.text.startsWith(".");
    const typeOnly = ts.isImportDeclaration(node)
      ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : ts.isExportDeclaration(node) && node.isTypeOnly;
    const to = own
      ? posix.join(posix.dirname(module), specifier.text).replace(/\.ts$/, "")
      : specifier.text;
    return [{ to, own, dynamic, typeOnly }];
  });
}

const imports = new Map([...trees].map(([module, tree]) => [module, importsOf(module, tree)]));
const areaOf = (module: string): string => module.split("/")[0] ?? "";

/** Why an import is not allowed, or nothing. */
function objection(from: string, { to, own, dynamic }: Import): string | undefined {
  const rule = mayImport[areaOf(from)];
  if (rule === undefined) return `src/${areaOf(from)} has no rule here`;
  if (own) {
    if (areaOf(to) === areaOf(from) || to === "../package.json") return undefined;
    if (rule.own.some((allowed) => to === allowed || to.startsWith(`${allowed}/`)))
      return undefined;
    if (from === door.from && to.startsWith(door.to) && dynamic) return undefined;
    return `${areaOf(from)} may import ${rule.own.join(", ") || "nothing"} of ours`;
  }
  if (to === "what only the run can tell")
    return from === loader ? undefined : "an import names its module";
  if (isBuiltin(to))
    return rule.node === true || rule.node.includes(to)
      ? undefined
      : `${areaOf(from)} may not use ${to}`;
  return rule.packages === true || rule.packages.includes(to)
    ? undefined
    : `${areaOf(from)} may not use the package ${to}`;
}

describe("architecture", () => {
  test("each part imports only what it may", () => {
    const refused = [...imports].flatMap(([from, list]) =>
      list.flatMap((it) => {
        const why = objection(from, it);
        return why === undefined ? [] : [`src/${from}.ts imports ${it.to}: ${why}`];
      }),
    );
    assert.deepEqual(refused, []);
  });

  test("no module imports itself by way of others", () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (module: string, path: readonly string[]): void => {
      if (path.includes(module)) {
        cycles.push([...path.slice(path.indexOf(module)), module].join(" → "));
        return;
      }
      if (done.has(module)) return;
      // A dynamic import runs later, when everything is there.
      for (const { to, own, typeOnly, dynamic } of imports.get(module) ?? [])
        if (own && !typeOnly && !dynamic) walk(to, [...path, module]);
      done.add(module);
    };
    for (const module of imports.keys()) walk(module, []);
    assert.deepEqual(cycles, []);
  });

  /** Things of the world that an expression names, if it does. A name the file declares for itself is not the world's. */
  function ambientOf(node: ts.Node, declared: ReadonlySet<string>): Ambient | undefined {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const { text } = node.moduleSpecifier;
      return text.startsWith("node:timers")
        ? "timers"
        : text === "node:process"
          ? "process"
          : text === "node:console"
            ? "console"
            : undefined;
    }
    if (
      ts.isNewExpression(node) &&
      node.expression.getText() === "Date" &&
      (node.arguments ?? []).length === 0
    )
      return "clock";
    if (ts.isPropertyAccessExpression(node)) {
      const text = node.getText();
      return text === "Date.now" || text === "performance.now"
        ? "clock"
        : text === "Math.random"
          ? "random"
          : undefined;
    }
    if (!ts.isIdentifier(node) || declared.has(node.text)) return undefined;
    const isName = ts.isPropertyAccessExpression(node.parent)
      ? node.parent.name === node
      : !ts.isExpression(node.parent);
    if (isName && !ts.isVariableDeclaration(node.parent) && !ts.isPropertyAssignment(node.parent))
      return undefined;
    if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return undefined;
    if (node.text === "process" || node.text === "console") return node.text;
    return ["setTimeout", "setInterval", "setImmediate"].includes(node.text) ? "timers" : undefined;
  }

  function declaredIn(tree: ts.SourceFile): Set<string> {
    const names = nodesOf(tree).flatMap((node) =>
      (ts.isVariableDeclaration(node) ||
        ts.isParameter(node) ||
        ts.isImportSpecifier(node) ||
        ts.isBindingElement(node)) &&
      ts.isIdentifier(node.name)
        ? [node.name.text]
        : [],
    );
    return new Set(names);
  }

  test("the process, the clock, chance and timers are named at the edges alone", () => {
    const found: string[] = [];
    const unused = new Map(
      Object.entries(edges).map(([module, allowed]) => [module, new Set(allowed)]),
    );
    for (const [module, tree] of trees) {
      const declared = declaredIn(tree);
      for (const node of nodesOf(tree)) {
        const ambient = ambientOf(node, declared);
        if (ambient === undefined) continue;
        unused.get(module)?.delete(ambient);
        if (edges[module]?.includes(ambient)) continue;
        const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
        found.push(
          `src/${module}.ts:${String(line + 1)} names ${ambient}: ${node.getText().slice(0, 60)}`,
        );
      }
    }
    assert.deepEqual(found, []);
    const stale = [...unused].flatMap(([module, left]) =>
      [...left].map((ambient) => `${module}: ${ambient}`),
    );
    assert.deepEqual(stale, [], "edges that no longer need what they are granted");
  });
});
