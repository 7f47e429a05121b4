/**
 * The part of the context object of Lambda's Node runtimes that is used here
 * (docs/internals/aws-lambda.md, "Loading the handler").
 */
export interface LambdaContext {
  /** In a task: its id. */
  readonly awsRequestId: string;
  /** Empty in a task. */
  readonly invokedFunctionArn: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly logGroupName?: string;
  /** Only in a task, and where it is known. */
  readonly containerArn?: string;
  /** A huge negative number if the runtime has no deadline. */
  getRemainingTimeInMillis(): number;
  /** Only in a task, which has no deadline: aborted when it is asked to end. From then on its remaining time is counted. */
  readonly ending?: AbortSignal;
}

/** Milliseconds reserved at the end: to stop, record what was done and report it. */
const marginMs = 30_000;
/** For an answer that is sent at the last moment. */
const lastMarginMs = 2000;
/** A day: well above Lambda's 15 minutes, well below the largest delay of a timer. */
const noDeadlineMs = 24 * 60 * 60 * 1000;

export interface Deadline {
  /** Milliseconds until the process is killed; never negative. */
  readonly remainingMs: () => number;
  /** Milliseconds until a run has to stop. */
  readonly stopInMs: number;
  /** Milliseconds until the answer has to be sent, whatever is still going on. */
  readonly lastMs: () => number;
}

/** The margin is at most a third of the timeout, so that a function with a short one can do something at all. */
export function deadlineOf(context: LambdaContext): Deadline {
  const remainingMs = (): number => {
    const ms = context.getRemainingTimeInMillis();
    return Number.isFinite(ms) && ms > -noDeadlineMs
      ? Math.max(0, Math.min(ms, noDeadlineMs))
      : noDeadlineMs;
  };
  const timeoutMs = remainingMs();
  return {
    remainingMs,
    stopInMs: timeoutMs - Math.min(marginMs, timeoutMs / 3),
    lastMs: () => Math.max(0, remainingMs() - Math.min(lastMarginMs, timeoutMs / 20)),
  };
}
