import {
  Token,
  type aws_ec2 as ec2,
  type aws_events as events,
  type aws_kms as kms,
  type aws_lambda as lambda,
  type aws_logs as logs,
  type aws_secretsmanager as secretsmanager,
  type aws_sns as sns,
} from "aws-cdk-lib";

/** Where a secret is stored. */
export type StoredSecret =
  | {
      /** In Secrets Manager: the value is the secret itself, or JSON. */
      readonly secret: secretsmanager.ISecret;
      /** Key of a JSON value; default: the keys that the function knows, such as `adminSecret`. */
      readonly field?: string;
    }
  | {
      /** Name of an SSM parameter, starting with a slash; `:VERSION` or `:LABEL` may follow. */
      readonly parameterName: string;
    };

/** Where Hasura's admin secret is. */
export type AdminSecret = StoredSecret;

export interface HasuraMigrateProps {
  /** Name of the environment as given to hasura-migrate: letters, digits and hyphens, 40 at most. */
  readonly environment: string;
  /** The image in an ECR repository of the stack's region, preferably by digest. */
  readonly imageUri: string;
  /** The architecture that the image was built for. @default lambda.Architecture.X86_64 */
  readonly architecture?: lambda.Architecture;
  /** Require the environment's name to be typed before anything changes. @default false */
  readonly protected?: boolean;
  /** Keep the text of down files in the ledger; set false if they contain secrets. @default true */
  readonly keepDownSql?: boolean;
  /** Keep replaced Hasura metadata in the ledger, with the secrets in it. @default true */
  readonly keepMetadata?: boolean;
  /**
   * Where migrations may come from. With `upload`, anyone who may call `apply` can run migrations that are not in an image; a protected
   * environment needs `upload-when-protected` as well. @default ["image"]
   */
  readonly sources?: readonly ("image" | "upload" | "upload-when-protected")[];
  /**
   * Whether hasura-migrate sql may read data; read-when-protected allows it even if `protected` is set. With `restrictByOperation`, only
   * through the aliases query and admin. @default "off"
   */
  readonly readOnlySql?: "off" | "read" | "read-when-protected";
  /**
   * Find the failing statement of a migration by running the file a second time and rolling it back; never done if `protected` is set.
   * @default true
   */
  readonly secondTry?: boolean;
  /** Hasura's address inside the VPC, without a path. */
  readonly hasuraEndpoint: string;
  /** Hasura's port, for the security groups. @default 8080 */
  readonly hasuraPort?: number;
  /** Hasura's security group, to which a rule is added that allows traffic from the function. @default - add that rule yourself */
  readonly hasuraSecurityGroup?: ec2.ISecurityGroup;
  readonly adminSecret: AdminSecret;
  /** The key that encrypts the secret, if it is your own. @default - AWS's own key */
  readonly secretKey?: kms.IKey;
  /** Where the address of a Slack-compatible webhook is stored that the function posts the end of each run to. @default - none */
  readonly webhook?: StoredSecret;
  /** Bus that receives an event at the end of each run. @default - none */
  readonly eventBus?: events.IEventBus;
  /** Which runs are announced; changes are runs that changed something, were cancelled, or failed. @default "changes" */
  readonly notifyOn?: "changes" | "failures" | "all";
  /** Write CloudWatch metrics of runs, in the namespace HasuraMigrate. @default true */
  readonly metrics?: boolean;
  /** Create an alarm that fires when a run fails; it needs metrics. @default false */
  readonly alarmOnFailedRuns?: boolean;
  /** Create a CloudWatch dashboard with runs, migrations, durations and errors; it needs metrics. @default false */
  readonly createDashboard?: boolean;
  /** Hasura's VPC. */
  readonly vpc: ec2.IVpc;
  /**
   * Private subnets that can reach Hasura and the secret's service. @default - the private subnets with a route to a NAT gateway
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /** Create an interface endpoint for the secret's service; AWS refuses a second one in the same VPC. @default false */
  readonly createSecretsEndpoint?: boolean;
  /** Create the aliases read, apply, query and admin with one policy each, and refuse calls without an alias. @default false */
  readonly restrictByOperation?: boolean;
  /** The names of the policies start with it. @default "hasura-migrate" */
  readonly policyNamePrefix?: string;
  /** In MB; CPU is allocated in proportion. @default 512 */
  readonly memorySize?: number;
  /** At least 2, because status and cancel are called during a run. @default - nothing is reserved */
  readonly reservedConcurrency?: number;
  /** How long the function's log is kept. @default logs.RetentionDays.THREE_MONTHS */
  readonly logRetention?: logs.RetentionDays;
  /** Your own key to encrypt the log with; its key policy must allow CloudWatch Logs. @default - AWS's own key */
  readonly logKey?: kms.IKey;
  /** Topic that the alarms notify. @default - they notify nobody */
  readonly alarmTopic?: sns.ITopic;
  /**
   * Create an ECS task definition, so that a migration may run longer than 15 minutes (`--runner ecs`). Anyone who may start its task
   * can read the admin secret. @default - none is created
   */
  readonly taskRunner?: TaskRunnerProps;
}

export interface TaskRunnerProps {
  /** Name of the cluster in which the task may be started. @default - a cluster hasura-migrate-ENVIRONMENT is created */
  readonly clusterName?: string;
  /** Memory of the task in MB, with a quarter of a vCPU. @default 512 */
  readonly memorySize?: 512 | 1024 | 2048;
}

/**
 * Policies for callers: `developer` alone, or one for each alias with `restrictByOperation`, of which `query` is needed beside one of the others; with `taskRunner` also `task`, which is
 * needed beside one of the others.
 */
export type PolicyName = "developer" | "read" | "apply" | "query" | "admin" | "task";

/** Throws for values that the parameters and rules of docker/template.yaml do not allow. @internal */
export function checkProps(props: HasuraMigrateProps): void {
  const { environment, policyNamePrefix = "hasura-migrate", hasuraEndpoint } = props;
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/.test(environment))
    throw new Error(`environment "${environment}": use letters, digits and hyphens, 40 at most`);
  if (!/^[A-Za-z0-9+=,.@_-]{1,80}$/.test(policyNamePrefix))
    throw new Error(`policyNamePrefix "${policyNamePrefix}" is not allowed in a policy's name`);
  if (!Token.isUnresolved(hasuraEndpoint) && !/^https?:\/\/.+/.test(hasuraEndpoint))
    throw new Error(`hasuraEndpoint "${hasuraEndpoint}" must be an http:// or https:// URL`);
  if (props.reservedConcurrency !== undefined && props.reservedConcurrency < 2)
    throw new Error(
      "reservedConcurrency must be 2 or more: status and cancel are called during a run",
    );
  for (const [name, stored] of [
    ["adminSecret", props.adminSecret],
    ["webhook", props.webhook],
  ] as const)
    if (stored !== undefined && "parameterName" in stored && !stored.parameterName.startsWith("/"))
      throw new Error(`${name}.parameterName must start with a slash`);
}
