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
