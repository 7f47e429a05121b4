import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import * as z from "zod";
import { readDeployment } from "../../docker/deployment/deployment-file.mjs";
import { templateParameters } from "../../docker/deployment/template-parameters.mjs";
import { read } from "./support/repository.ts";
import { allows, stackOf, template } from "./support/template.ts";

const secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1-AbCdEf";
const required = { Environment: "dev-1", AdminSecretArn: secret };
const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-1";
const callerPolicies = ["DeveloperPolicy", "ReadPolicy", "ApplyPolicy", "AdminPolicy"];

/** The policies of a stack that are for people and pipelines. */
function callersOf(restrict: boolean) {
  const stack = stackOf({ ...required, RestrictByOperation: String(restrict) });
  return callerPolicies
    .filter((name) => stack.resources.includes(name))
    .map((name) => ({ name, statements: stack.statements(name) }));
}

describe("the policies of callers", () => {
  test("are one without aliases, and one for each alias with them", () => {
    assert.deepEqual(
      callersOf(false).map(({ name }) => name),
      ["DeveloperPolicy"],
    );
    assert.deepEqual(
      callersOf(true).map(({ name }) => name),
      ["ReadPolicy", "ApplyPolicy", "AdminPolicy"],
    );
  });

  test("allow exactly what the CLI calls, and to read the log", () => {
    for (const { name, statements } of [...callersOf(false), ...callersOf(true)]) {
      assert.deepEqual(
        statements.flatMap(({ Action }) => Action).toSorted(),
        [
          "lambda:GetFunctionConfiguration",
          "lambda:InvokeFunction",
          "logs:DescribeLogStreams",
          "logs:FilterLogEvents",
          "logs:GetLogEvents",
        ],
        name,
      );
      // InvokeWithResponseStream is allowed by lambda:InvokeFunction.
      const called = [
        ...read("src/cli/connection/aws/lambda-connection.ts").matchAll(/new (\w+)Command\(/g),
      ];
      assert.deepEqual(called.map(([, command]) => command).toSorted(), [
        "GetFunctionConfiguration",
        "Invoke",
        "InvokeWithResponseStream",
      ]);
    }
  });

  test.each([
    ["DeveloperPolicy", false, [""]],
    ["ReadPolicy", true, [":read"]],
    ["ApplyPolicy", true, [":read", ":apply"]],
    ["QueryPolicy", true, [":query"]],
    ["AdminPolicy", true, [":read", ":apply", ":query", ":admin"]],
  ] as const)("%s reaches only its own function and aliases", (policy, restrict, allowed) => {
    const stack = stackOf({ ...required, RestrictByOperation: String(restrict) });
    const statements = stack.statements(policy);
    for (const qualifier of ["", ":read", ":apply", ":query", ":admin", ":$LATEST", ":1"]) {
      for (const action of ["InvokeFunction", "GetFunctionConfiguration"]) {
        assert.equal(
          allows(statements, `lambda:${action}`, functionArn + qualifier),
          allowed.some((one) => one === qualifier),
          `${action} ${qualifier}`,
        );
        assert.equal(allows(statements, `lambda:${action}`, `${functionArn}0${qualifier}`), false);
      }
      for (const action of ["GetFunction", "UpdateFunctionCode", "UpdateAlias", "GetPolicy"])
        assert.equal(allows(statements, `lambda:${action}`, functionArn + qualifier), false);
    }
    assert.equal(allows(statements, "secretsmanager:GetSecretValue", secret), false);
  });
});

describe("the names of the policies", () => {
  const namesOf = (parameters: Record<string, string>): unknown[] => {
    const stack = stackOf({ ...required, ...parameters });
    return callerPolicies
      .filter((name) => stack.resources.includes(name))
      .map((name) => stack.properties(name)?.["ManagedPolicyName"]);
  };

  test("are fixed, so that a permission set can refer to them", () => {
    assert.deepEqual(namesOf({}), ["hasura-migrate-dev-1"]);
    assert.deepEqual(namesOf({ PolicyNamePrefix: "acme", RestrictByOperation: "true" }), [
      "acme-dev-1-read",
      "acme-dev-1-apply",
      "acme-dev-1-admin",
    ]);
  });

  test("fit into the 128 characters of IAM, whatever the parameters", () => {
    const longest = { Environment: "e".repeat(40), PolicyNamePrefix: "p".repeat(80) };
    for (const [name, value] of Object.entries(longest)) {
      const allowed = new RegExp(`^(?:${template.Parameters[name]?.AllowedPattern ?? ""})$`);
      assert.match(value, allowed);
      assert.doesNotMatch(`${value}x`, allowed);
    }
    for (const name of namesOf({ ...longest, RestrictByOperation: "true" }))
      assert.ok(String(name).length <= 128, String(name));
  });
});

describe("the function's role", () => {
  const readsSecret = (setting: string, arn: string): boolean =>
    allows(
      stackOf({ ...required, AdminSecretArn: setting }).statements("RolePolicy"),
      "secretsmanager:GetSecretValue",
      arn,
    );

  test.each([
    ["the plain ARN", secret],
    ["a JSON key", `${secret}:adminSecret::`],
    ["a JSON key alone", `${secret}:adminSecret`],
    ["a version stage", `${secret}::AWSPREVIOUS:`],
    ["a version id", `${secret}:::b2b6ba5a-0000-4000-8000-000000000000`],
    ["no random suffix", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1"],
  ])("may read the admin secret that is given with %s, and no other", (_, setting) => {
    assert.match(setting, new RegExp(template.Parameters["AdminSecretArn"]?.AllowedPattern ?? ""));
    assert.equal(readsSecret(setting, secret), true);
    for (const other of [
      secret.replace("dev-1", "dev-10"),
      secret.replace("hasura/dev-1-AbCdEf", "hasura/prod-AbCdEf"),
      secret.replace("111122223333", "444455556666"),
      secret.replace("eu-west-1", "us-east-1"),
      secret.replace("secret:hasura", "secret:other"),
    ])
      assert.equal(readsSecret(setting, other), false, other);
  });

  test("gets the setting unchanged, since the function reads the JSON key from it", () => {
    const setting = `${secret}:adminSecret::`;
    const { Environment } = stackOf({ ...required, AdminSecretArn: setting }).properties(
      "Function",
    ) as { Environment: { Variables: Record<string, unknown> } };
    assert.equal(Environment.Variables["HASURA_MIGRATE_ADMIN_SECRET_ARN"], setting);
  });

  test.each(["/hasura/dev-1", "/hasura/dev-1:3", "/hasura/dev-1:live"])(
    "may read the SSM parameter %s, and no other",
    (setting) => {
      const statements = stackOf({
        ...required,
        AdminSecretArn: "",
        AdminSecretParameter: setting,
      }).statements("RolePolicy");
      const parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/hasura/dev-1";
      assert.equal(allows(statements, "ssm:GetParameter", parameter), true);
      assert.equal(allows(statements, "ssm:GetParameter", `${parameter}0`), false);
      assert.equal(allows(statements, "secretsmanager:GetSecretValue", secret), false);
    },
  );

  test("may decrypt only with the given key", () => {
    const key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const actions = (parameters: Record<string, string>): string[] =>
      stackOf({ ...required, ...parameters })
        .statements("RolePolicy")
        .flatMap(({ Action }) => Action);
    assert.ok(!actions({}).includes("kms:Decrypt"));
    assert.ok(actions({ KmsKeyArn: key }).includes("kms:Decrypt"));
    const statements = stackOf({ ...required, KmsKeyArn: key }).statements("RolePolicy");
    assert.equal(allows(statements, "kms:Decrypt", key), true);
    assert.equal(allows(statements, "kms:Decrypt", `${key}2`), false);
  });

  test("may not manage network interfaces from the function's own code", () => {
    const statements = stackOf(required).statements("RolePolicy");
    const [allowed, denied] = (["Allow", "Deny"] as const).map((effect) =>
      statements
        .filter(({ Effect }) => Effect === effect)
        .flatMap(({ Action }) => Action)
        .filter((action) => action.startsWith("ec2:")),
    );
    assert.ok(allowed !== undefined && allowed.length > 0);
    assert.deepEqual(denied, allowed);
  });

  test("may not read or change functions", () => {
    for (const { Action } of stackOf(required).statements("RolePolicy"))
      for (const action of Action) assert.doesNotMatch(action, /^lambda:|\*/);
  });
});

describe("the task", () => {
  const withTasks = (more: Record<string, string> = {}) =>
    stackOf({ ...required, TaskRunner: "true", ...more });
  const family = "arn:aws:ecs:eu-west-1:111122223333:task-definition/hasura-migrate-dev-1";

  test("has a policy of its own, which no other policy includes", () => {
    for (const restrict of ["true", "false"]) {
      const stack = withTasks({ RestrictByOperation: restrict });
      const others = callerPolicies.filter((name) => stack.resources.includes(name));
      for (const name of others)
        for (const { Action } of stack.statements(name))
          for (const action of Action) assert.doesNotMatch(action, /^(?:ecs|iam):/, name);
      assert.equal(
        stack.properties("TaskPolicy")?.["ManagedPolicyName"],
        "hasura-migrate-dev-1-task",
      );
    }
  });

  test("may be started from its own definition alone", () => {
    const statements = withTasks().statements("TaskPolicy");
    assert.equal(allows(statements, "ecs:RunTask", `${family}:7`), true);
    assert.equal(allows(statements, "ecs:RunTask", `${family}0:7`), false);
    for (const action of ["ecs:StopTask", "ecs:RegisterTaskDefinition", "ecs:ExecuteCommand"])
      assert.equal(allows(statements, action, `${family}:7`), false, action);
    assert.match(
      JSON.stringify(withTasks({ TaskCluster: "tools" }).properties("TaskPolicy")),
      /"ecs:cluster":"arn:aws:ecs:eu-west-1:111122223333:cluster\/tools"/,
    );
  });

  test("may do what the function may, apart from interfaces and the function's log", () => {
    const key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    const stack = withTasks({ KmsKeyArn: key, WebhookParameter: "/hasura/webhook" });
    const own = ["WriteLog", "LambdaAttachesFunctionToVpc", "CodeDoesNotManageInterfaces"];
    assert.deepEqual(
      stack.statements("TaskRolePolicy"),
      stack.statements("RolePolicy").filter(({ Sid }) => !own.includes(Sid)),
    );
  });

  test("has the function's settings, and may apply where the function needs an alias", () => {
    const Container = z.object({
      Environment: z.array(z.object({ Name: z.string(), Value: z.string() })),
    });
    for (const [restrict, unqualified] of [
      ["true", "apply"],
      ["false", "admin"],
    ] as const) {
      const stack = withTasks({ RestrictByOperation: restrict, EventBusArn: "arn:aws:events:x" });
      const [container] = z
        .array(Container)
        .parse(stack.properties("TaskDefinition")?.["ContainerDefinitions"]);
      const { Environment } = z
        .object({ Environment: z.object({ Variables: z.record(z.string(), z.string()) }) })
        .parse(stack.properties("Function"));
      assert.deepEqual(
        Object.fromEntries(container?.Environment.map(({ Name, Value }) => [Name, Value]) ?? []),
        {
          ...Environment.Variables,
          HASURA_MIGRATE_UNQUALIFIED: unqualified,
          HASURA_MIGRATE_STOP_TIMEOUT: "120",
        },
      );
    }
  });

  test("is where the CLI looks for it", () => {
    const defaults = read("src/cli/config/resolve-target.ts");
    const stack = withTasks();
    const named = (name: unknown): string => String(name).replace("dev-1", "{env}");
    for (const name of [
      named(stack.properties("EcsCluster")?.["ClusterName"]),
      named(stack.properties("TaskDefinition")?.["Family"]),
      named(stack.properties("TaskLogGroup")?.["LogGroupName"]),
    ])
      assert.ok(defaults.includes(`= "${name}"`), name);
    assert.ok(!withTasks({ TaskCluster: "tools" }).resources.includes("EcsCluster"));
  });
});

describe("the log", () => {
  test("is encrypted with the team's own key only if one is given", () => {
    const key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    assert.ok(!("KmsKeyId" in (stackOf(required).properties("LogGroup") ?? {})));
    const { KmsKeyId } = stackOf({ ...required, LogKmsKeyArn: key }).properties("LogGroup") ?? {};
    assert.equal(KmsKeyId, key);
  });
});

describe("docker/deployment.example.json", () => {
  const file = fileURLToPath(new URL("../../docker/deployment.example.json", import.meta.url));
  const { defaults, environments } = readDeployment(file);

  test.each(Object.entries(environments))(
    "has parameters for %s that the template takes",
    (name, part) => {
      const parameters = { ...defaults.parameters, ...part.parameters };
      for (const [key, value] of Object.entries(parameters)) {
        const { AllowedPattern = "" } = template.Parameters[key] ?? assert.fail(key);
        assert.match(value, new RegExp(AllowedPattern), key);
      }
      const missing = Object.entries(template.Parameters)
        .filter(([key, { Default }]) => Default === undefined && !(key in parameters))
        .map(([key]) => key);
      // Those that docker/deploy sets itself.
      assert.deepEqual(missing, ["Environment", "ImageUri"]);
      assert.ok(stackOf({ Environment: name, ...parameters }).resources.includes("Function"));
    },
  );
});

test("docker/deploy finds the same parameters in the template as a YAML parser", () => {
  const found = templateParameters(read("docker/template.yaml"));
  assert.deepEqual(
    Object.fromEntries(found),
    Object.fromEntries(
      Object.entries(template.Parameters).map(([name, { Default }]) => [
        name,
        { required: Default === undefined },
      ]),
    ),
  );
});

test("every parameter has a description", () => {
  for (const [name, { Description = "" }] of Object.entries(template.Parameters))
    assert.match(Description, /\S.*\.$/, name);
});

test("the environment of the function holds no secret", () => {
  const { Environment } = stackOf(required).properties("Function") as {
    Environment: { Variables: Record<string, unknown> };
  };
  assert.deepEqual(Object.keys(Environment.Variables).toSorted(), [
    "HASURA_MIGRATE_ADMIN_SECRET_ARN",
    "HASURA_MIGRATE_ENDPOINT",
    "HASURA_MIGRATE_ENVIRONMENT",
    "HASURA_MIGRATE_KEEP_DOWN_SQL",
    "HASURA_MIGRATE_KEEP_METADATA",
    "HASURA_MIGRATE_METRICS",
    "HASURA_MIGRATE_NOTIFY_ON",
    "HASURA_MIGRATE_PROTECTED",
    "HASURA_MIGRATE_SECOND_TRY",
    "HASURA_MIGRATE_SOURCES",
    "HASURA_MIGRATE_SQL",
    "HASURA_MIGRATE_UNQUALIFIED",
  ]);
});
