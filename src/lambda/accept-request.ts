import * as z from "zod";
import { Failure } from "../protocol/failure.ts";
import { commandHint, retryHint, runHint, textHint } from "../protocol/hint.ts";
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
const Accept = z.object({ accept: z.array(z.string()) });

/**
 * Validates an event as a request that this function may serve. Checks in this order: contract version, environment, operation
 * and options, permission, the typed name if the environment is protected, and whether `sql` is switched on.
 * Throws usage (contract-mismatch, malformed-request, wrong-environment, unknown-operation, unknown-option, protected, sql-not-allowed) or access.
 */
export function acceptRequest(
  event: unknown,
  settings: Settings,
  invokedFunctionArn: string,
): Request {
  const envelope = Envelope.safeParse(event);
  if (!envelope.success) throw notARequest(settings);
  const { contract, environment } = envelope.data;
  if (!isSupportedContract(contract)) throw contractMismatch(contract);
  checkEnvironment(environment, settings.environment);
  const operation = operationFrom(envelope.data.operation);
  const request = Request.safeParse(event);
  if (!request.success) throw badRequest(request.error.issues, operation, settings);
  checkPermission(operation, invokedFunctionArn, settings.unqualified);
  checkConfirmation(request.data, settings);
  checkSqlAllowed(request.data, settings);
  return request.data;
}

/** The runId of an event, for the log; the event may be invalid otherwise. */
export function runIdOf(event: unknown): string | undefined {
  return RunId.safeParse(event).data?.runId;
}

/** The forms of an answer that the sender of an event understands; none if it is invalid. */
export function formsAcceptedBy(event: unknown): readonly string[] {
  return Accept.safeParse(event).data?.accept ?? [];
}

function checkEnvironment(requested: string, own: string): void {
  if (own === "*" || requested === own) return;
  throw new Failure(
    "usage",
    "wrong-environment",
    `This function serves the environment "${own}", but the request is for "${requested}".`,
    {
      hints: [
        textHint(
          `Check the function of "${requested}" in hasura-migrate.json, and the account of its profile.`,
        ),
      ],
    },
  );
}

const deployNewerImage = textHint("Deploy a newer image of the function.");

function operationFrom(name: string): Operation {
  if (isOperation(name)) return name;
  throw new Failure(
    "usage",
    "unknown-operation",
    `This function does not support the operation "${name}"; it supports ${operationNames.join(", ")}.`,
    { hints: [deployNewerImage] },
  );
}

/** This check is not left to the client: the function itself requires the name. */
function checkConfirmation(request: Request, { protected: isProtected }: Settings): void {
  if (!isProtected || !changesSomething(request)) return;
  // The function's own, or any name where it has none (`*`).
  const { environment } = request;
  const confirm = "confirm" in request.options ? request.options.confirm : undefined;
  if (confirm === environment) return;
  const problem =
    confirm === undefined
      ? "but the request is not confirmed"
      : `but the request is confirmed for "${confirm}"`;
  throw new Failure(
    "usage",
    "protected",
    `${environment} is protected, ${problem}: ${request.operation} must be confirmed with the environment's name.`,
    { hints: [retryHint({ with: [`--yes=${environment}`] })] },
  );
}

/** Whether `sql` may be used. */
export function takesQueries({ sql, protected: isProtected }: Settings): boolean {
  return sql === "read-when-protected" || (sql === "read" && !isProtected);
}

/** Reading data must be allowed by the function's own setting, and explicitly for a protected environment. */
function checkSqlAllowed({ operation, environment }: Request, settings: Settings): void {
  if (operation !== "sql" || takesQueries(settings)) return;
  const { sql, protected: isProtected } = settings;
  const needed = isProtected ? "read-when-protected" : "read";
  const why =
    isProtected && sql === "read" ? `${environment} is protected` : "it is off by default";
  throw new Failure(
    "usage",
    "sql-not-allowed",
    `This function does not allow queries: its setting HASURA_MIGRATE_SQL is "${sql}".`,
    {
      hints: [
        textHint(
          `Set HASURA_MIGRATE_SQL=${needed} in the function (${why}); in the template it is the parameter ReadOnlySql.`,
        ),
      ],
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
      ? deployNewerImage
      : commandHint(["npx", "hasura-migrate@latest"], "use a newer client");
  return new Failure(
    "usage",
    "contract-mismatch",
    `The client uses contract version ${String(theirs)}, this function ${ours}.`,
    { hints: [hint] },
  );
}

function badRequest(
  issues: readonly z.core.$ZodIssue[],
  operation: Operation,
  settings: Settings,
): Failure {
  const unknown = issues.find(
    (issue) => issue.code === "unrecognized_keys" && issue.path[0] === "options",
  );
  if (unknown?.code !== "unrecognized_keys") return malformed(issues, settings);
  const names = unknown.keys.map((key) => `"${key}"`).join(", ");
  const known = Object.keys(operations[operation].options.shape).join(", ");
  return new Failure(
    "usage",
    "unknown-option",
    `This function does not support the ${unknown.keys.length === 1 ? "option" : "options"} ${names} of ${operation}.`,
    {
      hints: [
        textHint(
          known === "" ? `${operation} takes no options.` : `Options of ${operation}: ${known}.`,
        ),
        textHint(
          `Deploy a newer image of the function, or omit ${unknown.keys.length === 1 ? "the option" : "these options"}.`,
        ),
      ],
    },
  );
}

/** For an event that no client of ours sent, such as a test event of the AWS console. */
function notARequest(settings: Settings): Failure {
  const own = ownName(settings);
  return new Failure(
    "usage",
    "malformed-request",
    `This is the hasura-migrate function of the environment ${own}, but the event is not a valid request; nothing was run.`,
    {
      hints: [
        runHint(["status", own], "to use it"),
        textHint(`As a test event, send the smallest request: ${smallestRequest(own)}`),
      ],
    },
  );
}

function ownName({ environment }: Settings): string {
  return environment === "*" ? "ENVIRONMENT" : environment;
}

function smallestRequest(environment: string): string {
  return JSON.stringify({
    contract: contractVersion,
    runId: "00000000-0000-7000-8000-000000000000",
    environment,
    actor: { user: "me", host: "aws-console" },
    operation: "ping",
    options: {},
  });
}

function malformed(issues: readonly z.core.$ZodIssue[], settings: Settings): Failure {
  const problems = issues.map(
    (issue) => `${issue.path.length > 0 ? issue.path.join(".") : "request"}: ${issue.message}`,
  );
  return new Failure(
    "usage",
    "malformed-request",
    `The request is invalid (${problems.join("; ")}).`,
    {
      hints: [
        textHint("Use the hasura-migrate CLI."),
        textHint(`The smallest valid request is ${smallestRequest(ownName(settings))}`),
      ],
    },
  );
}
