/** A thrown value as a runtime reports it; as in aws-lambda-ric, without `cause` and other fields. */
export interface ErrorReport {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: string[];
}

/**
 * Converts a thrown value.
 * @param type instead of the error's name, for errors that the runtime itself detects
 */
export function reportOf(thrown: unknown, type?: string): ErrorReport {
  if (!(thrown instanceof Error))
    return { errorType: type ?? typeof thrown, errorMessage: String(thrown), trace: [] };
  return {
    errorType: type ?? thrown.name,
    errorMessage: thrown.message,
    trace: (thrown.stack ?? "").split("\n"),
  };
}
