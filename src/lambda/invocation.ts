/**
 * What the Node runtimes of Lambda pass to a handler, as far as it is used here
 * (docs/internals/aws-lambda.md, "Loading the handler").
 */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn: string;
  readonly functionName: string;
  readonly functionVersion: string;
  /** A huge negative number where the runtime was given no deadline. */
  getRemainingTimeInMillis(): number;
}

/** Milliseconds kept back at the end: to stop, write the books and say so. */
const marginMs = 30_000;
/** Of a day: far above Lambda's 15 minutes, far below what a timer can hold. */
const noDeadlineMs = 24 * 60 * 60 * 1000;

export interface Deadline {
  /** Until the process is killed; never negative. */
  readonly remainingMs: () => number;
  /** Until a run has to stop. */
  readonly stopInMs: number;
}

/** The margin is at most a third of the whole time, so that a function with a short time-out can do something at all. */
export function deadlineOf(context: LambdaContext): Deadline {
  const remainingMs = (): number => {
    const ms = context.getRemainingTimeInMillis();
    return Number.isFinite(ms) && ms > -noDeadlineMs
      ? Math.max(0, Math.min(ms, noDeadlineMs))
      : noDeadlineMs;
  };
  const whole = remainingMs();
  return { remainingMs, stopInMs: whole - Math.min(marginMs, whole / 3) };
}
