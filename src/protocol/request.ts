import * as z from "zod";
import { operations, type Operation } from "./operations.ts";
import { requestText } from "./request-text.ts";

/** The longest texts of an actor, in UTF-16 units. */
export const actorLimits = {
  user: 200,
  host: 200,
  gitCommit: 100,
  gitBranch: 300,
  ciJob: 1000,
} as const;

/** Who runs the operation, as the client reports it; nothing verifies it. */
export const Actor = z.strictObject({
  user: requestText(actorLimits.user),
  host: requestText(actorLimits.host),
  gitCommit: requestText(actorLimits.gitCommit).optional(),
  gitBranch: requestText(actorLimits.gitBranch).optional(),
  ciJob: requestText(actorLimits.ciJob).optional(),
});
export type Actor = z.infer<typeof Actor>;

const envelope = {
  contract: z.int(),
  /** UUIDv7 made by the client. A run keeps it when it continues in another invocation. */
  runId: z.uuid(),
  /**
   * Which invocation of the run this is, counted from 1, the default. A run goes on in a later one only: one that the ledger
   * knows already is a request that was delivered twice.
   */
  part: z.int().positive().optional(),
  /** Must match the environment that the function is configured for. */
  environment: requestText(200).min(1),
  actor: Actor,
  /** Forms of the answer that the client understands beyond those of `events.ts`; unknown ones are ignored. */
  accept: z.array(requestText(50)).max(20).optional(),
};

function requestOf<O extends Operation>(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({ ...envelope, operation: z.literal(operation), options });
}

/** One request: strict everywhere. Never an endpoint, a secret or SQL. */
export const Request = z.discriminatedUnion("operation", [
  requestOf("apply"),
  requestOf("down"),
  requestOf("redo"),
  requestOf("reset-to"),
  requestOf("status"),
  requestOf("plan"),
  requestOf("mark"),
  requestOf("cancel"),
  requestOf("history"),
  requestOf("locks"),
  requestOf("doctor"),
  requestOf("ping"),
]);
export type Request = z.infer<typeof Request>;
export type RequestOf<O extends Operation> = Extract<Request, { operation: O }>;

/** True where a request may change the database or the record of applied migrations. */
export function changesSomething(request: {
  readonly operation: Operation;
  readonly options: object;
}): boolean {
  if (operations[request.operation].changes === "never") return false;
  return !("dryRun" in request.options && request.options.dryRun === true);
}
