import { randomBytes } from "node:crypto";

/** The configuration that determines a function's environment variables. */
export interface FunctionSettings {
  readonly functionDirectory: string;
  readonly handler: string;
  readonly memoryMb: number;
  /** The function's own variables. Unlike on Lambda, they may override the reserved ones, for tests. */
  readonly env: Readonly<Record<string, string>>;
  /** Of this process: only the variables that any program needs to start are copied. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
}

const inherited = ["PATH", "HOME", "TMPDIR", "SystemRoot"];

/** The variables of an ECS task on Fargate, and nothing of the developer's environment. */
export function taskEnvironment(
  settings: Pick<FunctionSettings, "env" | "hostEnv">,
  taskId: string,
  region: string,
): Record<string, string> {
  return {
    ...copiedFrom(settings.hostEnv),
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_ECS_FARGATE",
    ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:9/v4/${taskId}-0`,
    ...settings.env,
  };
}

function copiedFrom(hostEnv: FunctionSettings["hostEnv"]): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((key) => (hostEnv[key] === undefined ? [] : [[key, hostEnv[key]] as const])),
  );
}

/**
 * The variables that Lambda sets, and nothing of the developer's environment: a handler must not work here because of a
 * variable that its real environment lacks. The keys are dummies, so that no SDK looks for other credentials.
 */
export function functionEnvironment(
  settings: FunctionSettings,
  functionName: string,
  region: string,
  runtimeApi: { readonly address: string; readonly token: string },
): Record<string, string> {
  return {
    ...copiedFrom(settings.hostEnv),
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: "local",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x",
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${randomBytes(16).toString("hex")}`,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    LAMBDA_TASK_ROOT: settings.functionDirectory,
    _HANDLER: settings.handler,
    ...settings.env,
    AWS_LAMBDA_RUNTIME_API: runtimeApi.address,
    HASURA_MIGRATE_RUNTIME_TOKEN: runtimeApi.token,
  };
}
