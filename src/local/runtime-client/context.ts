import type { Work } from "./runtime-api.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** The `context` of a handler, with the fields that aws-lambda-ric gives. */
export function contextOf(work: Work, env: Env, now: () => number) {
  return {
    awsRequestId: work.requestId,
    invokedFunctionArn: work.functionArn,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: (): number => work.deadlineMs - now(),
    ...(work.clientContext && { clientContext: JSON.parse(work.clientContext) as unknown }),
  };
}
