import * as z from "zod";
import { didYouMean } from "../../did-you-mean.ts";
import { checkedOnce } from "../../protocol/checked-once.ts";
import { Failure } from "../../protocol/failure.ts";
import { runHint } from "../../protocol/hint.ts";
import { Version } from "../../protocol/migration.ts";
import { allowableRules } from "../../protocol/impact.ts";
import { operations } from "../../protocol/operations.ts";
import type { RawOptions } from "../commands/command.ts";
import { shells } from "../completion/shells.ts";
import { labelOf, type CommandLine } from "./command-line.ts";
import { Wait } from "./duration.ts";
import { isLoginEncoded } from "./redact-address.ts";

/*
 * One schema per command. What is sent to the function has the limits of the protocol; conflicting options are
 * declared to commander.
 */

const flag = z.boolean().optional();
const word = z.string().min(1);
const text = word.optional();
const selection = operations.apply.options.shape;

/** Digits as a number, anything else as it is, for a schema that takes numbers. */
function numeric<T extends z.ZodType>(schema: T) {
  return z.preprocess(
    (typed) => (typeof typed === "string" && /^-?\d+$/.test(typed) ? Number(typed) : typed),
    schema,
  );
}

export const GlobalOptions = z.object({
  json: flag,
  quiet: flag,
  color: z.boolean().default(true),
  profile: text,
  region: text,
  function: text,
  endpointUrl: z.url("must be a URL such as http://127.0.0.1:9001").optional(),
  config: text,
  debug: flag,
});
export type GlobalOptions = z.infer<typeof GlobalOptions>;

/** The message does not repeat the address: it contains a password. */
const databaseAddress = z.string().superRefine((address, context) => {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isAddress = /^postgres(ql)?:\/\//i.test(address);
  if (isAddress && url !== undefined && isLoginEncoded(url)) return;
  context.addIssue({
    code: "custom",
    message:
      isAddress && address.includes("@")
        ? "the user and the password must be percent-encoded (/ is %2F, # is %23, ? is %3F, @ is %40, % is %25)"
        : "must be an address such as postgres://user@host/database",
  });
});

/** What every command that reaches an environment takes. `migrations` and `databaseUrl` are for `local`. */
export const TargetOptions = GlobalOptions.extend({
  environments: z.array(z.string().min(1)),
  migrations: text,
  databaseUrl: databaseAddress.optional(),
  superuser: flag,
  all: flag,
  group: z.array(word).default([]),
  then: z.array(z.string().regex(/[^,]/, "needs an environment")).default([]),
  concurrency: numeric(z.int().min(1).max(64)).optional(),
  failFast: flag,
  from: text,
  image: flag,
  runner: z.enum(["lambda", "ecs"], { error: "must be lambda or ecs" }).optional(),
  /** `true` for a bare `--yes`, else the name given. */
  yes: z.union([z.boolean(), z.string()]).optional(),
});
export type TargetOptions = z.infer<typeof TargetOptions>;

const database = selection.database;
const bounds = { to: selection.to, steps: numeric(selection.steps), only: selection.only };
const writing = { reload: z.boolean().default(true), wait: Wait };

/** Rules whose risks are accepted. */
const allow = z
  .array(
    z.enum(allowableRules, {
      error: ({ input }) =>
        `"${String(input)}" is not a rule that can be allowed.${didYouMean(String(input), allowableRules)} Possible are ${allowableRules.join(", ")}`,
    }),
  )
  .optional();

export const ApplyOptions = TargetOptions.extend({
  metadata: flag,
  allow,
  ...bounds,
  ...writing,
  database,
  dryRun: flag,
  strict: flag,
  outOfOrder: flag,
  transaction: z.boolean().default(true),
  changed: flag,
});

/** JSON and Markdown are both all that stdout has. */
const isOneFormat = ({
  json,
  markdown,
}: {
  json?: boolean | undefined;
  markdown?: boolean | undefined;
}): boolean => json !== true || markdown !== true;
const oneFormat = { error: "Choose --json or --markdown", path: [] };

export const StatusOptions = TargetOptions.extend({
  database,
  check: flag,
  full: flag,
  markdown: flag,
  html: text,
})
  .refine(isOneFormat, oneFormat)
  .refine(({ html, markdown, json }) => html !== "-" || (markdown ?? json) === undefined, {
    error: "Choose one of --html -, --json and --markdown: each needs stdout for itself",
    path: [],
  });

export const PlanOptions = TargetOptions.extend({
  metadata: flag,
  ...bounds,
  database,
  markdown: flag,
  rehearse: flag,
}).refine(isOneFormat, oneFormat);

export const DownOptions = TargetOptions.extend({
  allow,
  to: bounds.to,
  only: bounds.only,
  ...writing,
  everything: flag,
  counts: z.array(numeric(selection.steps.unwrap())).max(1, "takes only one number").default([]),
  database,
  dryRun: flag,
  transaction: z.boolean().default(true),
  changed: flag,
}).refine(
  ({ counts, to, only, everything }) =>
    counts.length === 0 || (to ?? only ?? everything) === undefined,
  // Commander knows of conflicts between options; the count is an operand.
  { error: "A count cannot be combined with --to, --only or --everything", path: [] },
);
export type DownOptions = z.infer<typeof DownOptions>;

export const RedoOptions = TargetOptions.extend({
  allow,
  ...writing,
  database,
  versions: z.array(Version).max(1, "takes only one version").default([]),
  dryRun: flag,
  changed: flag,
});

export const ResetToOptions = TargetOptions.extend({
  allow,
  ...writing,
  database,
  keep: flag,
  changed: flag,
  outOfOrder: flag,
  dryRun: flag,
  transaction: z.boolean().default(true),
});

export const MarkOptions = TargetOptions.extend({
  database,
  versions: z.array(Version),
  inDoubt: flag,
  dryRun: flag,
  applied: flag,
  pending: flag,
  wait: Wait,
})
  .refine(({ applied, pending }) => applied !== pending, {
    error: "Choose --applied or --pending",
    path: [],
  })
  .refine(({ versions, inDoubt }) => versions.length > 0 || inDoubt === true, {
    error: "Name the versions, or use --in-doubt for all that are in doubt",
    path: [],
  })
  .refine(({ versions, inDoubt }) => versions.length === 0 || inDoubt !== true, {
    error: "Versions and --in-doubt cannot be combined",
    path: [],
  });

export const SeedOptions = TargetOptions.extend({
  database,
  file: operations.seed.options.shape.files,
  again: flag,
  dryRun: flag,
  wait: Wait,
});

export const BaselineOptions = TargetOptions.extend({
  database,
  to: bounds.to,
  dryRun: flag,
  wait: Wait,
});

const run = operations.history.options.shape.run
  .unwrap()
  .regex(/^[0-9a-fA-F-]+$/, "must be a run's id, or a prefix of one")
  // As they are recorded.
  .toLowerCase()
  .optional();
export const CancelOptions = TargetOptions.extend({ run });
export const SqlOptions = TargetOptions.extend({
  database,
  statement: z.string().optional(),
  file: text,
  csv: flag,
  limit: numeric(operations.sql.options.shape.limit),
}).refine(({ json, csv }) => json !== true || csv !== true, {
  error: "Choose --json or --csv",
  path: [],
});
export const LocksOptions = TargetOptions.extend({ database });
export const MetadataDiffOptions = TargetOptions.extend({
  check: flag,
  full: flag,
  markdown: flag,
}).refine(isOneFormat, oneFormat);
export const MetadataApplyOptions = TargetOptions.extend({
  dryRun: flag,
  allowInconsistent: flag,
  full: flag,
  wait: Wait,
});
export const MetadataRestoreOptions = MetadataApplyOptions.extend({ run });
export const MetadataReloadOptions = TargetOptions.extend({
  recreateEventTriggers: flag,
  wait: Wait,
});
export const MetadataStatusOptions = TargetOptions.extend({ check: flag });
export const MetadataExportOptions = TargetOptions.extend({
  directory: text,
  output: z.enum(["json", "yaml"], { error: "must be json or yaml" }).optional(),
  dryRun: flag,
  check: flag,
  force: flag,
})
  .refine(({ json, output }) => json !== true || output === undefined, {
    error: "Choose --json or --output",
    path: [],
  })
  .refine(
    ({ json, dryRun, check, force }) => json !== true || (dryRun ?? check ?? force) === undefined,
    { error: "--json prints the metadata, so no file is written", path: [] },
  )
  .refine(
    ({ json, output, directory }) => directory === undefined || (json ?? output) === undefined,
    {
      error: "A directory and --output or --json cannot be combined",
      path: [],
    },
  );
export type MetadataExportOptions = z.infer<typeof MetadataExportOptions>;
export const HistoryOptions = TargetOptions.extend({
  run,
  limit: numeric(operations.history.options.shape.limit),
  queries: flag,
});

const port = numeric(z.int().min(1).max(65_535)).optional();
export const LocalOptions = TargetOptions.extend({
  reset: flag,
  serve: flag,
  port,
  lambdaPort: port,
  protected: flag,
}).refine(
  ({ serve, port, lambdaPort, protected: isProtected }) =>
    serve || (port ?? lambdaPort ?? isProtected) === undefined,
  { error: "--port, --lambda-port and --protected need --serve", path: [] },
);
export type LocalOptions = z.infer<typeof LocalOptions>;

export const NewOptions = GlobalOptions.extend({
  name: z.string(),
  database: text,
  sql: z.string().optional(),
  downSql: z.string().optional(),
  migrations: text,
});

export const VerifyOptions = GlobalOptions.extend({
  directory: text,
  database: text,
  since: text,
  databaseUrl: databaseAddress.optional(),
  throwaway: flag,
  postgresBin: text,
  superuser: flag,
  locks: flag,
  strict: flag,
})
  .refine(({ databaseUrl, throwaway }) => throwaway !== true || databaseUrl !== undefined, {
    error: "--throwaway needs --database-url",
    path: [],
  })
  .refine(
    ({ databaseUrl, postgresBin, superuser }) =>
      databaseUrl === undefined || (postgresBin ?? superuser) === undefined,
    {
      error:
        "--postgres-bin and --superuser are for a server that verify starts, not for --database-url",
      path: [],
    },
  );
export type VerifyOptions = z.infer<typeof VerifyOptions>;

export const SquashOptions = GlobalOptions.extend({
  from: z
    .string({ error: "Specify the first migration of the range: --from VERSION" })
    .pipe(Version),
  to: Version.optional(),
  name: z.string({ error: "Specify the name of the new migration: --name NAME" }),
  database: text,
  withoutDown: flag,
  delete: flag,
  migrations: text,
});

export const LintOptions = GlobalOptions.extend({
  directory: text,
  database: text,
  since: text,
  strict: flag,
  sarif: flag,
  github: flag,
}).refine(({ json, sarif, github }) => json !== true || (sarif ?? github) === undefined, {
  error: "Choose --json, --sarif or --github",
  path: [],
});
export type LintOptions = z.infer<typeof LintOptions>;

/** Regions as one word: `eu-west-1,us-east-1`. */
const regions = z
  .string()
  .transform((list) => list.split(",").map((name) => name.trim()))
  .pipe(z.array(word))
  .optional();

export const EnvsOptions = GlobalOptions.extend({
  showOrigin: flag,
  discover: flag,
  regions,
}).refine(({ discover, regions }) => discover === true || regions === undefined, {
  error: "--regions needs --discover",
  path: [],
});
export type EnvsOptions = z.infer<typeof EnvsOptions>;

export const InitOptions = GlobalOptions.extend({
  environments: z.array(word),
  discover: flag,
  regions,
  protect: z.array(word).default([]),
})
  .refine(({ discover, regions }) => discover === true || regions === undefined, {
    error: "--regions needs --discover",
    path: [],
  })
  .refine(
    ({ discover, environments, function: called }) =>
      discover !== true || environments.length > 0 || called === undefined,
    {
      error:
        "--function needs the environments' names; --discover finds the functions of the others",
      path: [],
    },
  );
export type InitOptions = z.infer<typeof InitOptions>;

export const CompletionOptions = GlobalOptions.extend({
  shell: z.enum(shells, { error: `must be one of ${shells.join(", ")}` }),
});

/**
 * Options as the command's schema describes them. Throws one usage failure with a line for every problem; it names options and
 * operands as they were typed.
 */
export function parseOptions<T>(
  schema: z.ZodType<T>,
  raw: RawOptions,
  commandLine: CommandLine,
): T {
  const parsed = schema.safeParse(raw, checkedOnce);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path[0];
    const words = problemWords(issue);
    return name === undefined ? `${words}.` : `${labelOf(String(name), commandLine)}: ${words}.`;
  });
  throw new Failure("usage", "usage", problems.join("\n"), {
    hints: [runHint([commandLine.command?.name ?? "apply", "--help"])],
  });
}

/** A schema's own message if it has one, or its limit in words. */
function problemWords(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && ["int", "number"].includes(issue.expected))
    return "must be a whole number";
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  if (issue.code !== "too_small") return issue.message;
  if (issue.origin === "string") return "must not be empty";
  return `must be at least ${issue.inclusive === false ? Number(issue.minimum) + 1 : issue.minimum}`;
}
