import * as z from "zod";
import { Failure } from "../protocol/failure.ts";
import { isOperation, operationNames, operations, type Operation } from "../protocol/operations.ts";
import { changesSomething, Request } from "../protocol/request.ts";
import { contractVersion, oldestContract, isSupportedContract } from "../protocol/version.ts";
import { checkPermission } from "./permission.ts";
import type { Settings } from "./settings.ts";

const Envelope = z.object({
  contract: z.int(),
  environment: z.string().min(1),
  operation: z.string(),
});
const RunId = z.object({ runId: z.uuid() });

/**
 * The request that an event holds, if this function may serve it. Asked in this order: a contract both speak, this
 * environment, an operation and options that are known, permission, the typed name where protected.
 * Throws usage (contract-mismatch, malformed-request, wrong-environment, unknown-operation, unknown-option, protected) or access.
 */
export function acceptRequest(
  event: unknown,
  settings: Settings,
  invokedFunctionArn: string,
): Request {
  const envelope = Envelope.safeParse(event);
  if (!envelope.success) throw malformed(envelope.error.issues);
  const { contract, environment } = envelope.data;
  if (!isSupportedContract(contract)) throw contractMismatch(contract);
  checkEnvironment(environment, settings.environment);
  const operation = operationFrom(envelope.data.operation);
  const request = Request.safeParse(event);
  if (!request.success) throw badRequest(request.error.issues, operation);
  checkPermission(operation, invokedFunctionArn, settings.unqualified);
  checkConfirmation(request.data, settings);
  return request.data;
}

/** The runId of an event that need not be a request at all, for the log. */
export function runIdOf(event: unknown): string | undefined {
  return RunId.safeParse(event).data?.runId;
}

function checkEnvironment(asked: string, own: string): void {
  if (own === "*" || asked === own) return;
  throw new Failure(
    "usage",
    "wrong-environment",
    `This function belongs to the environment "${own}", and the request is for "${asked}".`,
    {
      hints: [
        `check the function of "${asked}" in hasura-migrate.json (and the account of its profile)`,
      ],
    },
  );
}

function operationFrom(name: string): Operation {
  if (isOperation(name)) return name;
  throw new Failure(
    "usage",
    "unknown-operation",
    `This function does not know the operation "${name}"; it knows ${operationNames.join(", ")}.`,
    {
      hints: ["deploy a newer image of the function"],
    },
  );
}

/** The client's word is no control: a protected function asks for its name itself. */
function checkConfirmation(
  request: Request,
  { protected: isProtected, environment }: Settings,
): void {
  if (!isProtected || !changesSomething(request)) return;
  const confirm = "confirm" in request.options ? request.options.confirm : undefined;
  if (confirm === environment) return;
  const problem =
    confirm === undefined
      ? "and was not confirmed"
      : `and the name "${confirm}" does not confirm it`;
  throw new Failure(
    "usage",
    "protected",
    `${environment} is protected, ${problem}: ${request.operation} needs the environment's name.`,
    {
      hints: [`--yes=${environment}`],
    },
  );
}

function contractMismatch(theirs: number): Failure {
  const ours =
    oldestContract === contractVersion
      ? String(contractVersion)
      : `${String(oldestContract)} to ${String(contractVersion)}`;
  const hint =
    theirs > contractVersion
      ? "deploy a newer image of the function"
      : "use a newer client: npx hasura-migrate@latest";
  return new Failure(
    "usage",
    "contract-mismatch",
    `The client speaks contract ${String(theirs)}, this function ${ours}.`,
    {
      hints: [hint],
    },
  );
}

function badRequest(issues: readonly z.core.$ZodIssue[], operation: Operation): Failure {
  const unknown = issues.find(
    (issue) => issue.code === "unrecognized_keys" && issue.path[0] === "options",
  );
  if (unknown?.code !== "unrecognized_keys") return malformed(issues);
  const names = unknown.keys.map((key) => `"${key}"`).join(", ");
  const known = Object.keys(operations[operation].options.shape).join(", ");
  return new Failure(
    "usage",
    "unknown-option",
    `This function does not know the option ${names} of ${operation}.`,
    {
      hints: [
        known === "" ? `${operation} takes no options` : `it knows ${known}`,
        "deploy a newer image of the function, or leave the option out",
      ],
    },
  );
}

function malformed(issues: readonly z.core.$ZodIssue[]): Failure {
  const problems = issues.map(
    (issue) => `${issue.path.length > 0 ? issue.path.join(".") : "request"}: ${issue.message}`,
  );
  return new Failure(
    "usage",
    "malformed-request",
    `The request could not be understood (${problems.join("; ")}).`,
    {
      hints: [
        "use the hasura-migrate command line; the request's shape is src/protocol/request.ts",
      ],
    },
  );
}
