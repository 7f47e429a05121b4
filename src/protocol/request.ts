import * as z from "zod";
import { operations, type LedgerUse, type Operation } from "./operations.ts";
import { requestText } from "./request-text.ts";
import { UploadEnvelope } from "./upload.ts";

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

/** Operations whose requests may have an upload. */
type UploadOperation = {
  [O in Operation]: (typeof operations)[O]["takesUploads"] extends true ? O : never;
}[Operation];

function requestOf<O extends Exclude<Operation, UploadOperation>>(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({ ...envelope, operation: z.literal(operation), options });
}

function uploadRequestOf<O extends UploadOperation>(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({
    ...envelope,
    operation: z.literal(operation),
    options,
    /** Migrations that are used instead of those in the image. */
    upload: UploadEnvelope.optional(),
  });
}

/** A deployment may bring both. */
function deployRequestOf<O extends "apply" | "plan">(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({
    ...envelope,
    operation: z.literal(operation),
    options,
    upload: UploadEnvelope.optional(),
    /** Metadata that is used instead of that in the image. */
    metadata: UploadEnvelope.optional(),
  });
}

/** Requests about metadata may bring the metadata of a directory. */
function metadataRequestOf<O extends "metadata-diff" | "metadata-apply">(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({
    ...envelope,
    operation: z.literal(operation),
    options,
    /** Metadata that is used instead of that in the image (metadata-upload.ts). */
    metadata: UploadEnvelope.optional(),
  });
}

/** Requests about seeds may bring those of a directory. */
function seedRequestOf<O extends "seed">(operation: O) {
  const options: (typeof operations)[O]["options"] = operations[operation].options;
  return z.strictObject({
    ...envelope,
    operation: z.literal(operation),
    options,
    /** Seeds that are used instead of those in the image (seed-upload.ts). */
    seeds: UploadEnvelope.optional(),
  });
}

/** One request: strict everywhere. Never an endpoint or a secret, and SQL only in the files of an upload, or as the statement of `sql`. */
export const Request = z.discriminatedUnion("operation", [
  deployRequestOf("apply"),
  uploadRequestOf("down"),
  uploadRequestOf("redo"),
  uploadRequestOf("reset-to"),
  uploadRequestOf("status"),
  deployRequestOf("plan"),
  uploadRequestOf("rehearse"),
  requestOf("inventory"),
  uploadRequestOf("mark"),
  seedRequestOf("seed"),
  requestOf("cancel"),
  requestOf("history"),
  requestOf("sql"),
  requestOf("locks"),
  metadataRequestOf("metadata-diff"),
  requestOf("metadata-export"),
  metadataRequestOf("metadata-apply"),
  requestOf("metadata-restore"),
  requestOf("metadata-reload"),
  requestOf("metadata-status"),
  requestOf("doctor"),
  requestOf("ping"),
]);
export type Request = z.infer<typeof Request>;
export type RequestOf<O extends Operation> = Extract<Request, { operation: O }>;

/** A request about the run of another one, such as its cancellation. */
export function requestAbout<O extends "cancel" | "history">(
  { contract, runId, environment, actor }: Request,
  operation: O,
): { readonly operation: O } & Pick<Request, "contract" | "runId" | "environment" | "actor"> & {
    readonly options: { readonly run: string };
  } {
  return { contract, runId, environment, actor, operation, options: { run: runId } };
}

/** True where a request may change the database or the record of applied migrations. */
export function changesSomething(request: {
  readonly operation: Operation;
  readonly options: object;
}): boolean {
  const { changes } = operations[request.operation];
  if (changes === "never" || isSet("dryRun", request.options)) return false;
  return changes === "unless-dry-run" || isSet(changes, request.options);
}

/** What a request does with the ledger where it is missing or old: `create` where it changes something. */
export function ledgerUseOf(request: Pick<Request, "operation" | "options">): LedgerUse | "create" {
  if (changesSomething(request)) return "create";
  return isSet("dryRun", request.options) ? "read" : operations[request.operation].ledger;
}

function isSet(name: "dryRun" | "recreateEventTriggers", options: object): boolean {
  const { [name]: value }: { readonly [name in typeof name]?: unknown } = options;
  return value === true;
}
