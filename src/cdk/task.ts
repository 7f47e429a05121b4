import {
  RemovalPolicy,
  Stack,
  aws_ecs as ecs,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
} from "aws-cdk-lib";
import type { Construct } from "constructs";
import { settingsOf } from "./function.ts";
import { workStatements } from "./function-role.ts";
import type { HasuraMigrateProps, TaskRunnerProps } from "./props.ts";

/**
 * The same image as an ECS task, for runs longer than 15 minutes, and the policy that allows to start it. RunTask may replace the
 * command and the environment of the container, so whoever has that policy can do what the task's role can.
 */
export function createTask(
  scope: Construct,
  props: HasuraMigrateProps,
  runner: TaskRunnerProps,
): iam.ManagedPolicy {
  const name = `hasura-migrate-${props.environment}`;
  if (runner.clusterName === undefined)
    new ecs.CfnCluster(scope, "EcsCluster", { clusterName: name });
  const logGroup = new logs.LogGroup(scope, "TaskLogGroup", {
    logGroupName: `/ecs/${name}`,
    retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(props.logKey !== undefined && { encryptionKey: props.logKey }),
  });
  const roles = {
    execution: createExecutionRole(scope, name),
    task: createRole(scope, "TaskRole", `Permissions of the task of ${name}`, {
      "run-migrations": workStatements(scope, props),
    }),
  };
  createDefinition(scope, props, { runner, logGroup, roles });
  return createPolicy(scope, props, { cluster: runner.clusterName ?? name, roles });
}

interface Roles {
  /** Of ECS itself: it pulls the image and writes the log. */
  readonly execution: iam.Role;
  readonly task: iam.Role;
}

function createDefinition(
  scope: Construct,
  props: HasuraMigrateProps,
  parts: {
    readonly runner: TaskRunnerProps;
    readonly logGroup: logs.LogGroup;
    readonly roles: Roles;
  },
): void {
  const { runner, logGroup, roles } = parts;
  const settings = {
    ...settingsOf(props, props.restrictByOperation ? "apply" : "admin"),
    // Queries are short: they run in the function.
    HASURA_MIGRATE_SQL: "off",
    HASURA_MIGRATE_STOP_TIMEOUT: "120",
  };
  new ecs.CfnTaskDefinition(scope, "TaskDefinition", {
    family: `hasura-migrate-${props.environment}`,
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu: "256",
    memory: String(runner.memorySize ?? 512),
    runtimePlatform: {
      cpuArchitecture: props.architecture === lambda.Architecture.ARM_64 ? "ARM64" : "X86_64",
      operatingSystemFamily: "LINUX",
    },
    executionRoleArn: roles.execution.roleArn,
    taskRoleArn: roles.task.roleArn,
    containerDefinitions: [
      {
        name: "hasura-migrate",
        image: props.imageUri,
        essential: true,
        // The CLI appends the request.
        command: ["run-task"],
        // For the migration in progress when AWS stops the task; the most that Fargate allows.
        stopTimeout: 120,
        environment: Object.entries(settings).map(([name, value]) => ({ name, value })),
        logConfiguration: {
          logDriver: "awslogs",
          options: {
            "awslogs-group": logGroup.logGroupName,
            "awslogs-region": Stack.of(scope).region,
            "awslogs-stream-prefix": "task",
          },
        },
      },
    ],
  });
}

function createExecutionRole(scope: Construct, name: string): iam.Role {
  const { partition, region } = Stack.of(scope);
  return createRole(scope, "TaskExecutionRole", `Starts the task of ${name}`, {
    "start-task": [
      { sid: "LogInToRegistry", actions: ["ecr:GetAuthorizationToken"], resources: ["*"] },
      {
        sid: "PullImage",
        actions: [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ],
        resources: [`arn:${partition}:ecr:${region}:*:repository/*`],
      },
      {
        sid: "WriteLog",
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [logArnOf(scope, name)],
      },
    ],
  });
}

function createRole(
  scope: Construct,
  id: string,
  description: string,
  policies: Readonly<Record<string, readonly iam.PolicyStatementProps[]>>,
): iam.Role {
  return new iam.Role(scope, id, {
    description,
    assumedBy: new iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
    inlinePolicies: Object.fromEntries(
      Object.entries(policies).map(([name, statements]) => [
        name,
        new iam.PolicyDocument({
          statements: statements.map((statement) => new iam.PolicyStatement(statement)),
        }),
      ]),
    ),
  });
}

function createPolicy(
  scope: Construct,
  { environment, policyNamePrefix = "hasura-migrate" }: HasuraMigrateProps,
  { cluster, roles }: { readonly cluster: string; readonly roles: Roles },
): iam.ManagedPolicy {
  const { partition, region, account } = Stack.of(scope);
  const name = `hasura-migrate-${environment}`;
  const ecsArn = (resource: string): string =>
    `arn:${partition}:ecs:${region}:${account}:${resource}`;
  const statements: iam.PolicyStatementProps[] = [
    {
      sid: "StartTask",
      actions: ["ecs:RunTask"],
      resources: [ecsArn(`task-definition/${name}:*`)],
      conditions: { ArnEquals: { "ecs:cluster": ecsArn(`cluster/${cluster}`) } },
    },
    {
      sid: "WatchTask",
      actions: ["ecs:DescribeTasks"],
      resources: [ecsArn(`task/${cluster}/*`)],
    },
    {
      // For `doctor`. IAM cannot limit DescribeTaskDefinition to one task definition.
      sid: "CheckTask",
      actions: ["ecs:DescribeClusters", "ecs:DescribeTaskDefinition"],
      resources: ["*"],
    },
    {
      sid: "PassRolesToTask",
      actions: ["iam:PassRole"],
      resources: [roles.execution.roleArn, roles.task.roleArn],
      conditions: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
    },
    {
      sid: "ReadTaskLog",
      actions: ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
      resources: [logArnOf(scope, name)],
    },
  ];
  return new iam.ManagedPolicy(scope, "TaskPolicy", {
    managedPolicyName: `${policyNamePrefix}-${environment}-task`,
    description: `Run the migrations of ${environment} in an ECS task`,
    statements: statements.map((statement) => new iam.PolicyStatement(statement)),
  });
}

function logArnOf(scope: Construct, name: string): string {
  const { partition, region, account } = Stack.of(scope);
  return `arn:${partition}:logs:${region}:${account}:log-group:/ecs/${name}:*`;
}
