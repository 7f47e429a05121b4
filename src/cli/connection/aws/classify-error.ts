import { errorName, httpStatusOf, isAboutStreaming } from "./sdk-error.ts";

/** Whether an invocation may be sent again after an error at its start. */
export type RetryClass = "throttled" | "preparing" | "no-streaming" | "final";

const preparing = new Set([
  "ResourceNotReadyException",
  "ResourceConflictException",
  "CodeArtifactUserPendingException",
  "SnapStartNotReadyException",
  "ENINotReadyException",
  "EC2ThrottledException",
]);
const unsupported = new Set([
  "UnknownOperationException",
  "UnsupportedOperationException",
  "UnsupportedOperation",
  "NotImplementedException",
]);

/** Only errors after which nothing can have run are not final (docs/internals/aws-lambda.md, "What is thrown"). */
export function classifyError(thrown: unknown): RetryClass {
  const name = errorName(thrown);
  const status = httpStatusOf(thrown);
  if (name === "TooManyRequestsException" || status === 429) return "throttled";
  if (preparing.has(name)) return "preparing";
  if (unsupported.has(name) || status === 501) return "no-streaming";
  // The service has no streaming path: an old one, or an emulator.
  if (status === 404 && name !== "ResourceNotFoundException") return "no-streaming";
  if (name === "InvalidParameterValueException" && isAboutStreaming(thrown)) return "no-streaming";
  return "final";
}
