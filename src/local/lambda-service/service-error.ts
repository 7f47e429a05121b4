import type { ServerResponse } from "node:http";

/**
 * Errors of Lambda's API, by the name that an SDK throws, with their HTTP status
 * (docs/internals/aws-lambda.md, "What is thrown").
 */
const statusOf = {
  InvalidRequestContentException: 400,
  InvalidParameterValueException: 400,
  AccessDeniedException: 403,
  UnrecognizedClientException: 403,
  ResourceNotFoundException: 404,
  UnknownOperationException: 404,
  ResourceConflictException: 409,
  RequestTooLargeException: 413,
  TooManyRequestsException: 429,
  ServiceException: 500,
  ResourceNotReadyException: 502,
} as const;
/** Name of an error that an SDK throws. */
export type ServiceErrorName = keyof typeof statusOf;

/** An error of Lambda's API itself; an error of the function is a response with status 200. */
export class ServiceError extends Error {
  readonly status: number;
  readonly details: Readonly<Record<string, string>>;

  constructor(name: ServiceErrorName, message: string, details: Record<string, string> = {}) {
    super(message);
    this.name = name;
    this.status = statusOf[name];
    this.details = details;
  }
}

/** Sends an error in REST-JSON format. The real service uses both spellings of "message", and its clients read both. */
export function sendServiceError(
  response: ServerResponse,
  error: ServiceError,
  requestId: string,
): void {
  const type = error.status >= 500 ? "Service" : "User";
  const body = JSON.stringify({
    Type: type,
    Message: error.message,
    message: error.message,
    ...error.details,
  });
  response.writeHead(error.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-amzn-errortype": error.name,
    "x-amzn-requestid": requestId,
  });
  response.end(body);
}
