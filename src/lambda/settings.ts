import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import { Failure } from "../protocol/failure.ts";

/** Where Hasura's admin secret comes from; `none` is a Hasura without one. */
export type AdminSecretSetting =
  | { readonly from: "none" }
  | { readonly from: "environment"; readonly value: string }
  | { readonly from: "secrets-manager"; readonly id: string }
  | { readonly from: "parameter-store"; readonly name: string };

/** What callers without one of the aliases `read`, `apply` and `admin` may do. */
export type Unqualified = "read" | "apply" | "admin" | "refuse";
export type LogLevel = "debug" | "info" | "warning";

/**
 * The function's settings, validated. Each comes from an environment variable HASURA_MIGRATE_*; see
 * docs/configuration.md.
 */
export interface Settings {
  /** The function's own name; `*` answers to every name (embedded environment only). */
  readonly environment: string;
  readonly endpoint: URL;
  readonly adminSecret: AdminSecretSetting;
  /** Absent: `migrations` beside the handler. */
  readonly directory?: string;
  readonly engine: "native" | "hasura-cli";
  readonly ledger: boolean;
  readonly protected: boolean;
  readonly sources: "image";
  readonly unqualified: Unqualified;
  readonly logLevel: LogLevel;
  /** What the image was built from. */
  readonly image: { readonly commit?: string; readonly builtAt?: string };
}

const prefix = "HASURA_MIGRATE_";
const text = z.string().trim().min(1, "is empty");
const endpoint = text.transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const problem =
    url && ["http:", "https:"].includes(url.protocol)
      ? partsNotWanted(url)
      : "is no http:// or https:// address";
  if (url && problem === undefined) return url;
  context.addIssue(problem ?? "is no address");
  return z.NEVER;
});
const yesOrNo = z.stringbool({ error: "must be true or false" });
const oneOf = <const T extends string>(...values: T[]) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const variables = {
  HASURA_MIGRATE_ENVIRONMENT: text,
  HASURA_MIGRATE_ENDPOINT: endpoint,
  HASURA_MIGRATE_ADMIN_SECRET: text.optional(),
  HASURA_MIGRATE_ADMIN_SECRET_ARN: text.optional(),
  HASURA_MIGRATE_ADMIN_SECRET_PARAMETER: text.optional(),
  HASURA_MIGRATE_DIRECTORY: text.optional(),
  HASURA_MIGRATE_ENGINE: oneOf("native", "hasura-cli").default("native"),
  HASURA_MIGRATE_LEDGER: oneOf("on", "off").default("on"),
  HASURA_MIGRATE_PROTECTED: yesOrNo.default(false),
  HASURA_MIGRATE_SOURCES: z
    .literal("image", { error: "must be image: this version has no other place for migrations" })
    .default("image"),
  HASURA_MIGRATE_UNQUALIFIED: oneOf("read", "apply", "admin", "refuse").default("admin"),
  HASURA_MIGRATE_LOG_LEVEL: oneOf("debug", "info", "warning").default("info"),
};
const known = Object.keys(variables);
const Variables = z.object({
  ...variables,
  GIT_COMMIT: z.string().optional(),
  BUILT_AT: z.string().optional(),
});
type Variables = z.infer<typeof Variables>;

/**
 * Reads the function's settings. A variable that is set but empty counts as absent, as deployment templates leave them.
 * Throws usage/function-settings with every problem, each named after its variable; never shows a value of a secret.
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

function settingsFrom(it: Variables): Settings {
  return {
    environment: it.HASURA_MIGRATE_ENVIRONMENT,
    endpoint: it.HASURA_MIGRATE_ENDPOINT,
    adminSecret: adminSecretOf(it),
    ...(it.HASURA_MIGRATE_DIRECTORY !== undefined && { directory: it.HASURA_MIGRATE_DIRECTORY }),
    engine: it.HASURA_MIGRATE_ENGINE,
    ledger: it.HASURA_MIGRATE_LEDGER === "on",
    protected: it.HASURA_MIGRATE_PROTECTED,
    sources: it.HASURA_MIGRATE_SOURCES,
    unqualified: it.HASURA_MIGRATE_UNQUALIFIED,
    logLevel: it.HASURA_MIGRATE_LOG_LEVEL,
    image: {
      ...(it.GIT_COMMIT && { commit: it.GIT_COMMIT }),
      ...(it.BUILT_AT && { builtAt: it.BUILT_AT }),
    },
  };
}

function adminSecretOf(it: Variables): AdminSecretSetting {
  if (it.HASURA_MIGRATE_ADMIN_SECRET !== undefined)
    return { from: "environment", value: it.HASURA_MIGRATE_ADMIN_SECRET };
  if (it.HASURA_MIGRATE_ADMIN_SECRET_ARN !== undefined)
    return { from: "secrets-manager", id: it.HASURA_MIGRATE_ADMIN_SECRET_ARN };
  const name = it.HASURA_MIGRATE_ADMIN_SECRET_PARAMETER;
  return name === undefined ? { from: "none" } : { from: "parameter-store", name };
}

/** What no single variable can be blamed for. */
function contradictions(it: Variables): string[] {
  const secrets = known
    .filter((name): name is keyof Variables => name.includes("ADMIN_SECRET"))
    .filter((name) => it[name] !== undefined);
  return [
    ...(secrets.length > 1 ? [`${secrets.join(" and ")} exclude each other: set one of them`] : []),
    ...(it.HASURA_MIGRATE_ENVIRONMENT === "*" && it.HASURA_MIGRATE_PROTECTED
      ? [
          "HASURA_MIGRATE_ENVIRONMENT=* (the embedded environment) cannot be HASURA_MIGRATE_PROTECTED: it has no name to confirm",
        ]
      : []),
  ];
}

/** Credentials in the address would end up in messages; a query or fragment belongs to no API. */
function partsNotWanted(url: URL): string | undefined {
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (url.search !== "" || url.hash !== "") return "must not hold a query or fragment";
  return /\/v1\/graphql\/?$/.test(url.pathname)
    ? "is Hasura's own address, without /v1/graphql"
    : undefined;
}

function shapeProblem(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const name = String(issue.path[0]);
  return name in given ? `${name} ${issue.message}` : `${name} is not set`;
}

function unknownVariable(name: string): string {
  const near = closest(name, known);
  return `${name} is no setting of this version${distance(name, near) <= 4 ? `: did you mean ${near}?` : ""}`;
}

function settingsFailure(problems: readonly string[]): Failure {
  const what =
    problems.length === 1
      ? "The function's settings have a problem"
      : `The function's settings have ${String(problems.length)} problems`;
  return new Failure("usage", "function-settings", `${what}: ${problems.join("; ")}.`, {
    hints: [
      "correct the function's environment variables (its deployment template), then run again",
    ],
  });
}
