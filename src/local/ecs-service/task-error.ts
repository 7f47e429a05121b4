/** Errors of the API of ECS and CloudWatch Logs, by the name that an SDK throws; each has HTTP status 400. */
export class TaskServiceError extends Error {
  readonly details: object;

  constructor(
    name:
      | "ClientException"
      | "ConflictException"
      | "InvalidParameterException"
      | "ResourceNotFoundException"
      | "UnknownOperationException",
    message: string,
    details: object = {},
  ) {
    super(message);
    this.name = name;
    this.details = details;
  }
}
