import { arnOf, type FunctionReference } from "./function-name.ts";
import { ServiceError } from "./service-error.ts";

export type FunctionState = "Pending" | "Active" | "Inactive" | "Failed";

/**
 * Refuses an invocation of a function that is not ready for one, as Lambda does
 * (docs/internals/aws-lambda.md, "Limits and behaviour of the service").
 */
export function requireActive(state: FunctionState): void {
  if (state === "Active") return;
  if (state === "Inactive")
    throw new ServiceError(
      "ResourceNotReadyException",
      "The function was inactive and its connections are being restored. Try again later.",
    );
  throw new ServiceError(
    "ResourceConflictException",
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
    { Type: "User" },
  );
}

export interface Described {
  readonly state: FunctionState;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** The answer to GetFunctionConfiguration; GetFunction wraps it. */
export function configurationOf(
  reference: FunctionReference,
  described: Described,
): Record<string, unknown> {
  return {
    FunctionName: reference.name,
    FunctionArn: arnOf(reference),
    Runtime: "nodejs20.x",
    PackageType: "Zip",
    Role: `arn:aws:iam::${reference.account}:role/local`,
    Handler: described.handler,
    CodeSize: 0,
    Description: "",
    Timeout: Math.max(1, Math.ceil(described.timeoutMs / 1000)),
    MemorySize: described.memoryMb,
    LastModified: "1970-01-01T00:00:00.000+0000",
    Version: "$LATEST",
    State: described.state,
    LastUpdateStatus: "Successful",
    Architectures: ["x86_64"],
    EphemeralStorage: { Size: 512 },
  };
}
