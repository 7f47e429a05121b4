import { Stack, aws_iam as iam } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { AdminSecret, HasuraMigrateProps } from "./props.ts";

const interfaceActions = [
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

/** The function's role: its log, its network interfaces, the admin secret and the secret's key. */
export function createRole(
  scope: Construct,
  { environment, adminSecret, secretKey }: HasuraMigrateProps,
  logArn: string,
): iam.Role {
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
    readSecret(adminSecret, `arn:${partition}:ssm:${region}:${account}:parameter`),
    ...(secretKey === undefined
      ? []
      : [{ sid: "DecryptAdminSecret", actions: ["kms:Decrypt"], resources: [secretKey.keyArn] }]),
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

function readSecret(adminSecret: AdminSecret, parameterArn: string): iam.PolicyStatementProps {
  if ("parameterName" in adminSecret) {
    // IAM matches the parameter without the :VERSION or :LABEL that may follow its name.
    const [name = ""] = adminSecret.parameterName.split(":");
    return {
      sid: "ReadAdminSecret",
      actions: ["ssm:GetParameter"],
      resources: [`${parameterArn}${name}`],
    };
  }
  const { secretArn } = adminSecret.secret;
  return {
    sid: "ReadAdminSecret",
    actions: ["secretsmanager:GetSecretValue"],
    // The second ARN is for one without the six characters that Secrets Manager appends to a name.
    resources: [secretArn, `${secretArn}-??????`],
  };
}
