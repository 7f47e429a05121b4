import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, test, type TestContext } from "vitest";
import * as z from "zod";
import { freshDirectory } from "../support/postgres.ts";
import { moduleDirectory } from "../tooling/support/terraform.ts";
import { stackOf } from "../tooling/support/template.ts";
import { run, type Ran } from "./support/program.ts";

const secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1-AbCdEf";

/** Terraform, or OpenTofu in its place. Skips the test where there is neither. */
async function terraformOr(t: TestContext): Promise<string> {
  for (const program of ["terraform", "tofu"]) {
    const found = await promisify(execFile)(program, ["version"]).catch(() => undefined);
    if (found !== undefined) return program;
  }
  return t.skip("there is no terraform and no tofu");
}

const required = {
  environment: "dev-1",
  image_uri: "x",
  hasura_endpoint: "http://hasura.internal:8080",
  vpc_id: "vpc-0a",
  subnet_ids: '["subnet-0a"]',
};

/** Evaluates an expression in the part of the module that needs no provider. */
async function evaluate(
  t: TestContext,
  expression: string,
  variables: Readonly<Record<string, string>>,
): Promise<Ran> {
  const terraform = await terraformOr(t);
  const directory = await freshDirectory(t);
  for (const name of ["variables.tf", "names.tf"])
    copyFileSync(join(moduleDirectory, name), join(directory, name));
  const values = Object.entries<string>({ ...required, ...variables }).map(
    ([name, value]) => [`TF_VAR_${name}`, value] as const,
  );
  return run(
    "sh",
    ["-c", `echo 'jsonencode(${expression})' | "$0" -chdir="$1" console`, terraform, directory],
    {
      ...Object.fromEntries(values),
      HOME: directory,
      CHECKPOINT_DISABLE: "1",
    },
  );
}

async function valueOf(
  t: TestContext,
  expression: string,
  variables: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { code, stdout, stderr } = await evaluate(t, expression, variables);
  assert.equal(code, 0, stderr);
  // The console prints a string, which holds the JSON.
  return JSON.parse(z.string().parse(JSON.parse(stdout))) as unknown;
}

describe("docker/terraform", () => {
  test("is formatted as Terraform formats it", async (t) => {
    const ran = await run(await terraformOr(t), ["fmt", "-check", "-diff", moduleDirectory]);
    assert.equal(ran.code, 0, ran.stdout);
  });

  test.for([
    secret,
    `${secret}:adminSecret::`,
    `${secret}::AWSPREVIOUS:`,
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1",
    "",
  ])("takes the secret's own ARN from %j", async (given, t) => {
    assert.equal(
      await valueOf(t, "local.secret_arn", { admin_secret_arn: given }),
      given.split(":").slice(0, 7).join(":"),
    );
  });

  test("takes the parameter's own name from one with a version", async (t) => {
    const given = { admin_secret_parameter: "/hasura/dev-1:3" };
    assert.equal(await valueOf(t, "local.parameter_name", given), "/hasura/dev-1");
  });

  test.for([
    [{ AdminSecretArn: secret }, { admin_secret_arn: secret }],
    [
      {
        AdminSecretParameter: "/hasura/dev-1",
        Protected: "true",
        KeepDownSql: "off",
        Sources: "image,upload",
        ReadOnlySql: "read",
        SecondTry: "off",
        RestrictByOperation: "true",
        WebhookParameter: "/hasura/webhook:1",
        EventBusArn: "arn:aws:events:eu-west-1:111122223333:event-bus/deployments",
        NotifyOn: "failures",
        Metrics: "off",
      },
      {
        admin_secret_parameter: "/hasura/dev-1",
        protected: "true",
        keep_down_sql: "false",
        sources: '["image","upload"]',
        read_only_sql: "read",
        second_try: "false",
        restrict_by_operation: "true",
        webhook_parameter: "/hasura/webhook:1",
        event_bus_arn: "arn:aws:events:eu-west-1:111122223333:event-bus/deployments",
        notify_on: "failures",
        metrics: "false",
      },
    ],
  ] as const)(
    "sets the environment variables of the template with %j",
    async ([given, variables], t) => {
      const stack = stackOf({
        Environment: "dev-1",
        HasuraEndpoint: required.hasura_endpoint,
        ...given,
      });
      const { Environment } = z
        .object({ Environment: z.object({ Variables: z.record(z.string(), z.string()) }) })
        .parse(stack.properties("Function"));
      assert.deepEqual(
        await valueOf(
          t,
          '{ for name, value in local.variables : name => value if value != "" }',
          variables,
        ),
        Environment.Variables,
      );
    },
  );

  test.for([
    ["false", []],
    ["true", ["admin", "apply", "query", "read"]],
  ] as const)(
    "has these aliases with restrict_by_operation %s: %j",
    async ([restrict, names], t) => {
      assert.deepEqual(
        await valueOf(t, "keys(local.aliases)", { restrict_by_operation: restrict }),
        names,
      );
    },
  );

  test.for([
    ["environment", "dev_1"],
    ["architecture", "arm"],
    ["hasura_endpoint", "hasura:8080"],
    ["admin_secret_parameter", "hasura/dev-1"],
    ["reserved_concurrency", "1"],
    ["webhook_parameter", "hasura/webhook"],
    ["notify_on", "never"],
  ] as const)("refuses %s = %j", async ([name, value], t) => {
    const { code, stdout, stderr } = await evaluate(t, `var.${name}`, { [name]: value });
    assert.match(`${stdout}${stderr}`, /Invalid value for variable/, `exit code ${String(code)}`);
  });
});
