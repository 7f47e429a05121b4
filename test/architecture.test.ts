import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import ts from "typescript";

/*
 * The rules of ARCHITECTURE.md that can be checked: who may import whom, where files may be, and which files may use the
 * process, the clock, random numbers and timers.
 */

interface Rule {
  /** Modules of src/ outside its own area: a folder, or a file without its extension. */
  readonly own: readonly string[];
  /** npm packages; `true` allows any. */
  readonly packages: readonly string[] | true;
  /** Modules of Node. */
  readonly node: readonly string[] | true;
}

const mayImport: Record<string, Rule> = {
  tls: { own: [], packages: [], node: ["node:http", "node:https", "node:net", "node:tls"] },
  protocol: { own: [], packages: ["zod"], node: [] },
  "sql-parser": {
    own: [],
    // Its types only.
    packages: ["@pgsql/types"],
    node: ["node:fs/promises", "node:module", "node:util", "node:zlib"],
  },
  metadata: {
    own: ["protocol"],
    packages: ["yaml", "graphql", "zod"],
    node: ["node:crypto", "node:path"],
  },
  engine: {
    own: ["protocol", "sql-parser", "metadata"],
    packages: ["zod", "yaml", "@pgsql/types"],
    node: [
      ...["node:crypto", "node:fs", "node:fs/promises", "node:path", "node:util"],
      "node:zlib",
    ],
  },
  lambda: {
    own: ["protocol", "tls", "engine", "lint", "metadata"],
    packages: [
      "zod",
      "@aws-sdk/client-secrets-manager",
      "@aws-sdk/client-ssm",
      "@aws-sdk/credential-providers",
      "@smithy/core/checksum",
      "@smithy/signature-v4",
    ],
    node: true,
  },
  cli: {
    own: [
      "protocol",
      "tls",
      "engine/project/project",
      "engine/project/project-files",
      "engine/project/squash",
      "engine/project/unknown-database",
      "engine/project/no-metadata",
      "engine/project/project-metadata",
      "engine/project/metadata-files",
      "engine/project/config",
      "engine/project/file-system",
      "engine/project/seeds",
      "engine/project/migration-file",
      "metadata",
      "lint",
    ],
    packages: true,
    node: true,
  },
  lint: {
    own: ["protocol", "sql-parser", "engine/sql", "engine/project", "engine/plan/assessment"],
    packages: ["@pgsql/types"],
    node: [],
  },
  local: {
    own: [
      "protocol",
      "tls",
      "metadata",
      "engine/hasura/server-version",
      "engine/project/local-databases",
      "engine/project/project",
      "engine/sql/quote",
    ],
    packages: true,
    node: true,
  },
  verify: {
    own: [
      "protocol",
      "metadata",
      "engine/project",
      "engine/sql",
      "lint",
      "local/hasura-api",
      "local/postgres",
      "local/environment",
    ],
    packages: ["pg", "zod"],
    node: true,
  },
  cdk: { own: [], packages: ["aws-cdk-lib", "constructs"], node: [] },
};

/** The only modules that load src/local and src/verify: with a dynamic import, so that other commands do not load them. */
const doors = [
  { from: "cli/connection/local", to: "local" },
  { from: "cli/run/verify/run-verify", to: "verify" },
  { from: "cli/run/lint/lint-project", to: "verify/git/branch" },
  { from: "cli/run/lint/lint-project", to: "verify/metadata/uses" },
];

/** A file directly in src/ is one function that any area may use, and imports nothing of this project. */
const leafPackages = ["fastest-levenshtein"];
const isLeaf = (module: string): boolean => !module.includes("/");

/** The only module that imports a path known at run time: the handler. */
const loader = "local/runtime-client/load-handler";

type Ambient = "process" | "console" | "clock" | "random" | "timers";

/** Files at the edge of a program, with what they may use directly. All others are given it. */
const edges: Record<string, readonly Ambient[]> = {
  "cli/bin": ["process"],
  "cli/process-context": ["clock", "random", "timers"],
  "lambda/process-context": ["process", "clock", "random", "timers"],
  "lambda/run-task": ["process"],
  "lambda/write-manifest": ["process"],
  // Limits for a socket and for a slow reader: the timer is cleared in the same function.
  "lambda/hasura/http-call": ["timers"],
  "lambda/event-stream": ["timers"],
  // src/local starts, watches and stops real processes and servers.
  "local/postgres/index": ["process"],
  "local/postgres/binaries": ["process"],
  "local/postgres/throwaway": ["process"],
  "local/postgres/cluster": ["process"],
  "local/postgres/file-lock": ["clock", "timers"],
  "local/postgres/data-directory": ["process", "clock"],
  "local/postgres/server-user": ["process"],
  "local/postgres/state-directory": ["process"],
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

/** Module name (path below `folder` without its extension, after `prefix`) → its syntax tree. */
function parseAll(folder: string, prefix: string): Map<string, ts.SourceFile> {
  return new Map(
    filesBelow(folder)
      .filter((path) => path.endsWith(".ts"))
      .map((path) => [
        prefix + relative(join(root, folder), path).replaceAll("\\", "/").replace(/\.ts$/, ""),
        ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true),
      ]),
  );
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const trees = parseAll("src", "");

function nodesOf(tree: ts.Node): ts.Node[] {
  const nodes = [tree];
  for (const node of nodes) ts.forEachChild(node, (child) => void nodes.push(child));
  return nodes;
}

interface Import {
  /** Modules of this project as a path below src/ without extension, others as written. */
  readonly to: string;
  readonly own: boolean;
  /** A call of `import()`. */
  readonly dynamic: boolean;
  /** A call of `import()` inside a function: it runs when everything is loaded. */
  readonly later: boolean;
}

const computed = "a computed path";

/** What a node imports, if it is an import: a declaration, a re-export, `import()` or `import("…").Type`. */
function specifierOf(node: ts.Node): { specifier: ts.Node; dynamic: boolean } | undefined {
  if (ts.isImportDeclaration(node)) return { specifier: node.moduleSpecifier, dynamic: false };
  if (ts.isExportDeclaration(node))
    return node.moduleSpecifier && { specifier: node.moduleSpecifier, dynamic: false };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { specifier: node.argument.literal, dynamic: false };
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return;
  const [specifier] = node.arguments;
  return specifier && { specifier, dynamic: true };
}

function importsOf(module: string, tree: ts.SourceFile): Import[] {
  return nodesOf(tree).flatMap((node) => {
    const found = specifierOf(node);
    if (found === undefined) return [];
    const { specifier, dynamic } = found;
    const later = dynamic && ts.findAncestor(node, ts.isFunctionLike) !== undefined;
    if (!ts.isStringLiteral(specifier)) return [{ to: computed, own: false, dynamic, later }];
    const own = specifier.text.startsWith(".");
    const to = own
      ? posix.join(posix.dirname(module), specifier.text).replace(/\.ts$/, "")
      : specifier.text;
    return [{ to, own, dynamic, later }];
  });
}

const imports = new Map([...trees].map(([module, tree]) => [module, importsOf(module, tree)]));
const areaOf = (module: string): string => module.split("/")[0] ?? "";

/** True if a module is `folder`, or a file in it. */
function isWithin(module: string, folder: string): boolean {
  return module === folder || module.startsWith(`${folder}/`);
}

/** Folder of src/ → what ARCHITECTURE.md's table says that it may import of this project. */
function documentedImports(): Map<string, string[]> {
  const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
  const rows = text.matchAll(/^\| `src\/([\w-]+)\/` \|.*\| ([^|]*) \|$/gm);
  return new Map(
    [...rows].map(([, folder = "", allowed = ""]) => [
      folder,
      [...allowed.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
    ]),
  );
}

/** Why an import is not allowed, or nothing. */
function objection(from: string, { to, own, dynamic }: Import): string | undefined {
  const rule: Rule | undefined = isLeaf(from)
    ? { own: [], packages: leafPackages, node: [] }
    : mayImport[areaOf(from)];
  if (rule === undefined) return `src/${areaOf(from)} has no rule here`;
  if (own)
    return mayImportOwn(from, to, dynamic, rule)
      ? undefined
      : `${areaOf(from)} may import ${rule.own.join(", ") || "nothing"} of this project`;
  if (to === computed) return from === loader ? undefined : "only the loader may";
  const [allowed, what] = isBuiltin(to) ? [rule.node, to] : [rule.packages, `the package ${to}`];
  return allowed === true || allowed.includes(to)
    ? undefined
    : `${areaOf(from)} may not use ${what}`;
}

function mayImportOwn(from: string, to: string, dynamic: boolean, rule: Rule): boolean {
  return (
    areaOf(to) === areaOf(from) ||
    isLeaf(to) ||
    (from === "package-version" && to === "../package.json") ||
    rule.own.some((allowed) => isWithin(to, allowed)) ||
    doors.some(
      (door) => from === door.from && (areaOf(to) === door.to || to === door.to) && dynamic,
    )
  );
}

/** Every set of modules that import each other, directly or through others (Tarjan's algorithm). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (module: string): number => {
    order.set(module, order.size);
    const own = order.size - 1;
    stack.push(module);
    const reached = (graph.get(module) ?? []).map((to) => {
      if (!order.has(to)) return visit(to);
      return stack.includes(to) ? (order.get(to) ?? own) : own;
    });
    const low = Math.min(own, ...reached);
    if (low === own) {
      const members = stack.splice(stack.indexOf(module));
      if (members.length > 1 || graph.get(module)?.includes(module)) circles.push(members.sort());
    }
    return low;
  };
  for (const module of graph.keys()) if (!order.has(module)) visit(module);
  return circles;
}

interface Citation {
  readonly file: string;
  readonly page: string;
  /** Undefined when a comment cites a page without a section. */
  readonly heading: string | undefined;
}

/** Citations have the form: docs/internals/PAGE, "Heading" and "Heading"; comments may break the line anywhere. */
function citationsIn(path: string): Citation[] {
  if (!/\.(ts|mjs|sql)$/.test(path)) return [];
  const file = relative(root, path);
  const text = readFileSync(path, "utf8").replace(/\n\s*(\*|\/\/|--)?[ \t]*/g, " ");
  const cited = /docs\/internals\/([\w-]+\.md)((?:(?:,| and|, and) "[^"]+")*)/g;
  return [...text.matchAll(cited)].flatMap(([, page = "", list = ""]) => {
    const headings = [...list.matchAll(/"([^"]+)"/g)].map(([, heading]) => heading);
    return (headings.length > 0 ? headings : [undefined]).map((heading) => ({
      file,
      page,
      heading,
    }));
  });
}

function headingsOf(page: string): string[] {
  const path = join(root, "docs/internals", page);
  if (!existsSync(path)) return [];
  return [...readFileSync(path, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
}

const ambientModules: Readonly<Record<string, Ambient>> = {
  "node:timers": "timers",
  "node:timers/promises": "timers",
  "node:process": "process",
  "node:console": "console",
};
const ambientMembers: Readonly<Record<string, Ambient>> = {
  "Date.now": "clock",
  "performance.now": "clock",
  "Math.random": "random",
};
const ambientNames: Readonly<Record<string, Ambient>> = {
  process: "process",
  console: "console",
  setTimeout: "timers",
  setInterval: "timers",
  setImmediate: "timers",
};

/** What a node uses of the process, the clock, random numbers or timers, unless the file declares that name itself. */
function ambientOf(node: ts.Node, declared: ReadonlySet<string>): Ambient | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
    return ambientModules[node.moduleSpecifier.text];
  if (ts.isNewExpression(node))
    return node.expression.getText() === "Date" && (node.arguments ?? []).length === 0
      ? "clock"
      : undefined;
  if (ts.isPropertyAccessExpression(node)) return ambientMembers[node.getText()];
  if (!ts.isIdentifier(node) || declared.has(node.text) || !isUse(node)) return undefined;
  return ambientNames[node.text];
}

/** True where an identifier stands for a value, and not for the name of a member, a property or a type. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
  if (ts.isPropertyAssignment(parent)) return parent.name !== node;
  return ts.isExpression(parent) || ts.isVariableDeclaration(parent);
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

describe("architecture", () => {
  test("each part imports only what it may", () => {
    const refused = [...imports].flatMap(([from, list]) =>
      list.flatMap((imported) => {
        const why = objection(from, imported);
        return why === undefined ? [] : [`src/${from}.ts imports ${imported.to}: ${why}`];
      }),
    );
    assert.deepEqual(refused, []);
  });

  test("each part imports something of everything that it may", () => {
    const unused = Object.entries(mayImport).flatMap(([area, { own }]) => {
      const used = [...imports].flatMap(([from, list]) =>
        areaOf(from) === area ? list.map(({ to }) => to) : [],
      );
      return own
        .filter((allowed) => !used.some((to) => isWithin(to, allowed)))
        .map((allowed) => `${area}: ${allowed}`);
    });
    assert.deepEqual(unused, []);
  });

  test("ARCHITECTURE.md lists for each folder what it may import", () => {
    const documented = documentedImports();
    assert.deepEqual([...documented.keys()].sort(), Object.keys(mayImport).sort());
    const differences = Object.entries(mayImport).flatMap(([area, { own }]) => {
      const listed = documented.get(area) ?? [];
      const loaded = doors.flatMap(({ from, to }) => (areaOf(from) === area ? [areaOf(to)] : []));
      const allowed = [...own, ...loaded];
      return [
        ...allowed.filter((to) => !listed.some((name) => isWithin(to, name))),
        ...listed.filter((name) => !allowed.some((to) => isWithin(to, name))),
      ].map((to) => `${area}: ${to}`);
    });
    assert.deepEqual(differences, []);
  });

  test("there are no import cycles, imports of types included", () => {
    const all = new Map(
      [...trees, ...parseAll("bench", "../bench/")].map(([module, tree]) => [
        module,
        importsOf(module, tree).flatMap(({ to, own, later }) => (own && !later ? [to] : [])),
      ]),
    );
    assert.deepEqual(circlesOf(all), []);
  });

  test("only the program imports a command", () => {
    // Types and options that commands share are not commands.
    const shared = ["cli/commands/command", "cli/commands/shared-options"];
    const refused = [...imports].flatMap(([from, list]) =>
      list
        .filter(({ to }) => to.startsWith("cli/commands/") && !shared.includes(to))
        .filter(() => from !== "cli/program")
        .map(({ to }) => `src/${from}.ts imports ${to}`),
    );
    assert.deepEqual(refused, []);
  });

  test("only the terminal's modules turn a string into safe text without escaping it", () => {
    const makers = [...trees].flatMap(([module, tree]) =>
      nodesOf(tree)
        .filter((node) => ts.isIdentifier(node) && node.text === "asStyled")
        .filter(() => !module.startsWith("cli/output/terminal/"))
        .map(() => `src/${module}.ts`),
    );
    const casts = [...trees].filter(([, tree]) => tree.text.includes("as Styled"));
    assert.deepEqual(makers, []);
    assert.deepEqual(
      casts.map(([module]) => module),
      ["cli/output/terminal/styled"],
    );
  });

  test.each(["cli", "engine"])("src/%s has at most six loose files", (area) => {
    const loose = readdirSync(join(root, "src", area), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
    assert.ok(loose.length <= 6, loose.join(", "));
  });

  test("no file or folder has a meaningless name", () => {
    const meaningless = /^(utils?|helpers?|commons?|managers?|misc)$|-(utils?|helpers?|manager)$/;
    const found = ["src", "bench", "test", "scripts"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((path) =>
        meaningless.test(posix.basename(path.replaceAll("\\", "/")).replace(/\..*$/, "")),
      ),
    );
    assert.deepEqual(found, []);
  });

  test("every section of docs/internals that a comment cites exists", () => {
    const citations = ["src", "bench", "test", "scripts"].flatMap(filesBelow).flatMap(citationsIn);
    assert.ok(citations.length > 20, "the citations are found");
    const missing = citations.filter(
      ({ page, heading }) => !headingsOf(page).includes(heading ?? ""),
    );
    assert.deepEqual(missing, []);
  });

  test("only the edges use the process, the clock, random numbers and timers", () => {
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
    assert.deepEqual(stale, [], "edges that no longer use what they may");
  });
});
