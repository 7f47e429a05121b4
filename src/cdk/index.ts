import {
  Stack,
  Tags,
  type aws_cloudwatch as cloudwatch,
  type aws_ec2 as ec2,
  type aws_iam as iam,
  type aws_lambda as lambda,
  type aws_logs as logs,
} from "aws-cdk-lib";
import { Construct } from "constructs";
import { createAlarm, createFailedRunsAlarm } from "./alarm.ts";
import { createCallerPolicies } from "./caller-policies.ts";
import { createDashboard } from "./dashboard.ts";
import { createFunction, createLogGroup } from "./function.ts";
import { createRole } from "./function-role.ts";
import { createSecretsEndpoint, createSecurityGroup } from "./network.ts";
import { createTask } from "./task.ts";
import { checkProps, type HasuraMigrateProps, type PolicyName } from "./props.ts";

export type {
  AdminSecret,
  HasuraMigrateProps,
  PolicyName,
  StoredSecret,
  TaskRunnerProps,
} from "./props.ts";

/**
 * The function that runs one environment's Hasura migrations inside its VPC, its permissions, and the policies for those
 * who call it: the same resources as docker/template.yaml.
 */
export class HasuraMigrate extends Construct {
  /** Called `hasura-migrate-ENVIRONMENT`. */
  readonly function: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;
  /** The function's own; where `hasuraSecurityGroup` is not given, Hasura's must allow traffic from it. */
  readonly securityGroup: ec2.SecurityGroup;
  /** Fires when the function crashes or times out. */
  readonly alarm: cloudwatch.Alarm;
  /** Fires when a run fails; only with `alarmOnFailedRuns`. */
  readonly failedRunsAlarm?: cloudwatch.Alarm;
  /** Attach them to the roles of people and pipelines. */
  readonly policies: Readonly<Partial<Record<PolicyName, iam.ManagedPolicy>>>;

  constructor(scope: Construct, id: string, props: HasuraMigrateProps) {
    super(scope, id);
    checkProps(props);
    const { environment } = props;
    const stack = Stack.of(this);
    const logArn = `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/aws/lambda/hasura-migrate-${environment}:*`;
    this.logGroup = createLogGroup(this, props);
    this.role = createRole(this, props, logArn);
    this.securityGroup = createSecurityGroup(this, props);
    const { role, logGroup, securityGroup } = this;
    this.function = createFunction(this, props, { role, logGroup, securityGroup });
    this.alarm = createAlarm(this, props, this.function);
    if (props.alarmOnFailedRuns) this.failedRunsAlarm = createFailedRunsAlarm(this, props);
    if (props.createDashboard) createDashboard(this, environment);
    this.policies = {
      ...createCallerPolicies(this, props, this.function, logArn),
      ...(props.taskRunner && { task: createTask(this, props, props.taskRunner) }),
    };
    if (props.createSecretsEndpoint) createSecretsEndpoint(this, props, this.securityGroup);
    Tags.of(this).add("hasura-migrate:environment", environment);
  }
}
