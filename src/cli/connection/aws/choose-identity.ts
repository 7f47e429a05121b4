import { Failure } from "../../../protocol/failure.ts";
import { commandHint, retryHint, textHint } from "../../../protocol/hint.ts";
import type { Target } from "../../config/resolve-target.ts";
import { isLoopback } from "../loopback.ts";
import { closestMatch } from "../../../did-you-mean.ts";
import type { Environment } from "../../context.ts";
import { misnamedSection } from "./profile-problems.ts";
import type { SharedConfig } from "./shared-config.ts";

/** The source of credentials, chosen before any are fetched. */
export type Identity =
  | { readonly kind: "profile"; readonly profile: string; readonly notice?: string }
  | { readonly kind: "ambient"; readonly source: AmbientSource; readonly notice?: string };

/** Where credentials without a profile come from. `none`: a service on this machine, which checks no signatures. */
export type AmbientSource = "environment" | "web-identity" | "container" | "instance" | "none";

const sourceNames: Readonly<Record<AmbientSource, string>> = {
  environment: "AWS_ACCESS_KEY_ID",
  "web-identity": "AWS_WEB_IDENTITY_TOKEN_FILE",
  container: "the container's role",
  instance: "the instance's role",
  none: "no credentials",
};

/**
 * Only the profile is used: falling back to other credentials could silently reach another account. The one exception is a
 * profile from a configuration file that does not exist here, where this is a CI job (or a machine without any profiles) with
 * credentials of its own; a notice says so. Throws `access/profile-missing`.
 */
export function identityOf(target: Target, files: SharedConfig, env: Environment): Identity {
  const { name, from } = target.profile;
  // A service on this machine needs no account, whatever is configured: `hasura-migrate local --serve`.
  if (from !== "flag" && isLoopback(target.endpointUrl)) return { kind: "ambient", source: "none" };
  if (files.profiles.includes(name)) return ofProfile(name, from, env);
  const ambient = ambientSource(env);
  if (from === "convention") return conventional(files, env, ambient);
  if (
    from === "config" &&
    ambient !== undefined &&
    (isSet(env["CI"]) || files.profiles.length === 0)
  ) {
    return {
      kind: "ambient",
      source: ambient,
      notice: `AWS profile "${name}" does not exist on this machine; using ${sourceNames[ambient]} instead.`,
    };
  }
  throw profileMissing(name, files);
}

/** A profile, with a notice where the environment names other credentials, which the AWS CLI would use. */
function ofProfile(
  profile: string,
  from: Target["profile"]["from"] | "AWS_PROFILE",
  env: Environment,
): Identity {
  const other = env["AWS_PROFILE"];
  const ignored = [
    ...(isSet(env["AWS_ACCESS_KEY_ID"]) ? ["AWS_ACCESS_KEY_ID"] : []),
    ...(isSet(other) && other !== profile ? [`AWS_PROFILE=${other}`] : []),
  ];
  // A typed or configured profile is intended; one found by convention may be a surprise.
  const notice =
    ignored.length > 0 && (from === "convention" || from === "AWS_PROFILE")
      ? `Using AWS profile "${profile}"${from === "convention" ? ", which has the environment's name" : " from AWS_PROFILE"}; ${ignored.join(" and ")} ${ignored.length === 1 ? "is" : "are"} ignored.`
      : undefined;
  return { kind: "profile", profile, ...(notice !== undefined && { notice }) };
}

function conventional(
  files: SharedConfig,
  env: Environment,
  ambient: AmbientSource | undefined,
): Identity {
  const chosen = env["AWS_PROFILE"];
  if (chosen) {
    if (!files.profiles.includes(chosen)) throw profileMissing(chosen, files);
    return ofProfile(chosen, "AWS_PROFILE", env);
  }
  if (ambient !== undefined)
    return {
      kind: "ambient",
      source: ambient,
      notice: `Using the credentials from ${sourceNames[ambient]}.`,
    };
  if (files.profiles.includes("default")) return { kind: "profile", profile: "default" };
  return { kind: "ambient", source: "instance" };
}

/** The source of the credentials, for messages. */
export function describeIdentity(identity: Identity): string {
  return identity.kind === "profile"
    ? `profile "${identity.profile}"`
    : `this environment (${sourceNames[identity.source]})`;
}

function ambientSource(env: Environment): AmbientSource | undefined {
  const present = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].filter((name) => isSet(env[name]));
  if (present.length === 1 && !isSet(env["AWS_PROFILE"])) throw halfAKey(present[0] ?? "");
  if (isSet(env["AWS_ACCESS_KEY_ID"]) && isSet(env["AWS_SECRET_ACCESS_KEY"])) return "environment";
  if (isSet(env["AWS_WEB_IDENTITY_TOKEN_FILE"]) && isSet(env["AWS_ROLE_ARN"]))
    return "web-identity";
  if (
    isSet(env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]) ||
    isSet(env["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
  )
    return "container";
  return undefined;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "false";
}

/** Most often a job for a pull request from a fork, where CI systems provide no secrets. */
function halfAKey(present: string): Failure {
  const missing = present === "AWS_ACCESS_KEY_ID" ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID";
  return new Failure("access", "no-credentials", `${present} is set, but ${missing} is empty.`, {
    hints: [
      textHint(`Set both, or neither. CI systems do not pass secrets to builds of forks.`),
      textHint('Or choose a profile with --profile, or "profile" in hasura-migrate.json.'),
    ],
  });
}

function profileMissing(name: string, files: SharedConfig): Failure {
  const suggestion = closestMatch(name, files.profiles);
  const known =
    files.profiles.length === 0
      ? `There are no profiles in ${files.configFilepath} or ${files.filepath}.`
      : `Profiles: ${files.profiles.join(", ")}.`;
  const next =
    suggestion === undefined
      ? commandHint(["aws", "configure", "sso", "--profile", name], "to create it")
      : retryHint({ with: ["--profile", suggestion] });
  const meant = suggestion === undefined ? "" : ` Did you mean "${suggestion}"?`;
  const misnamed = misnamedSection(name, files);
  if (misnamed !== undefined)
    return new Failure(
      "access",
      "profile-missing",
      `AWS profile "${name}" does not exist: ${misnamed}.`,
      { hints: [textHint(known)] },
    );
  return new Failure("access", "profile-missing", `AWS profile "${name}" does not exist.${meant}`, {
    hints: [next, textHint(known)],
  });
}
