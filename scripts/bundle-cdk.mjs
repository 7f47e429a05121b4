import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import ts from "typescript";

/** The modules of src/cdk that declare something public. */
const declared = ["index", "props"];

/**
 * Bundles the CDK construct, `hasura-migrate/cdk`, and its declarations. CommonJS, as aws-cdk-lib is: both kinds of modules can
 * load it. Not minified, so that a reader of a stack trace finds the construct.
 * @param {string} root
 * @returns {Promise<Map<string, string>>} contents by path below dist/
 * @throws {Error} when a source does not compile, or its declarations need more than the file itself
 */
export async function bundleCdk(root) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: ["src/cdk/index.ts"],
    outfile: "dist/cdk/index.cjs",
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["aws-cdk-lib", "constructs"],
    logLevel: "warning",
    write: false,
  });
  const [code] = outputFiles;
  return new Map([
    ["cdk/index.cjs", code?.text ?? ""],
    ...declared.map(
      (name) => /** @type {const} */ ([`cdk/${name}.d.cts`, declarations(root, name)]),
    ),
  ]);
}

/** @param {string} root @param {string} name */
function declarations(root, name) {
  const fileName = join(root, "src/cdk", `${name}.ts`);
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(readFileSync(fileName, "utf8"), {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      stripInternal: true,
    },
  });
  const [problem] = diagnostics;
  if (problem !== undefined)
    throw new Error(`${fileName}: ${ts.flattenDiagnosticMessageText(problem.messageText, "\n")}`);
  return outputText.replace(/(from ")(\.\/[\w-]+)\.ts"/g, '$1$2.cjs"');
}
