import { randomBytes } from "node:crypto";

/** What a function's process is told about itself. */
export interface FunctionSettings {
  readonly functionDirectory: string;
  readonly handler: string;
  readonly memoryMb: number;
  /** The function's own settings; they win over everything here, as a function's configuration cannot but a test may. */
  readonly env: Readonly<Record<string, string>>;
  /** Of this process: only what a program needs to start at all is taken over. */
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
}

const inherited = ["PATH", "HOME", "TMPDIR", "SystemRoot"];

/**
 * Exactly what Lambda gives a function, and nothing of the developer's own environment: a handler that works here must not
 * do so because of a variable that its real environment lacks. The keys are dummies so that no SDK looks further.
 */
export function functionEnvironment(
  settings: FunctionSettings,
  functionName: string,
  region: string,
  runtimeApi: string,
): Record<string, string> {
  const kept = inherited.flatMap((key) =>
    settings.hostEnv[key] === undefined ? [] : [[key, settings.hostEnv[key]] as const],
  );
  return {
    ...Object.fromEntries(kept),
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
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
  };
}
