import * as z from "zod";
import { closestMatch } from "../did-you-mean.ts";
import { Failure } from "../protocol/failure.ts";
import { textHint } from "../protocol/hint.ts";
import { NotifyOn, WebhookAddress } from "../protocol/notification-settings.ts";

/** Where a secret comes from; `none` where there is none. */
export type SecretSetting =
  | { readonly from: "none" }
  | { readonly from: "environment"; readonly value: string }
  | { readonly from: "secrets-manager"; readonly id: string }
  | { readonly from: "parameter-store"; readonly name: string };

/** `upload-when-protected`: `upload` also in a protected environment. */
export type MigrationSource = "image" | "upload" | "upload-when-protected";
/** What callers that use none of the aliases (`permissions`) may do. */
export type Unqualified = "read" | "apply" | "admin" | "refuse";
export type LogLevel = "debug" | "info" | "warning";

/**
 * The function's settings, validated. Each comes from an environment variable HASURA_MIGRATE_*; `settingDefinitions` lists them.
 */
export interface Settings {
  /** The environment's name; `*` serves every name (embedded environment only). */
  readonly environment: string;
  readonly endpoint: URL;
  readonly adminSecret: SecretSetting;
  /** Default: `migrations` beside the handler. */
  readonly directory?: string;
  readonly engine: "native" | "hasura-cli";
  readonly ledger: boolean;
  /** Whether the ledger keeps the text of down files. */
  readonly keepDownSql: boolean;
  readonly keepMetadata: boolean;
  readonly protected: boolean;
  /** Where the migrations of a run may come from. */
  readonly sources: readonly MigrationSource[];
  /** Whether `sql` is allowed: never, only if the environment is not protected, or always. */
  readonly sql: "off" | "read" | "read-when-protected";
  /** Whether a migration that failed may be run a second time, rolled back. */
  readonly secondTry: boolean;
  readonly unqualified: Unqualified;
  readonly logLevel: LogLevel;
  /** Between the request to end a task and its end. */
  readonly stopTimeoutMs: number;
  /** Where the ends of runs are announced. */
  readonly notifications: {
    readonly on: NotifyOn;
    /** Address of a Slack-compatible webhook. */
    readonly webhook: SecretSetting;
    /** Name or ARN of an EventBridge bus. */
    readonly eventBus?: string;
  };
  /** Whether metrics are written to the log. Never in the embedded environment. */
  readonly metrics: boolean;
  /** What the image was built from, and when. */
  readonly image: { readonly commit?: string; readonly builtAt?: string };
}

const prefix = "HASURA_MIGRATE_";
const text = z.string().trim().min(1, "is empty");
const endpoint = text.transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const problem =
    url && ["http:", "https:"].includes(url.protocol)
      ? urlProblem(url)
      : "must be an http:// or https:// URL";
  if (url && problem === undefined) return url;
  context.addIssue(problem ?? "must be a URL");
  return z.NEVER;
});
const yesOrNo = z.stringbool({ error: "must be true or false" });
const oneOf = <const T extends string>(...values: T[]) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });
/** PutEvents' own: a name, or the ARN of a bus. */
const eventBusPattern =
  /^(arn:aws[\w-]*:events:[a-z]{2}(-[a-z]+)+-\d+:\d{12}:event-bus\/)?[/.\-_A-Za-z0-9]{1,256}$/;

const sourceNames = ["image", "upload", "upload-when-protected"] as const;
const sourceList = z
  .string()
  .transform((list) => list.split(",").map((name) => name.trim()))
  .pipe(
    z
      .array(oneOf(...sourceNames))
      .refine((names) => names.includes("image"), "must contain image")
      .refine(
        (names) => !names.includes("upload-when-protected") || names.includes("upload"),
        "must contain upload if it contains upload-when-protected",
      ),
  );

const variables = {
  HASURA_MIGRATE_ENVIRONMENT: text.describe(
    "the environment's name; requests for another environment are refused",
  ),
  HASURA_MIGRATE_ENDPOINT: endpoint.describe("Hasura's own address, without `/v1/graphql`"),
  HASURA_MIGRATE_ADMIN_SECRET: text
    .optional()
    .describe(
      "Hasura's admin secret; not for use in AWS, where anyone who can read the function's configuration would see it",
    ),
  HASURA_MIGRATE_ADMIN_SECRET_ARN: text
    .optional()
    .describe("or its ARN or name in Secrets Manager"),
  HASURA_MIGRATE_ADMIN_SECRET_PARAMETER: text
    .optional()
    .describe("or its name in the SSM parameter store"),
  HASURA_MIGRATE_DIRECTORY: text
    .optional()
    .describe("the Hasura project; default: `migrations` beside the handler"),
  HASURA_MIGRATE_ENGINE: oneOf("native", "hasura-cli")
    .default("native")
    .describe("`native`, or `hasura-cli` to run migrations with the official Hasura CLI"),
  HASURA_MIGRATE_LEDGER: oneOf("on", "off")
    .default("on")
    .describe("`on` to record migrations in a ledger in their own transaction, or `off`"),
  HASURA_MIGRATE_KEEP_DOWN_SQL: oneOf("on", "off")
    .default("on")
    .describe(
      "`on` to keep the text of each migration's down file in the ledger, or `off` if down files contain secrets",
    ),
  HASURA_MIGRATE_KEEP_METADATA: oneOf("on", "off")
    .default("on")
    .describe(
      "`on` to keep replaced [metadata](metadata.md) in the ledger, with the secrets in it, so that it can be restored; or `off`",
    ),
  HASURA_MIGRATE_PROTECTED: yesOrNo
    .default(false)
    .describe("refuse changes that are not confirmed with the environment's name"),
  HASURA_MIGRATE_SOURCES: sourceList
    .default(["image"])
    .describe(
      "where migrations may come from: `image`, or `image,upload` to accept [uploads of a branch](branches.md) too; a protected environment also needs `upload-when-protected`",
    ),
  HASURA_MIGRATE_SQL: oneOf("off", "read", "read-when-protected")
    .default("off")
    .describe(
      "whether [`sql`](queries.md) may read data: `off`, `read`, or `read-when-protected` for a protected environment",
    ),
  HASURA_MIGRATE_SECOND_TRY: oneOf("on", "off")
    .default("on")
    .describe(
      "`on` to find the failing statement of a migration by [running the file a second time and rolling it back](writing-migrations.md#locating-an-error), or `off`; never done in a protected environment",
    ),
  HASURA_MIGRATE_UNQUALIFIED: oneOf("read", "apply", "admin", "refuse")
    .default("admin")
    .describe(
      "what callers without an alias may do: `read`, `apply`, `admin` (which includes `query`) or `refuse`",
    ),
  HASURA_MIGRATE_LOG_LEVEL: oneOf("debug", "info", "warning")
    .default("info")
    .describe("`debug`, `info` or `warning`"),
  HASURA_MIGRATE_STOP_TIMEOUT: z.coerce
    .number({ error: "must be a number of seconds" })
    .int("must be a whole number of seconds")
    .min(5, "must be at least 5")
    .max(120, "must be at most 120")
    .default(30)
    .describe("for an ECS task: the `stopTimeout` of its task definition, in seconds"),
  HASURA_MIGRATE_NOTIFY_URL: WebhookAddress.optional().describe(
    "address of a [Slack-compatible webhook](notifications.md) that gets a message at the end of every run; not in AWS, where anyone who can read the function's configuration would see it",
  ),
  HASURA_MIGRATE_NOTIFY_URL_ARN: text
    .optional()
    .describe("or the ARN or name in Secrets Manager of a secret that contains the address"),
  HASURA_MIGRATE_NOTIFY_URL_PARAMETER: text
    .optional()
    .describe("or its name in the SSM parameter store"),
  HASURA_MIGRATE_NOTIFY_ON: NotifyOn.default("changes").describe(
    "which runs are announced: `changes` for those that changed something or failed, `failures`, or `all`",
  ),
  HASURA_MIGRATE_EVENT_BUS: text
    .regex(eventBusPattern, "must be the name or ARN of an event bus")
    .optional()
    .describe("name or ARN of an EventBridge bus that receives an event at every run's end"),
  HASURA_MIGRATE_METRICS: oneOf("on", "off")
    .default("on")
    .describe("`on` to write [CloudWatch metrics](notifications.md#metrics) to the log, or `off`"),
};
const known = Object.keys(variables);
const Variables = z.object({
  ...variables,
  GIT_COMMIT: z.string().optional(),
  BUILT_AT: z.string().optional(),
});
type Variables = z.infer<typeof Variables>;

/** One setting, for the documentation. */
export interface SettingDefinition {
  /** The environment variable. */
  readonly name: string;
  /** What it means, as Markdown. */
  readonly meaning: string;
  readonly required: boolean;
  /** As it would be written; absent where there is none. */
  readonly default?: string;
}

/** Every setting of the function, in the order of the documentation. */
export const settingDefinitions: readonly SettingDefinition[] = Object.entries(variables).map(
  ([name, schema]) => {
    const unset = schema.safeParse(undefined);
    return {
      name,
      meaning: schema.description ?? "",
      required: !unset.success,
      ...(unset.data !== undefined && { default: String(unset.data) }),
    };
  },
);

/**
 * Reads the function's settings. A variable that is set but empty counts as absent, because deployment templates set such ones.
 * Throws usage/function-settings with every problem and its variable, never with the value of a secret.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ""),
  );
  const misspelt = Object.keys(given).filter(
    (name) => name.startsWith(prefix) && !known.includes(name),
  );
  const parsed = Variables.safeParse(given);
  const problems = [
    ...misspelt.map(unknownVariable),
    ...(parsed.success
      ? contradictions(parsed.data)
      : parsed.error.issues.map((issue) => shapeProblem(issue, given))),
  ];
  if (problems.length > 0 || !parsed.success) throw settingsFailure(problems);
  return settingsFrom(parsed.data);
}

/**
 * What may be a secret in the environment, whether the settings are valid or not: values of variables that are named after one, and
 * of those whose names are no settings, because they may be misspelt.
 */
export function secretsIn(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value = ""]) => {
    const isAddress = /_(ARN|PARAMETER)$/.test(name);
    const isNamedSo = /^HASURA_.*SECRET/.test(name) && !isAddress;
    const isUnknown = name.startsWith(prefix) && !known.includes(name);
    return isNamedSo || isUnknown ? [value.trim()] : [];
  });
}

function settingsFrom(values: Variables): Settings {
  return {
    environment: values.HASURA_MIGRATE_ENVIRONMENT,
    endpoint: values.HASURA_MIGRATE_ENDPOINT,
    adminSecret: secretOf(values, "HASURA_MIGRATE_ADMIN_SECRET"),
    ...(values.HASURA_MIGRATE_DIRECTORY !== undefined && {
      directory: values.HASURA_MIGRATE_DIRECTORY,
    }),
    engine: values.HASURA_MIGRATE_ENGINE,
    ledger: values.HASURA_MIGRATE_LEDGER === "on",
    keepDownSql: values.HASURA_MIGRATE_KEEP_DOWN_SQL === "on",
    keepMetadata: values.HASURA_MIGRATE_KEEP_METADATA === "on",
    protected: values.HASURA_MIGRATE_PROTECTED,
    sources: values.HASURA_MIGRATE_SOURCES,
    sql: values.HASURA_MIGRATE_SQL,
    secondTry: values.HASURA_MIGRATE_SECOND_TRY === "on",
    unqualified: values.HASURA_MIGRATE_UNQUALIFIED,
    logLevel: values.HASURA_MIGRATE_LOG_LEVEL,
    stopTimeoutMs: values.HASURA_MIGRATE_STOP_TIMEOUT * 1000,
    notifications: {
      on: values.HASURA_MIGRATE_NOTIFY_ON,
      webhook: secretOf(values, "HASURA_MIGRATE_NOTIFY_URL"),
      ...(values.HASURA_MIGRATE_EVENT_BUS !== undefined && {
        eventBus: values.HASURA_MIGRATE_EVENT_BUS,
      }),
    },
    metrics: values.HASURA_MIGRATE_METRICS === "on" && values.HASURA_MIGRATE_ENVIRONMENT !== "*",
    image: {
      ...(values.GIT_COMMIT && { commit: values.GIT_COMMIT }),
      ...(values.BUILT_AT && { builtAt: values.BUILT_AT }),
    },
  };
}

type SecretVariable = "HASURA_MIGRATE_ADMIN_SECRET" | "HASURA_MIGRATE_NOTIFY_URL";

function secretOf(values: Variables, variable: SecretVariable): SecretSetting {
  const value = values[variable];
  if (value !== undefined) return { from: "environment", value };
  const id = values[`${variable}_ARN`];
  if (id !== undefined) return { from: "secrets-manager", id };
  const name = values[`${variable}_PARAMETER`];
  return name === undefined ? { from: "none" } : { from: "parameter-store", name };
}

/** Problems of several variables together. */
function contradictions(values: Variables): string[] {
  return [
    ...severalSources(values, "HASURA_MIGRATE_ADMIN_SECRET"),
    ...severalSources(values, "HASURA_MIGRATE_NOTIFY_URL"),
  ];
}

function severalSources(values: Variables, variable: SecretVariable): string[] {
  const names = [variable, `${variable}_ARN`, `${variable}_PARAMETER`] as const;
  const set = names.filter((name) => values[name] !== undefined);
  return set.length > 1 ? [`${set.join(" and ")} cannot be combined: set one of them`] : [];
}

/** Credentials in the URL would appear in messages; a query or fragment is never part of an API's address. */
function urlProblem(url: URL): string | undefined {
  if (url.username !== "" || url.password !== "") return "must not contain a user name or password";
  if (url.search !== "" || url.hash !== "") return "must not contain a query or fragment";
  return /\/v1\/graphql\/?$/.test(url.pathname)
    ? "must be Hasura's own address, without /v1/graphql"
    : undefined;
}

function shapeProblem(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const name = String(issue.path[0]);
  return name in given ? `${name} ${issue.message}` : `${name} is not set`;
}

function unknownVariable(name: string): string {
  // The common prefix does not help to find the intended name.
  const words = known.map(withoutPrefix);
  const near = closestMatch(withoutPrefix(name), words);
  const suggestion = near === undefined ? "" : `: did you mean ${prefix}${near}?`;
  return `${name} is not a setting of this version${suggestion}`;
}

function withoutPrefix(name: string): string {
  return name.slice(prefix.length);
}

function settingsFailure(problems: readonly string[]): Failure {
  const what =
    problems.length === 1
      ? "The function's settings are invalid"
      : `The function's settings have ${String(problems.length)} problems`;
  return new Failure("usage", "function-settings", `${what}: ${problems.join("; ")}.`, {
    hints: [textHint("Correct the function's environment variables, in its deployment template.")],
  });
}
