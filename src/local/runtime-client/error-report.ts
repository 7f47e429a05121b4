/** A thrown value as the runtime reports it: `cause` and fields of its own are lost, as with aws-lambda-ric. */
export interface ErrorReport {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: string[];
}

/** @param type instead of the error's own name, for what the runtime itself found wrong */
export function reportOf(thrown: unknown, type?: string): ErrorReport {
  if (!(thrown instanceof Error))
    return { errorType: type ?? typeof thrown, errorMessage: String(thrown), trace: [] };
  return {
    errorType: type ?? thrown.name,
    errorMessage: thrown.message,
    trace: (thrown.stack ?? "").split("\n"),
  };
}
