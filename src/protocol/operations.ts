import * as z from "zod";
import { Version } from "./migration.ts";
import { requestText } from "./request-text.ts";

/** The permissions of callers. A function's aliases have these names. */
export const permissions = ["read", "apply", "query", "admin"] as const;
export type Permission = (typeof permissions)[number];

/** What each permission includes. Reading data (`query`) is not part of `read` and `apply`, which only see migrations. */
const included: Readonly<Record<Permission, readonly Permission[]>> = {
  read: ["read"],
  apply: ["read", "apply"],
  query: ["query"],
  admin: permissions,
};

/** What a request does with the ledger where it changes nothing. Every request that changes something creates or upgrades it, and is recorded. */
export type LedgerUse =
  /** Upgrades an existing one, and is recorded in it. */
  | "record"
  /** Upgrades an existing one, because it reads what older ledgers lack. */
  | "upgrade"
  /** Reads whatever is there. */
  | "read";

interface OperationDefinition {
  /** Strict: an option this side does not know is an error, never ignored. */
  readonly options: z.ZodObject;
  readonly permission: Permission;
  /** When it changes the database or the record of applied migrations. An option's name: only with that option. */
  readonly changes: "unless-dry-run" | "recreateEventTriggers" | "never";
  readonly ledger: LedgerUse;
  /**
   * Its answer lists the function's migrations, so that a client can compare them with its own. False for operations
   * whose target is the function's migrations.
   */
  readonly listsMigrations: boolean;
  /** True if it uses migrations, which a client may send with the request (upload.ts). */
  readonly takesUploads: boolean;
  /** True if it uses metadata, which a client may send with the request (metadata-upload.ts). */
  readonly takesMetadata?: true;
  /** True if it uses seeds, which a client may send with the request (seed-upload.ts). */
  readonly takesSeeds?: true;
}

const database = requestText(200).min(1).optional();
/** A run's id, or the beginning of one. */
const runId = requestText(100).min(1).optional();
const flag = z.boolean().optional();
/** The environment's name, as typed to confirm: what a protected function asks for. */
const confirm = requestText(200).optional();
/** Seconds to wait for another run; 0 does not wait at all. */
const waitSeconds = z.number().nonnegative().optional();
/**
 * The fingerprint of the plan that was shown to whoever confirmed it; a run whose plan has another one by then is refused
 * (`busy/plan-changed`).
 */
const expectedPlan = z.string().max(200).optional();
const dryRun = flag;
/** Deploy the project's metadata with the migrations: `if-present` does not fail if the project has none. */
const metadata = z.union([z.boolean(), z.literal("if-present")]).optional();
/** Run uploaded files even if they differ from the image's. */
const changed = flag;
/** Rules of lint whose risks are accepted (`allowableRules`). */
const allow = z.array(requestText(100).min(1)).max(50).optional();
/** The client's configuration protects the environment: risks that are not allowed are refused, as if the function protected it. */
const refuseRisks = flag;
const writing = { reload: flag, waitSeconds, confirm, expectedPlan };

const selection = z.strictObject({
  database,
  steps: z.int().positive().optional(),
  /** Stop after this version (apply), or roll back everything above it (down). */
  to: Version.optional(),
  /** This version alone, regardless of order. */
  only: Version.optional(),
});

const executing = {
  ...writing,
  dryRun,
  /** Refuse a changed file; exit code 7 when metadata becomes inconsistent. */
  strict: flag,
  /** Run every file outside a transaction, as the Hasura CLI's `--no-transaction` does. */
  noTransaction: flag,
  changed,
  allow,
  refuseRisks,
  /** Milliseconds of work after which the run pauses, for invocations that must stay short. */
  sliceMs: z.int().positive().optional(),
};

/** The longest path of a seed, in UTF-16 units. */
export const seedPathLength = 1000;

/** In `accept`: the client wants `history` to count runs of `sql` instead of listing them. */
export const countedQueries = "history.counted-queries";

/** The largest number of runs that `history` lists. */
export const historyLimit = 1000;

/** The longest statement of `sql`, in UTF-16 units. */
export const longestStatement = 100_000;
/** The rows that `sql` returns by default, and at most. */
export const rowLimit = { default: 1000, most: 10_000 } as const;

/**
 * Every operation, once: what it takes, what it needs, what it changes. The command line's checks, the alias it calls, the
 * function's permission check, the ledger's mode and the documentation derive from this table.
 */
export const operations = {
  apply: {
    /** `yes`: confirmed without the environment's name, which suffices for a loss of data if the function is not protected. */
    options: selection.extend({ ...executing, outOfOrder: flag, metadata, yes: flag }),
    permission: "apply",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  down: {
    options: selection.extend({ ...executing, all: flag }),
    permission: "admin",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  redo: {
    /** Without a version: the migration that was applied last. */
    options: z.strictObject({
      database,
      version: Version.optional(),
      dryRun,
      changed,
      allow,
      refuseRisks,
      ...writing,
    }),
    permission: "admin",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  /** Rolls back versions that have no file in the project, then applies the pending ones. */
  "reset-to": {
    options: z.strictObject({
      database,
      ...writing,
      dryRun,
      /** Leave versions that cannot be rolled back, instead of refusing. */
      keep: flag,
      /** Roll back applied versions whose file has changed, and apply them again. */
      changed: flag,
      outOfOrder: flag,
      allow,
      refuseRisks,
      noTransaction: executing.noTransaction,
      sliceMs: executing.sliceMs,
    }),
    permission: "admin",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: false,
    takesUploads: true,
  },
  status: {
    options: z.strictObject({ database }),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  plan: {
    options: selection.extend({ refuseRisks, metadata }),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  /** Runs the pending migrations of each database in one transaction and rolls it back. It changes nothing, but it takes their locks. */
  rehearse: {
    options: selection,
    permission: "apply",
    changes: "never",
    ledger: "read",
    listsMigrations: true,
    takesUploads: true,
  },
  /** The files and the applied versions of the function, for a client that is about to send its own files. */
  inventory: {
    options: z.strictObject({
      database,
      /** Also list the seeds that were run. */
      seeds: flag,
    }),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  mark: {
    options: z.strictObject({
      database,
      /** These versions, all that are in doubt, all that are pending, or the pending ones up to a version. */
      versions: z.array(Version).min(1).optional(),
      inDoubt: flag,
      pending: flag,
      upTo: Version.optional(),
      as: z.enum(["applied", "pending"]),
      dryRun,
      confirm,
      expectedPlan,
      waitSeconds,
    }),
    permission: "admin",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: false,
    takesUploads: true,
  },
  /** Runs seeds: files with SQL data, each once. */
  seed: {
    options: z.strictObject({
      database,
      /** Only these, by their path from the project's root or below the seeds directory of their database. */
      files: z.array(requestText(seedPathLength).min(1)).min(1).max(1000).optional(),
      /** Also run seeds that have already been run. */
      again: flag,
      dryRun,
      confirm,
      expectedPlan,
      waitSeconds,
      sliceMs: executing.sliceMs,
    }),
    permission: "apply",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
    takesSeeds: true,
  },
  cancel: {
    options: z.strictObject({ run: runId }),
    permission: "apply",
    changes: "never",
    ledger: "upgrade",
    listsMigrations: false,
    takesUploads: false,
  },
  history: {
    options: z.strictObject({
      run: runId,
      limit: z.int().positive().max(historyLimit).optional(),
    }),
    permission: "read",
    changes: "never",
    ledger: "upgrade",
    listsMigrations: false,
    takesUploads: false,
  },
  /** One read-only statement. The function decides by its parse tree whether it runs it (engine/query). */
  sql: {
    options: z.strictObject({
      database,
      sql: z
        .string()
        .min(1)
        .max(longestStatement)
        // A C string ends at NUL; the parser must check the same text that the database runs.
        .refine((text) => !text.includes("\0"), "must not contain a NUL character")
        .refine((text) => !/\p{Surrogate}/u.test(text), "must be well-formed Unicode"),
      limit: z.int().positive().max(rowLimit.most).optional(),
    }),
    permission: "query",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  /** Who waits for a lock, and who holds it. */
  locks: {
    options: z.strictObject({ database }),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  /** How the project's metadata differs from the server's. */
  "metadata-diff": {
    options: z.strictObject({}),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
    takesMetadata: true,
  },
  /** The server's metadata as it is, with the secrets in it. */
  "metadata-export": {
    options: z.strictObject({}),
    permission: "admin",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  /** Replaces the server's metadata with the project's. */
  "metadata-apply": {
    options: z.strictObject({
      dryRun,
      /** Apply it even if objects become inconsistent. */
      allowInconsistent: flag,
      waitSeconds,
      confirm,
      expectedPlan,
    }),
    permission: "apply",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
    takesMetadata: true,
  },
  /** Puts back the metadata that a run replaced: the given run, or the last one that replaced any. */
  "metadata-restore": {
    options: z.strictObject({
      run: runId,
      dryRun,
      allowInconsistent: flag,
      waitSeconds,
      confirm,
      expectedPlan,
    }),
    permission: "admin",
    changes: "unless-dry-run",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  /** Makes Hasura read the schemas of its databases and its remote schemas again. */
  "metadata-reload": {
    options: z.strictObject({
      /** Recreate the event triggers in the databases. */
      recreateEventTriggers: flag,
      /** Show the state of the metadata only. */
      dryRun,
      confirm,
      waitSeconds,
    }),
    permission: "apply",
    changes: "recreateEventTriggers",
    ledger: "record",
    listsMigrations: false,
    takesUploads: false,
  },
  /** Which objects of the server's metadata are inconsistent, since when, and who replaced the metadata last. */
  "metadata-status": {
    options: z.strictObject({}),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  /** Checks everything between the function and the databases, and goes on after what fails. */
  doctor: {
    options: z.strictObject({}),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
  ping: {
    options: z.strictObject({}),
    permission: "read",
    changes: "never",
    ledger: "read",
    listsMigrations: false,
    takesUploads: false,
  },
} as const satisfies Readonly<Record<string, OperationDefinition>>;

export type Operation = keyof typeof operations;

/** The options of one operation, as a client passes them. */
export type OptionsOf<O extends Operation> = z.input<(typeof operations)[O]["options"]>;

/** Every operation's name, in the order of the table. */
export const operationNames = Object.keys(operations).filter(isOperation);

export function isOperation(name: string): name is Operation {
  return Object.hasOwn(operations, name);
}

/** True if a client may send metadata with the request. */
export function takesMetadata(operation: Operation): boolean {
  const definition: OperationDefinition = operations[operation];
  return definition.takesMetadata === true;
}

/** True if the operation refuses, or names, the risks of its plan where the client's configuration protects the environment. */
export function refusesRisks(operation: Operation): boolean {
  return "refuseRisks" in operations[operation].options.shape;
}

/** True if a client may send seeds with the request. */
export function takesSeeds(operation: Operation): boolean {
  const definition: OperationDefinition = operations[operation];
  return definition.takesSeeds === true;
}

/** True where a caller with this permission may run the operation. */
export function isAllowed(permission: Permission, operation: Operation): boolean {
  return included[permission].includes(operations[operation].permission);
}
