import assert from "node:assert/strict";
import {
  App,
  Stack,
  aws_ec2 as ec2,
  aws_events as events,
  aws_kms as kms,
  aws_lambda as lambda,
  aws_logs as logs,
  aws_secretsmanager as secretsmanager,
  aws_sns as sns,
} from "aws-cdk-lib";
import { Match, Template as Synthesised } from "aws-cdk-lib/assertions";
import { describe, test, type TestContext } from "vitest";
import { HasuraMigrate, type HasuraMigrateProps } from "../../src/cdk/index.ts";
import { freshDirectory } from "../support/postgres.ts";
import { stackOf, Template, template } from "../tooling/support/template.ts";
import { resourcesOf } from "./support/resources.ts";

const image = `111122223333.dkr.ecr.eu-west-1.amazonaws.com/hasura-migrate@sha256:${"ab".repeat(32)}`;
const secretArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/dev-1-AbCdEf";
const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f";
const webhookArn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura/webhook-GhIjKl";
const busArn = "arn:aws:events:eu-west-1:111122223333:event-bus/deployments";
const topicArn = "arn:aws:sns:eu-west-1:111122223333:alarms";

/** The construct in a stack of its own, with what has to be given. */
async function synthesise(
  t: TestContext,
  props: (stack: Stack) => Partial<HasuraMigrateProps> = () => ({}),
) {
  const app = new App({
    outdir: await freshDirectory(t),
    // What CloudFormation would not take is an error.
    context: { "@aws-cdk/core:validateAgainstDefaultRules": true },
  });
  const stack = new Stack(app, "Stack");
  const vpc = ec2.Vpc.fromVpcAttributes(stack, "Vpc", {
    vpcId: "vpc-0123456789abcdef0",
    availabilityZones: ["eu-west-1a", "eu-west-1b"],
    privateSubnetIds: ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
  });
  const secret = secretsmanager.Secret.fromSecretCompleteArn(stack, "Secret", secretArn);
  const construct = new HasuraMigrate(stack, "DevOne", {
    environment: "dev-1",
    imageUri: image,
    hasuraEndpoint: "http://hasura.internal:8080",
    adminSecret: { secret },
    vpc,
    ...props(stack),
  });
  return { construct, template: Synthesised.fromStack(stack) };
}

/** What has to be given to docker/template.yaml for the same stack. */
const required = {
  Environment: "dev-1",
  ImageUri: image,
  HasuraEndpoint: "http://hasura.internal:8080",
  AdminSecretArn: secretArn,
  VpcId: "vpc-0123456789abcdef0",
  SubnetIds: "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
};

describe("the construct creates the same resources as docker/template.yaml", () => {
  const cases: readonly {
    readonly what: string;
    readonly props: (stack: Stack) => Partial<HasuraMigrateProps>;
    readonly parameters: Readonly<Record<string, string>>;
  }[] = [
    { what: "what has to be given", props: () => ({}), parameters: {} },
    {
      what: "aliases",
      props: () => ({ restrictByOperation: true, policyNamePrefix: "acme" }),
      parameters: { RestrictByOperation: "true", PolicyNamePrefix: "acme" },
    },
    {
      what: "a JSON key of the secret, a key of the team's own and an endpoint",
      props: (stack) => ({
        adminSecret: {
          secret: secretsmanager.Secret.fromSecretCompleteArn(stack, "Json", secretArn),
          field: "admin",
        },
        secretKey: kms.Key.fromKeyArn(stack, "SecretKey", keyArn),
        createSecretsEndpoint: true,
      }),
      parameters: {
        AdminSecretArn: `${secretArn}:admin::`,
        KmsKeyArn: keyArn,
        CreateSecretsEndpoint: "true",
      },
    },
    {
      what: "an SSM parameter with a label, and an endpoint",
      props: () => ({
        adminSecret: { parameterName: "/hasura/dev-1:live" },
        createSecretsEndpoint: true,
      }),
      parameters: {
        AdminSecretArn: "",
        AdminSecretParameter: "/hasura/dev-1:live",
        CreateSecretsEndpoint: "true",
      },
    },
    {
      what: "everything else",
      props: (stack) => ({
        architecture: lambda.Architecture.ARM_64,
        protected: true,
        keepDownSql: false,
        keepMetadata: false,
        sources: ["image", "upload"],
        readOnlySql: "read-when-protected",
        secondTry: false,
        hasuraPort: 443,
        hasuraSecurityGroup: ec2.SecurityGroup.fromSecurityGroupId(
          stack,
          "Hasura",
          "sg-0123456789abcdef0",
        ),
        memorySize: 256,
        reservedConcurrency: 2,
        logRetention: logs.RetentionDays.ONE_MONTH,
        logKey: kms.Key.fromKeyArn(stack, "LogKey", keyArn),
        alarmTopic: sns.Topic.fromTopicArn(stack, "Topic", topicArn),
        notifyOn: "failures",
        metrics: false,
      }),
      parameters: {
        Architecture: "arm64",
        Protected: "true",
        KeepDownSql: "off",
        KeepMetadata: "off",
        Sources: "image,upload",
        ReadOnlySql: "read-when-protected",
        SecondTry: "off",
        HasuraPort: "443",
        HasuraSecurityGroupId: "sg-0123456789abcdef0",
        MemorySize: "256",
        ReservedConcurrency: "2",
        LogRetentionDays: "30",
        LogKmsKeyArn: keyArn,
        AlarmTopicArn: topicArn,
        NotifyOn: "failures",
        Metrics: "off",
      },
    },
    {
      what: "a webhook in Secrets Manager, an event bus, an alarm on failed runs and a dashboard",
      props: (stack) => ({
        webhook: {
          secret: secretsmanager.Secret.fromSecretCompleteArn(stack, "Webhook", webhookArn),
          field: "address",
        },
        eventBus: events.EventBus.fromEventBusArn(stack, "Bus", busArn),
        notifyOn: "all",
        alarmOnFailedRuns: true,
        alarmTopic: sns.Topic.fromTopicArn(stack, "Topic", topicArn),
        createDashboard: true,
      }),
      parameters: {
        WebhookSecretArn: `${webhookArn}:address::`,
        EventBusArn: busArn,
        NotifyOn: "all",
        AlarmOnFailedRuns: "true",
        AlarmTopicArn: topicArn,
        CreateDashboard: "true",
      },
    },
    {
      what: "tasks",
      props: () => ({ taskRunner: {} }),
      parameters: { TaskRunner: "true" },
    },
    {
      what: "tasks in a cluster of the team's own, with aliases and everything that a task may need",
      props: (stack) => ({
        architecture: lambda.Architecture.ARM_64,
        restrictByOperation: true,
        taskRunner: { clusterName: "tools", memorySize: 1024 },
        logKey: kms.Key.fromKeyArn(stack, "LogKey", keyArn),
        secretKey: kms.Key.fromKeyArn(stack, "SecretKey", keyArn),
        webhook: {
          secret: secretsmanager.Secret.fromSecretCompleteArn(stack, "Webhook", webhookArn),
        },
        eventBus: events.EventBus.fromEventBusArn(stack, "Bus", busArn),
      }),
      parameters: {
        Architecture: "arm64",
        RestrictByOperation: "true",
        TaskRunner: "true",
        TaskCluster: "tools",
        TaskMemorySize: "1024",
        LogKmsKeyArn: keyArn,
        KmsKeyArn: keyArn,
        WebhookSecretArn: webhookArn,
        EventBusArn: busArn,
      },
    },
    {
      what: "a webhook in the parameter store",
      props: () => ({ webhook: { parameterName: "/hasura/webhook:1" } }),
      parameters: { WebhookParameter: "/hasura/webhook:1" },
    },
  ];

  test.for(cases)("with $what", async ({ props, parameters }, t) => {
    const expected = resourcesOf(stackOf({ ...required, ...parameters }));
    const { template: created } = await synthesise(t, props);
    assert.deepEqual(resourcesOf(stackOf({}, Template.parse(created.toJSON()))), expected);
  });

  test("and every parameter of the template is one of the cases", () => {
    const given = new Set(cases.flatMap(({ parameters }) => Object.keys(parameters)));
    const all = Object.keys(template.Parameters);
    assert.deepEqual(
      all.filter((name) => !given.has(name) && !(name in required)),
      [],
    );
  });
});

describe("the construct", () => {
  test("keeps the log when the stack is deleted, and tags its resources with the environment", async (t) => {
    const { template: created } = await synthesise(t);
    created.hasResource("AWS::Logs::LogGroup", { DeletionPolicy: "Retain" });
    const tags = Match.arrayWith([{ Key: "hasura-migrate:environment", Value: "dev-1" }]);
    for (const type of ["AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"])
      created.hasResourceProperties(type, { Tags: tags });
  });

  test("gives the policies of callers by name, to attach them to roles", async (t) => {
    for (const [restrictByOperation, names] of [
      [false, ["developer"]],
      [true, ["read", "apply", "query", "admin"]],
    ] as const) {
      const { construct, template: created } = await synthesise(t, () => ({ restrictByOperation }));
      assert.deepEqual(Object.keys(construct.policies), names);
      created.resourceCountIs("AWS::Lambda::Alias", restrictByOperation ? 4 : 0);
    }
  });

  test("may read a secret that is known only by its name", async (t) => {
    const { template: created } = await synthesise(t, (stack) => ({
      adminSecret: {
        secret: secretsmanager.Secret.fromSecretNameV2(stack, "ByName", "hasura/dev-1"),
      },
    }));
    const role = stackOf({}, Template.parse(created.toJSON()));
    const [read] = resourcesOf(role).filter(({ Type }) => Type === "AWS::IAM::RolePolicy");
    assert.match(JSON.stringify(read), /:secret:hasura\/dev-1-\?{6}"/);
  });

  test.for([
    ["an environment that the function's name cannot have", { environment: "dev_1" }, /"dev_1"/],
    ["a prefix that is not allowed in IAM", { policyNamePrefix: "a b" }, /policyNamePrefix/],
    ["an address without http", { hasuraEndpoint: "hasura:8080" }, /hasuraEndpoint/],
    ["a reserved concurrency of 1", { reservedConcurrency: 1 }, /2 or more/],
    ["a parameter without its slash", { adminSecret: { parameterName: "x" } }, /slash/],
  ] as const)("refuses %s", async ([, props, message], t) => {
    await assert.rejects(
      synthesise(t, () => props),
      message,
    );
  });
});
