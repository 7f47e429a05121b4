import type { RuntimeInvocation } from "./runtime-api.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The `context` of a handler, with the fields that aws-lambda-ric sets. */
export function contextOf(invocation: RuntimeInvocation, env: Env, now: () => number) {
  return {
    awsRequestId: invocation.requestId,
    invokedFunctionArn: invocation.functionArn,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: (): number => invocation.deadlineMs - now(),
    ...(invocation.clientContext && {
      clientContext: JSON.parse(invocation.clientContext) as unknown,
    }),
  };
}
