import { Stack, aws_iam as iam } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { HasuraMigrateProps, StoredSecret } from "./props.ts";

const interfaceActions = [
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** The function's role: its log, its network interfaces, the secrets and their key, and the event bus. */
export function createRole(scope: Construct, props: HasuraMigrateProps, logArn: string): iam.Role {
  const { environment } = props;
  const { partition, region, account } = Stack.of(scope);
  const functionArn = `arn:${partition}:lambda:${region}:${account}:function:hasura-migrate-${environment}`;
  const statements = [
    {
      sid: "WriteLog",
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [logArn],
    },
    { sid: "LambdaAttachesFunctionToVpc", actions: interfaceActions, resources: ["*"] },
    // Only Lambda itself needs the actions above; the function's own code does not.
    {
      sid: "CodeDoesNotManageInterfaces",
      effect: iam.Effect.DENY,
      actions: interfaceActions,
      resources: ["*"],
      conditions: { ArnEquals: { "lambda:SourceFunctionArn": functionArn } },
    },
    ...workStatements(scope, props),
  ];
  return new iam.Role(scope, "Role", {
    description: `Permissions of hasura-migrate-${environment}`,
    assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    inlinePolicies: {
      "run-migrations": new iam.PolicyDocument({
        statements: statements.map((statement) => new iam.PolicyStatement(statement)),
      }),
    },
  });
}

/** What running migrations needs, whatever runs them: the secrets and their key, and the event bus. @internal */
export function workStatements(
  scope: Construct,
  { adminSecret, secretKey, webhook, eventBus }: HasuraMigrateProps,
): iam.PolicyStatementProps[] {
  const { partition, region, account } = Stack.of(scope);
  const parameterArn = `arn:${partition}:ssm:${region}:${account}:parameter`;
  return [
    readSecret("ReadAdminSecret", adminSecret, parameterArn),
    ...(webhook === undefined ? [] : [readSecret("ReadWebhookAddress", webhook, parameterArn)]),
    ...(eventBus === undefined
      ? []
      : [{ sid: "PutEvents", actions: ["events:PutEvents"], resources: [eventBus.eventBusArn] }]),
    ...(secretKey === undefined
      ? []
      : [{ sid: "DecryptAdminSecret", actions: ["kms:Decrypt"], resources: [secretKey.keyArn] }]),
  ];
}

function readSecret(
  sid: string,
  stored: StoredSecret,
  parameterArn: string,
): iam.PolicyStatementProps {
  if ("parameterName" in stored) {
    // IAM matches the parameter without the :VERSION or :LABEL that may follow its name.
    const [name = ""] = stored.parameterName.split(":");
    return {
      sid,
      actions: ["ssm:GetParameter"],
      resources: [`${parameterArn}${name}`],
    };
  }
  const { secretArn } = stored.secret;
  return {
    sid,
    actions: ["secretsmanager:GetSecretValue"],
    // The second ARN is for one without the six characters that Secrets Manager appends to a name.
    resources: [secretArn, `${secretArn}-??????`],
  };
}
