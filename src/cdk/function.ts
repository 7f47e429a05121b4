import type { aws_ec2 as ec2, aws_iam as iam } from "aws-cdk-lib";
import { Duration, RemovalPolicy, aws_lambda as lambda, aws_logs as logs } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { HasuraMigrateProps, StoredSecret } from "./props.ts";

/** An image by its address. */
class ImageByUri extends lambda.Code {
  readonly isInline = false;
  readonly #uri: string;

  constructor(uri: string) {
    super();
    this.#uri = uri;
  }

  override bind(): lambda.CodeConfig {
    return { image: { imageUri: this.#uri } };
  }
}

export function createLogGroup(scope: Construct, props: HasuraMigrateProps): logs.LogGroup {
  return new logs.LogGroup(scope, "LogGroup", {
    logGroupName: `/aws/lambda/hasura-migrate-${props.environment}`,
    retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(props.logKey !== undefined && { encryptionKey: props.logKey }),
  });
}

export function createFunction(
  scope: Construct,
  props: HasuraMigrateProps,
  parts: {
    readonly role: iam.IRole;
    readonly logGroup: logs.ILogGroup;
    readonly securityGroup: ec2.ISecurityGroup;
  },
): lambda.Function {
  const { environment } = props;
  const created = new lambda.Function(scope, "Function", {
    functionName: `hasura-migrate-${environment}`,
    description: `Runs the Hasura migrations of ${environment}`,
    code: new ImageByUri(props.imageUri),
    runtime: lambda.Runtime.FROM_IMAGE,
    handler: lambda.Handler.FROM_IMAGE,
    architecture: props.architecture ?? lambda.Architecture.X86_64,
    role: parts.role,
    timeout: Duration.seconds(900),
    memorySize: props.memorySize ?? 512,
    vpc: props.vpc,
    securityGroups: [parts.securityGroup],
    logGroup: parts.logGroup,
    environment: settingsOf(props, props.restrictByOperation ? "refuse" : "admin"),
    ...(props.vpcSubnets !== undefined && { vpcSubnets: props.vpcSubnets }),
    ...(props.reservedConcurrency !== undefined && {
      reservedConcurrentExecutions: props.reservedConcurrency,
    }),
  });
  // Lambda must never run a migration again because nobody read the response.
  created.configureAsyncInvoke({ retryAttempts: 0 });
  return created;
}

/** The environment variables; `unqualified`: what callers without an alias may do. @internal */
export function settingsOf(
  props: HasuraMigrateProps,
  unqualified: "refuse" | "apply" | "admin",
): Record<string, string> {
  return {
    HASURA_MIGRATE_ENVIRONMENT: props.environment,
    HASURA_MIGRATE_ENDPOINT: props.hasuraEndpoint,
    ...secretVariable("HASURA_MIGRATE_ADMIN_SECRET", props.adminSecret),
    HASURA_MIGRATE_PROTECTED: String(props.protected ?? false),
    HASURA_MIGRATE_KEEP_DOWN_SQL: onByDefault(props.keepDownSql),
    HASURA_MIGRATE_KEEP_METADATA: onByDefault(props.keepMetadata),
    HASURA_MIGRATE_SOURCES: (props.sources ?? ["image"]).join(","),
    HASURA_MIGRATE_SQL: props.readOnlySql ?? "off",
    HASURA_MIGRATE_SECOND_TRY: onByDefault(props.secondTry),
    HASURA_MIGRATE_UNQUALIFIED: unqualified,
    ...(props.webhook && secretVariable("HASURA_MIGRATE_NOTIFY_URL", props.webhook)),
    ...(props.eventBus && { HASURA_MIGRATE_EVENT_BUS: props.eventBus.eventBusArn }),
    HASURA_MIGRATE_NOTIFY_ON: props.notifyOn ?? "changes",
    HASURA_MIGRATE_METRICS: onByDefault(props.metrics),
  };
}

/** A setting that is on by default. */
function onByDefault(isOn = true): "on" | "off" {
  return isOn ? "on" : "off";
}

function secretVariable(variable: string, stored: StoredSecret): Record<string, string> {
  if ("parameterName" in stored) return { [`${variable}_PARAMETER`]: stored.parameterName };
  const { secret, field } = stored;
  const arn = field === undefined ? secret.secretArn : `${secret.secretArn}:${field}::`;
  return { [`${variable}_ARN`]: arn };
}
