import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { Version } from "../../protocol/migration.ts";
import { Wait } from "./duration.ts";

/* What each command was asked, checked once. Conflicts between options live here and nowhere else. */

const flag = z.boolean().optional();
const text = z.string().min(1, "must not be empty").optional();
const count = z
  .preprocess(
    (given) => (typeof given === "string" && /^-?\d+$/.test(given) ? Number(given) : given),
    z.int("must be a whole number").positive("must be at least 1"),
  )
  .optional();
const version = Version.optional();

/** Options every command takes. */
const everywhere = {
  json: flag,
  quiet: flag,
  color: z.boolean().default(true),
  profile: text,
  region: text,
  function: text,
  endpointUrl: z.url("must be a URL such as http://127.0.0.1:9001").optional(),
  config: text,
  debug: flag,
};

const databaseUrl = z
  .url({
    protocol: /^postgres(ql)?$/,
    error: "must be an address such as postgres://user@host/database",
  })
  .optional();
/** `migrations` and `databaseUrl` are about the embedded environment. */
const target = {
  ...everywhere,
  environments: z.array(z.string().min(1)),
  migrations: text,
  databaseUrl,
};
/** `true` for a bare `--yes`, else the name given. */
const yes = z.union([z.boolean(), z.string()]).optional();
const which = { to: version, steps: count, only: version, database: text };
const writing = { yes, reload: z.boolean().default(true), wait: Wait };

interface Which {
  readonly to?: string | undefined;
  readonly steps?: number | undefined;
  readonly only?: string | undefined;
}
const oneBound = (it: Which): boolean =>
  [it.to, it.steps, it.only].filter((bound) => bound !== undefined).length <= 1;
const bounds = { error: "--to, --steps and --only exclude each other", path: [] };

export const ApplyOptions = z
  .object({
    ...target,
    ...which,
    ...writing,
    dryRun: flag,
    strict: flag,
    outOfOrder: flag,
    transaction: z.boolean().default(true),
  })
  .refine(oneBound, bounds);
export const StatusOptions = z.object({ ...target, database: text, check: flag });
export const PlanOptions = z.object({ ...target, ...which }).refine(oneBound, bounds);
export const DownOptions = z
  .object({
    ...target,
    ...which,
    ...writing,
    all: flag,
    dryRun: flag,
    transaction: z.boolean().default(true),
  })
  .refine((it) => oneBound(it) && !(it.all && (it.to ?? it.steps ?? it.only) !== undefined), {
    error: "A count, --to, --only and --all exclude each other",
    path: [],
  });
export const RedoOptions = z.object({ ...target, ...writing, database: text });
export const MarkOptions = z
  .object({
    ...target,
    database: text,
    versions: z.array(Version),
    applied: flag,
    pending: flag,
    yes,
    wait: Wait,
  })
  .refine((it) => it.applied !== it.pending, {
    error: "Say either --applied or --pending",
    path: [],
  });
const run = z
  .string()
  .regex(/^[0-9a-fA-F-]+$/, "must be a run's id, or the beginning of one")
  .optional();
export const CancelOptions = z.object({ ...target, run });
export const HistoryOptions = z.object({ ...target, run, limit: count });
export const LocalOptions = z.object({ ...target, yes, reset: flag, serve: flag });
export const EnvsOptions = z.object(everywhere);
export const NewOptions = z.object({
  ...everywhere,
  name: z.string(),
  database: text,
  sql: z.string().optional(),
  downSql: z.string().optional(),
  migrations: text,
});

/** What `operate` needs of every command that reaches an environment. */
export const TargetOptions = z.object({ ...target, yes });
export type TargetOptions = z.infer<typeof TargetOptions>;
export type GlobalOptions = z.infer<typeof EnvsOptions>;

/**
 * Options as the command's schema wants them. Throws one usage failure with every problem, a line each, that names options and
 * operands as they were typed, and leads to that command's own help.
 */
export function parseOptions<T>(schema: z.ZodType<T>, given: object, command: string): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path[0];
    return name === undefined
      ? issue.message
      : `${labelOf(String(name), command)}: ${issue.message}`;
  });
  throw new Failure("usage", "usage", problems.map((problem) => `${problem}.`).join("\n"), {
    hints: [`hasura-migrate ${command} --help`],
  });
}

/** Names of operands, where they differ from the name they have here. */
const operands: Readonly<Record<string, string>> = {
  versions: "version",
  name: "name",
  environments: "environment",
  "down steps": "count",
};

function labelOf(name: string, command: string): string {
  return (
    operands[`${command} ${name}`] ??
    operands[name] ??
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  );
}
