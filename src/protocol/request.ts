import * as z from "zod";
import { Version } from "./migration.ts";

/** What a client may ask for. The function lists those it knows in `run.started`. */
export const operations = [
  "apply",
  "down",
  "redo",
  "status",
  "plan",
  "mark",
  "cancel",
  "history",
  "ping",
] as const;
export type Operation = (typeof operations)[number];

/** Who asks, as the client says it: a claim, recorded as one. */
export const Actor = z.strictObject({
  user: z.string().max(200),
  host: z.string().max(200),
  gitCommit: z.string().max(100).optional(),
  gitBranch: z.string().max(300).optional(),
  ciJob: z.string().max(1000).optional(),
});
export type Actor = z.infer<typeof Actor>;

const database = z.string().min(1).optional();
const steps = z.int().positive().optional();
/** The environment's name, typed: what a protected function asks for. */
const confirm = z.string().optional();
/** Seconds to wait for another run; 0 does not wait at all. */
const waitSeconds = z.number().nonnegative().optional();

const which = z.strictObject({
  database,
  steps,
  /** Stop after this version (apply), or roll back everything above it (down). */
  to: Version.optional(),
  /** This one alone, whatever its place in the order. */
  only: Version.optional(),
});

const apply = which.extend({
  dryRun: z.boolean().optional(),
  /** Refuse a changed file, and end with exit code 7 when metadata becomes inconsistent. */
  strict: z.boolean().optional(),
  outOfOrder: z.boolean().optional(),
  /** Every file outside a transaction, as the official CLI's `--no-transaction`. */
  noTransaction: z.boolean().optional(),
  reload: z.boolean().optional(),
  waitSeconds,
  confirm,
  /** Milliseconds of work after which the run pauses, for invocations that must stay short. */
  sliceMs: z.int().positive().optional(),
});

/** Options by operation: strict, so that an option this side does not know is an error and never ignored. */
export const optionsOf = {
  apply,
  down: apply.omit({ outOfOrder: true }).extend({ all: z.boolean().optional() }),
  redo: z.strictObject({ database, waitSeconds, confirm, reload: z.boolean().optional() }),
  status: z.strictObject({ database }),
  plan: which,
  mark: z.strictObject({
    database,
    versions: z.array(Version).min(1),
    as: z.enum(["applied", "pending"]),
    confirm,
    waitSeconds,
  }),
  cancel: z.strictObject({ run: z.string().optional() }),
  history: z.strictObject({
    run: z.string().optional(),
    limit: z.int().positive().max(1000).optional(),
  }),
  ping: z.strictObject({}),
} as const satisfies Record<Operation, z.ZodType>;

const envelope = {
  contract: z.int(),
  /** The client's UUIDv7: the same in every continuation of one run. */
  runId: z.uuid(),
  /** Must equal the function's own name for itself. */
  environment: z.string().min(1),
  actor: Actor,
};

/** One request: strict everywhere. Never an endpoint, a secret or SQL. */
export const Request = z.discriminatedUnion("operation", [
  z.strictObject({ ...envelope, operation: z.literal("apply"), options: optionsOf.apply }),
  z.strictObject({ ...envelope, operation: z.literal("down"), options: optionsOf.down }),
  z.strictObject({ ...envelope, operation: z.literal("redo"), options: optionsOf.redo }),
  z.strictObject({ ...envelope, operation: z.literal("status"), options: optionsOf.status }),
  z.strictObject({ ...envelope, operation: z.literal("plan"), options: optionsOf.plan }),
  z.strictObject({ ...envelope, operation: z.literal("mark"), options: optionsOf.mark }),
  z.strictObject({ ...envelope, operation: z.literal("cancel"), options: optionsOf.cancel }),
  z.strictObject({ ...envelope, operation: z.literal("history"), options: optionsOf.history }),
  z.strictObject({ ...envelope, operation: z.literal("ping"), options: optionsOf.ping }),
]);
export type Request = z.infer<typeof Request>;
export type RequestOf<O extends Operation> = Extract<Request, { operation: O }>;
