import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { describe, test } from "vitest";
import { bundle } from "../../scripts/bundle.mjs";
import { usedLibraries } from "../../scripts/bundle-libraries.mjs";
import { settingDefinitions } from "../../src/lambda/settings.ts";
import { root } from "./support/repository.ts";
import { temporaryDirectory } from "./support/run-step.ts";

/** Without the parts of a name that depend on paths. */
const withoutHashes = (paths: Iterable<string>): string[] =>
  [...paths].map((path) => path.replace(/(-[A-Z0-9]{8})?-[\w-]{8}\.mjs$/, ".mjs")).sort();

describe("the bundles", () => {
  test(
    "are the same where node_modules is a link to a directory elsewhere",
    { timeout: 120_000 },
    async () => {
      const copy = temporaryDirectory();
      for (const part of ["package.json", "tsconfig.json", "scripts", "src"])
        cpSync(join(root, part), join(copy, part), { recursive: true });
      symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
      const [here, there] = [await bundle(root), await bundle(copy)];
      assert.deepEqual(withoutHashes(there.files.keys()), withoutHashes(here.files.keys()));
    },
  );

  test(
    "contain no descriptions of fields, which only the documentation uses",
    { timeout: 120_000 },
    async () => {
      const { files } = await bundle(root);
      const scripts = [...files.values()].map(String);
      for (const { meaning } of settingDefinitions)
        assert.ok(!scripts.some((text) => text.includes(meaning)), meaning);
    },
  );
});

/** Prints the errors of the AWS SDK's clients for refused calls, and the value that yaml parses from a document. */
const program = String.raw`
  import { Readable } from "node:stream";
  import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
  import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
  import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
  import { AssumeRoleCommand, STSClient } from "@aws-sdk/nested-clients/sts";
  import { parse } from "yaml";

  async function refused(Client, command, statusCode, name, body, headers = {}, answer = JSON.stringify(body)) {
    const response = {
      ...{ statusCode, body: Readable.from([Buffer.from(answer)]) },
      headers: { "x-amzn-errortype": name, "x-amzn-requestid": "id-1", ...headers },
    };
    const client = new Client({
      region: "eu-west-1",
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "example" },
      maxAttempts: 1,
      requestHandler: { handle: async () => ({ response }) },
    });
    const thrown = await client.send(command).then(() => undefined, (error) => error);
    const { message, Reason, Type, $fault, $metadata } = thrown;
    return [thrown instanceof Error, thrown.name, message, Reason, Type, $fault, $metadata];
  }
  const one = { FunctionName: "one" };
  console.log(JSON.stringify([
    await refused(LambdaClient, new InvokeCommand(one), 429, "TooManyRequestsException", { Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User", message: "Rate Exceeded." }),
    await refused(LambdaClient, new InvokeCommand(one), 502, "KMSAccessDeniedException", { Type: "User", Message: "no key" }),
    await refused(LambdaClient, new GetFunctionConfigurationCommand(one), 404, "ResourceNotFoundException", { Type: "User", Message: "Function not found" }),
    await refused(LambdaClient, new InvokeCommand(one), 403, "AccessDeniedException", { Message: "not allowed" }),
    await refused(SSMClient, new GetParameterCommand({ Name: "/a" }), 400, "ParameterNotFound", { __type: "ParameterNotFound" }),
    await refused(SSMClient, new GetParameterCommand({ Name: "/a" }), 500, "InternalServerError", { message: "later" }),
    await refused(SecretsManagerClient, new GetSecretValueCommand({ SecretId: "a" }), 400, "ResourceNotFoundException", { Message: "no secret" }),
    parse("a: &x [1, two, 3.5]\nb: {<<: 1, c: *x}\ne: >\n  folded\n  text\n12: ~"),
    await Promise.resolve("[f]: ~").then(parse).then(String, () => "refused"),
    await refused(STSClient, new AssumeRoleCommand({ RoleArn: "arn:aws:iam::1:role/a", RoleSessionName: "a" }), 403, "ExpiredTokenException", {}, {}, "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredTokenException</Code><Message>expired</Message></Error></ErrorResponse>"),
  ]));
`;

async function printed(plugins: readonly esbuild.Plugin[]): Promise<string> {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: program, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    banner: {
      js: 'import{createRequire as makeRequire}from"node:module";const require=makeRequire(import.meta.url);',
    },
    plugins: [...plugins],
  });
  const input = outputFiles.map(({ text }) => text).join("\n");
  const args = ["--input-type=module", "--no-warnings", "-"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout;
}

describe("the libraries in the bundles", () => {
  test("do the same as the complete ones", async () => {
    const [complete, used] = [await printed([]), await printed(usedLibraries)];
    assert.match(used, /"ParameterNotFound"/);
    // But for a key of YAML that is a list, which nothing reads.
    assert.match(used, /"refused"/);
    assert.deepEqual(
      JSON.parse(used.replace('"refused"', '"[object Object]"')),
      JSON.parse(complete),
    );
  });

  for (const [library, moved, name] of [
    ["@aws-sdk/client-ssm", "dist-es/schemas/errors.js", "sdk-errors"],
    ["zod", "v5/schemas.js", "zod-json-schema"],
    ["pg", "dist/index.js", "native-pg"],
  ] as const)
    test(`are not built where an update has moved a file that is edited: ${name}`, async () => {
      const project = temporaryDirectory();
      const file = join(project, "node_modules", library, moved);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, "export const moved = 1;");
      const built = esbuild.build({
        stdin: {
          contents: `export * from "./node_modules/${library}/${moved}"`,
          resolveDir: project,
        },
        ...{
          absWorkingDir: project,
          bundle: true,
          write: false,
          metafile: true,
          logLevel: "silent",
        },
        plugins: [...usedLibraries],
      });
      await assert.rejects(built, new RegExp(`update ${name}`));
    });
});
