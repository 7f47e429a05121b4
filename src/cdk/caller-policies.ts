import { aws_iam as iam, aws_lambda as lambda } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { HasuraMigrateProps, PolicyName } from "./props.ts";

interface Level {
  readonly id: string;
  /** Of the policy's name. */
  readonly suffix: string;
  readonly sid: string;
  readonly description: string;
  /** What may be invoked. */
  readonly resources: readonly string[];
  /** Whether it also allows reading the function's log. */
  readonly readsLog?: boolean;
}

/**
 * One policy for callers, or with `restrictByOperation` an alias and a policy for each level. lambda:GetFunctionConfiguration is
 * for the CLI, which waits with it for an inactive function. Nobody gets lambda:GetFunction, which also returns the code.
 */
export function createCallerPolicies(
  scope: Construct,
  { environment, restrictByOperation, policyNamePrefix = "hasura-migrate" }: HasuraMigrateProps,
  called: lambda.Function,
  logArn: string,
): Partial<Record<PolicyName, iam.ManagedPolicy>> {
  const create = ({
    id,
    suffix,
    sid,
    description,
    resources,
    readsLog = true,
  }: Level): iam.ManagedPolicy =>
    new iam.ManagedPolicy(scope, id, {
      managedPolicyName: `${policyNamePrefix}-${environment}${suffix}`,
      description,
      statements: [
        new iam.PolicyStatement({
          sid,
          actions: ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"],
          resources: [...resources],
        }),
        ...(readsLog
          ? [
              new iam.PolicyStatement({
                sid: "ReadLog",
                actions: ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
                resources: [logArn],
              }),
            ]
          : []),
      ],
    });
  if (!restrictByOperation)
    return {
      developer: create({
        id: "DeveloperPolicy",
        suffix: "",
        sid: "Run",
        description: `Run migrations in ${environment}, and see its runs`,
        resources: [called.functionArn],
      }),
    };
  return aliasPolicies(scope, called, environment, create);
}

/** An alias and a policy for each level. */
function aliasPolicies(
  scope: Construct,
  called: lambda.Function,
  environment: string,
  create: (level: Level) => iam.ManagedPolicy,
): Partial<Record<PolicyName, iam.ManagedPolicy>> {
  const read = createAlias(
    scope,
    called,
    "read",
    "status, plan, inventory, history, locks, doctor, ping",
  );
  const apply = createAlias(scope, called, "apply", "what read allows, plus apply and cancel");
  const query = createAlias(scope, called, "query", "sql");
  const admin = createAlias(scope, called, "admin", "everything");
  return {
    read: create({
      id: "ReadPolicy",
      suffix: "-read",
      sid: "Read",
      description: `See the migrations of ${environment}`,
      resources: [read],
    }),
    apply: create({
      id: "ApplyPolicy",
      suffix: "-apply",
      sid: "Apply",
      description: `Apply migrations in ${environment}`,
      resources: [read, apply],
    }),
    query: create({
      id: "QueryPolicy",
      suffix: "-query",
      sid: "Query",
      description: `Read the data of ${environment}`,
      resources: [query],
      readsLog: false,
    }),
    admin: create({
      id: "AdminPolicy",
      suffix: "-admin",
      sid: "Administer",
      description: `Do everything with the migrations of ${environment}`,
      resources: [read, apply, query, admin],
    }),
  };
}

/** An alias of the current image, so that a deployment updates all of them at once. Returns its ARN. */
function createAlias(
  scope: Construct,
  called: lambda.Function,
  name: "read" | "apply" | "query" | "admin",
  description: string,
): string {
  const id = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Alias`;
  const alias = new lambda.Alias(scope, id, {
    aliasName: name,
    version: called.latestVersion,
    description,
  });
  alias.configureAsyncInvoke({ retryAttempts: 0 });
  return alias.functionArn;
}
