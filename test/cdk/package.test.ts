import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, test, type TestContext } from "vitest";
import ts from "typescript";
import { freshDirectory } from "../support/postgres.ts";
import { root } from "../e2e/support/cli.ts";

/** A project that has installed this package and the CDK. */
async function project(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await freshDirectory(t);
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules/hasura-migrate"));
  for (const name of ["aws-cdk-lib", "constructs"])
    symlinkSync(join(root, "node_modules", name), join(directory, "node_modules", name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

describe("hasura-migrate/cdk", () => {
  test("can be loaded with import and require, as the same class", async (t) => {
    const directory = await project(t, {
      "app.mjs": `
        import { createRequire } from "node:module";
        import { HasuraMigrate } from "hasura-migrate/cdk";
        import { Construct } from "constructs";
        const required = createRequire(import.meta.url)("hasura-migrate/cdk").HasuraMigrate;
        console.log(HasuraMigrate === required, HasuraMigrate.prototype instanceof Construct);`,
    });
    const { stdout } = await promisify(execFile)(process.execPath, ["app.mjs"], { cwd: directory });
    assert.equal(stdout, "true true\n");
  });

  const app = `
    import { App, Stack, aws_ec2 as ec2 } from "aws-cdk-lib";
    import { HasuraMigrate, type HasuraMigrateProps } from "hasura-migrate/cdk";
    const stack = new Stack(new App(), "Stack");
    const props: HasuraMigrateProps = {
      environment: "dev-1",
      imageUri: "x",
      hasuraEndpoint: "http://hasura",
      adminSecret: { parameterName: "/hasura/dev-1" },
      vpc: new ec2.Vpc(stack, "Vpc"),
    };
    export const arn: string = new HasuraMigrate(stack, "DevOne", props).function.functionArn;
    // @ts-expect-error a secret has to be given
    new HasuraMigrate(stack, "DevTwo", { ...props, adminSecret: undefined });`;

  test("has types for CommonJS and for ES modules", async (t) => {
    const directory = await project(t, { "app.cts": app, "app.mts": app });
    const program = ts.createProgram({
      rootNames: [join(directory, "app.cts"), join(directory, "app.mts")],
      options: {
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        strict: true,
        noEmit: true,
        types: [],
        // Of the CDK's own declarations.
        skipLibCheck: true,
      },
    });
    const problems = ts.getPreEmitDiagnostics(program);
    assert.deepEqual(
      problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
      [],
    );
  });

  test.for([
    ["bundler", ts.ModuleResolutionKind.Bundler],
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- projects made by older versions of `cdk init` have it
    ["node10", ts.ModuleResolutionKind.Node10],
  ] as const)("has types for moduleResolution %s", async ([, moduleResolution], t) => {
    const directory = await project(t, {});
    const { resolvedModule } = ts.resolveModuleName(
      "hasura-migrate/cdk",
      join(directory, "app.ts"),
      { moduleResolution },
      ts.sys,
    );
    assert.equal(resolvedModule?.resolvedFileName, join(root, "dist/cdk/index.d.cts"));
  });
});
