import assert from "node:assert/strict";
import { describe, test } from "vitest";
import * as z from "zod";
import { stackOf, template } from "./support/template.ts";
import { resolve, statementsOf, terraform, type Values } from "./support/terraform.ts";

/*
 * docker/terraform has the same variables, permissions and settings as docker/template.yaml. The module is read by an HCL parser;
 * test/docker/terraform.test.ts evaluates what follows from the variables alone with Terraform itself, where it is installed.
 */

const secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1-AbCdEf";
const key = "arn:aws:kms:eu-west-1:111122223333:key/1";
const webhook = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/webhook-GhIjKl";
const bus = "arn:aws:events:eu-west-1:111122223333:event-bus/deployments";
const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:hasura-migrate-dev-1";

const noVariables = {
  secretArn: "",
  parameter: "",
  kmsKey: "",
  webhookArn: "",
  webhookParameter: "",
  busArn: "",
};

/** What the module's expressions are worth in the account of the tests, with these variables. */
function valuesOf(given: Partial<typeof noVariables> = {}): Values {
  const variables = { ...noVariables, ...given };
  const { secretArn, parameter, kmsKey, webhookArn, webhookParameter, busArn } = variables;
  const names = {
    "var.environment": "dev-1",
    "var.kms_key_arn": kmsKey,
    "var.event_bus_arn": busArn,
    "local.webhook_arn": webhookArn,
    "local.webhook_parameter_name": webhookParameter,
    "local.function_name": "hasura-migrate-dev-1",
    "local.policy_name": "hasura-migrate-dev-1",
    "local.log_name": "/aws/lambda/hasura-migrate-dev-1",
    "local.partition": "aws",
    "local.place": "eu-west-1:111122223333",
    "local.secret_arn": secretArn,
    "local.parameter_name": parameter,
    "aws_lambda_function.this.arn": functionArn,
  };
  return {
    ...names,
    "local.log_arn": resolve(terraform.locals["log_arn"], names),
    "local.task_log_arn": `arn:aws:logs:eu-west-1:111122223333:log-group:/ecs/hasura-migrate-dev-1:*`,
    "local.ecs_arn": "arn:aws:ecs:eu-west-1:111122223333",
    "local.cluster": "hasura-migrate-dev-1",
    "data.aws_region.current.id": "eu-west-1",
    "concat(aws_iam_role.task_execution[*].arn, aws_iam_role.task[*].arn)": [
      "the AWS::IAM::Role.Arn",
      "the AWS::IAM::Role.Arn",
    ],
    "local.from_secrets_manager ? [1] : []": secretArn === "" ? [] : [1],
    "local.from_parameter_store ? [1] : []": parameter === "" ? [] : [1],
    'var.kms_key_arn == "" ? [] : [1]': kmsKey === "" ? [] : [1],
    'var.webhook_secret_arn == "" ? [] : [1]': webhookArn === "" ? [] : [1],
    'var.webhook_parameter == "" ? [] : [1]': webhookParameter === "" ? [] : [1],
    'var.event_bus_arn == "" ? [] : [1]': busArn === "" ? [] : [1],
  };
}

const conditionKeys = ["lambda:SourceFunctionArn", "ecs:cluster", "iam:PassedToService"];

/** Conditions with a list of values, as Terraform writes them. */
function inLists(statements: readonly unknown[]): unknown {
  return JSON.parse(JSON.stringify(statements), function (this: unknown, name, value: unknown) {
    return conditionKeys.includes(name) && typeof value === "string" ? [value] : value;
  }) as unknown;
}

/** The statements of a policy in the template, with lists where Terraform has lists. */
function statementsInTemplate(stack: ReturnType<typeof stackOf>, policy: string): unknown {
  const { Statement } = z
    .object({ Statement: z.array(z.record(z.string(), z.unknown())) })
    .parse(stack.properties(policy)?.["PolicyDocument"]);
  return inLists(
    Statement.map(({ Action, Resource, ...statement }) => ({
      ...statement,
      Action: [Action].flat(),
      Resource: [Resource].flat(),
    })),
  );
}

describe("the variables", () => {
  const snakeCase = (name: string): string =>
    name.replace(/[A-Z]/g, (letter, at: number) => `${at > 0 ? "_" : ""}${letter.toLowerCase()}`);

  test("are the template's parameters, with the same defaults", () => {
    const parameters = Object.entries(template.Parameters).map(([name, { Default }]) => [
      snakeCase(name),
      // What is on or off in the template is a boolean in Terraform.
      Default === undefined ? undefined : String(Default).replace(/^on$/, "true"),
    ]);
    const variables = Object.entries(terraform.variables).map(([name, [variable]]) => [
      name,
      variable?.default?.toString(),
    ]);
    assert.deepEqual(Object.fromEntries(variables), Object.fromEntries(parameters));
  });
});

describe("the function's role", () => {
  test.each([
    ["a secret", { AdminSecretArn: secret }, { secretArn: secret }],
    [
      "a secret and its key",
      { AdminSecretArn: secret, KmsKeyArn: key },
      { secretArn: secret, kmsKey: key },
    ],
    ["a parameter", { AdminSecretParameter: "/hasura/dev-1" }, { parameter: "/hasura/dev-1" }],
    [
      "a webhook and an event bus",
      { AdminSecretArn: secret, WebhookSecretArn: webhook, EventBusArn: bus },
      { secretArn: secret, webhookArn: webhook, busArn: bus },
    ],
    [
      "a webhook in the parameter store",
      { AdminSecretArn: secret, WebhookParameter: "/hasura/webhook" },
      { secretArn: secret, webhookParameter: "/hasura/webhook" },
    ],
  ])("has the statements of the template with %s", (_, parameters, variables) => {
    const stack = stackOf({ Environment: "dev-1", ...parameters });
    assert.deepEqual(
      statementsOf("aws_iam_policy_document.role", valuesOf(variables)),
      statementsInTemplate(stack, "RolePolicy"),
    );
  });

  test("is for Lambda", () => {
    const assume = resolve(terraform.block("aws_iam_policy_document.assume"), {});
    assert.deepEqual(assume, {
      statement: [
        {
          actions: ["sts:AssumeRole"],
          principals: [{ type: "Service", identifiers: ["lambda.amazonaws.com"] }],
        },
      ],
    });
  });
});

const Alias = z.object({
  description: z.string(),
  allows: z.array(z.string()),
  reads_log: z.boolean(),
  policy_sid: z.string(),
  policy: z.string(),
});
const aliases = z.record(z.string(), Alias).parse(terraform.locals["every_alias"]);

describe("callers", () => {
  const open = stackOf({ Environment: "dev-1" });
  const restricted = stackOf({ Environment: "dev-1", RestrictByOperation: "true" });

  test("have one policy without aliases", () => {
    assert.deepEqual(
      statementsOf("aws_iam_policy_document.developer", valuesOf()),
      open.statements("DeveloperPolicy"),
    );
    const { name, description } = terraform.block("aws_iam_policy.developer");
    assert.deepEqual(
      [resolve(name, valuesOf()), resolve(description, valuesOf())],
      ["ManagedPolicyName", "Description"].map((key) => open.properties("DeveloperPolicy")?.[key]),
    );
  });

  test("have the template's aliases", () => {
    const inTemplate = restricted.resources
      .filter((name) => restricted.typeOf(name) === "AWS::Lambda::Alias")
      .map((name) => restricted.properties(name));
    assert.deepEqual(
      Object.entries(aliases)
        .map(([name, { description }]) => [name, description, "$LATEST"])
        .toSorted(),
      inTemplate
        .map((alias) => [alias?.["Name"], alias?.["Description"], alias?.["FunctionVersion"]])
        .toSorted(),
    );
    const block = terraform.block("aws_lambda_alias.this");
    assert.equal(block["for_each"], "${local.aliases}");
    assert.equal(block["function_version"], "$LATEST");
  });

  test.each(Object.entries(aliases))("have the template's policy for %s", (name, alias) => {
    const values = {
      ...valuesOf(),
      "each.key": name,
      "each.value.policy": alias.policy,
      "each.value.policy_sid": alias.policy_sid,
      "each.value.reads_log ? [1] : []": alias.reads_log ? [1] : [],
      "[for name in each.value.allows : aws_lambda_alias.this[name].arn]": alias.allows.map(
        (each) => `${functionArn}:${each}`,
      ),
    };
    const resource = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Policy`;
    assert.deepEqual(
      statementsOf("aws_iam_policy_document.alias", values),
      restricted.statements(resource),
    );
    const policy = terraform.block("aws_iam_policy.alias");
    assert.deepEqual(
      [resolve(policy["name"], values), resolve(policy["description"], values)],
      ["ManagedPolicyName", "Description"].map((key) => restricted.properties(resource)?.[key]),
    );
  });

  test("never make Lambda retry", () => {
    const block = terraform.block("aws_lambda_function_event_invoke_config.this");
    assert.equal(block["maximum_retry_attempts"], 0);
    assert.equal(block["for_each"], '${toset(concat(["$LATEST"], keys(local.aliases)))}');
  });
});

describe("the function", () => {
  test("has the template's fixed settings", () => {
    const stack = stackOf({ Environment: "dev-1" });
    const block = terraform.block("aws_lambda_function.this");
    assert.equal(block["timeout"], stack.properties("Function")?.["Timeout"]);
    assert.equal(block["package_type"], stack.properties("Function")?.["PackageType"]);
    assert.equal(
      resolve(block["function_name"], valuesOf()),
      stack.properties("Function")?.["FunctionName"],
    );
    assert.equal(
      resolve(block["description"], valuesOf()),
      stack.properties("Function")?.["Description"],
    );
    const log = terraform.block("aws_cloudwatch_log_group.this");
    assert.equal(resolve(log["name"], valuesOf()), stack.properties("LogGroup")?.["LogGroupName"]);
    assert.equal(log["skip_destroy"], true);
  });

  test("has the template's environment variables, without those that are empty", () => {
    const all = z.record(z.string(), z.string()).parse(terraform.locals["variables"]);
    const inTemplate = [
      { AdminSecretArn: secret, WebhookSecretArn: webhook, EventBusArn: bus },
      { AdminSecretParameter: "/hasura/dev-1", WebhookParameter: "/hasura/webhook" },
    ]
      .map((given) => stackOf({ Environment: "dev-1", ...given }).properties("Function"))
      .flatMap((found) => {
        const { Environment } = z
          .object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) })
          .parse(found);
        return Object.keys(Environment.Variables);
      });
    assert.deepEqual(Object.keys(all).toSorted(), [...new Set(inTemplate)].toSorted());
    assert.deepEqual(terraform.block("aws_lambda_function.this")["environment"], [
      { variables: '${{ for name, value in local.variables : name => value if value != "" }}' },
    ]);
  });

  test.each([
    ["Alarm", "this"],
    ["FailedRunsAlarm", "failed_runs"],
  ])("has the template's %s", (resource, block) => {
    const alarm = terraform.block(`aws_cloudwatch_metric_alarm.${block}`);
    const stack = stackOf({ Environment: "dev-1", AlarmOnFailedRuns: "true" });
    const inTemplate = stack.properties(resource) ?? {};
    const names: Readonly<Record<string, string>> = {
      AlarmName: "alarm_name",
      AlarmDescription: "alarm_description",
      MetricName: "metric_name",
      ComparisonOperator: "comparison_operator",
      EvaluationPeriods: "evaluation_periods",
      TreatMissingData: "treat_missing_data",
    };
    for (const [key, value] of Object.entries(inTemplate)) {
      if (key === "Dimensions") continue;
      assert.deepEqual(resolve(alarm[names[key] ?? key.toLowerCase()], valuesOf()), value, key);
    }
  });

  test("has the graphs of the template's dashboard", () => {
    const Graph = z.object({
      title: z.string(),
      stat: z.string(),
      metrics: z.array(z.array(z.string())),
    });
    const stack = stackOf({ Environment: "dev-1", CreateDashboard: "true" });
    const body = z.string().parse(stack.properties("Dashboard")?.["DashboardBody"]);
    const { widgets } = z
      .object({ widgets: z.array(z.object({ properties: Graph })) })
      .parse(JSON.parse(body));
    assert.deepEqual(
      z.array(Graph).parse(resolve(terraform.locals["graphs"], valuesOf())),
      widgets.map(({ properties }) => properties),
    );
  });
});

describe("the task", () => {
  const stack = stackOf({
    Environment: "dev-1",
    TaskRunner: "true",
    AdminSecretArn: secret,
    KmsKeyArn: key,
    WebhookSecretArn: webhook,
    EventBusArn: bus,
  });
  const values = valuesOf({ secretArn: secret, kmsKey: key, webhookArn: webhook, busArn: bus });

  test.each([
    ["task", "TaskRolePolicy"],
    ["task_execution", "TaskExecutionRolePolicy"],
    ["start_task", "TaskPolicy"],
  ])("has the template's permissions in %s", (document, policy) => {
    assert.deepEqual(
      statementsOf(`aws_iam_policy_document.${document}`, values),
      statementsInTemplate(stack, policy),
    );
  });

  test("has the template's fixed settings and variables", () => {
    const block = terraform.block("aws_ecs_task_definition.this");
    const definition = stack.properties("TaskDefinition") ?? {};
    assert.equal(resolve(block["family"], values), definition["Family"]);
    assert.equal(block["cpu"], definition["Cpu"]);
    assert.equal(block["network_mode"], definition["NetworkMode"]);
    assert.deepEqual(block["requires_compatibilities"], definition["RequiresCompatibilities"]);
    const containers = z
      .array(z.object({ Environment: z.array(z.object({ Name: z.string() })) }))
      .parse(definition["ContainerDefinitions"]);
    const added = String(terraform.locals["task_variables"]);
    for (const { Name } of containers[0]?.Environment ?? [])
      assert.ok(
        Name in z.record(z.string(), z.unknown()).parse(terraform.locals["variables"]) ||
          added.includes(Name),
        Name,
      );
    const text = String(block["container_definitions"]);
    for (const part of [
      'command = ["run-task"]',
      "stopTimeout = 120",
      'name      = "hasura-migrate"',
    ])
      assert.ok(text.includes(part), part);
  });

  test("exists only where it is asked for", () => {
    for (const address of [
      "aws_ecs_task_definition.this",
      "aws_cloudwatch_log_group.task",
      "aws_iam_role.task",
      "aws_iam_role.task_execution",
      "aws_iam_policy.task",
    ])
      assert.equal(terraform.block(address)["count"], "${var.task_runner ? 1 : 0}", address);
    assert.deepEqual(
      stackOf({ Environment: "dev-1" }).resources.filter((name) => /Task|Ecs/.test(name)),
      [],
    );
  });
});
