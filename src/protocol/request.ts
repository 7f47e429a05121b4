import * as z from "zod";
import { operations, type Operation } from "./operations.ts";

/** Who runs the operation, as claimed by the client, and recorded as a claim. */
export const Actor = z.strictObject({
  user: z.string().max(200),
  host: z.string().max(200),
  gitCommit: z.string().max(100).optional(),
  gitBranch: z.string().max(300).optional(),
  ciJob: z.string().max(1000).optional(),
});
export type Actor = z.infer<typeof Actor>;

const envelope = {
  contract: z.int(),
  /** UUIDv7 made by the client. A run keeps it when it continues in another invocation. */
  runId: z.uuid(),
  /** Must match the environment that the function is configured for. */
  environment: z.string().min(1),
  actor: Actor,
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
  requestOf("status"),
  requestOf("plan"),
  requestOf("mark"),
  requestOf("cancel"),
  requestOf("history"),
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
