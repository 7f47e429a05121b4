import { arnOf, type FunctionReference } from "./function-name.ts";
import { ServiceError } from "./service-error.ts";

/** `State` in a function's configuration. */
export type FunctionState = "Pending" | "Active" | "Inactive" | "Failed";

/**
 * Checks that a function can be invoked
 * (docs/internals/aws-lambda.md, "Limits and behaviour of the service").
 * @throws ServiceError as Lambda does for a function that is not active
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

/** What GetFunctionConfiguration reports. */
export interface FunctionDescription {
  readonly state: FunctionState;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** The response body of GetFunctionConfiguration; GetFunction wraps it. */
export function configurationOf(
  reference: FunctionReference,
  description: FunctionDescription,
): Record<string, unknown> {
  return {
    FunctionName: reference.name,
    FunctionArn: arnOf(reference),
    Runtime: "nodejs20.x",
    PackageType: "Zip",
    Role: `arn:aws:iam::${reference.account}:role/local`,
    Handler: description.handler,
    CodeSize: 0,
    Description: "",
    Timeout: Math.max(1, Math.ceil(description.timeoutMs / 1000)),
    MemorySize: description.memoryMb,
    LastModified: "1970-01-01T00:00:00.000+0000",
    Version: "$LATEST",
    State: description.state,
    LastUpdateStatus: "Successful",
    Architectures: ["x86_64"],
    EphemeralStorage: { Size: 512 },
    VpcConfig: { VpcId: "vpc-local", SubnetIds: ["subnet-local"], SecurityGroupIds: ["sg-local"] },
  };
}
