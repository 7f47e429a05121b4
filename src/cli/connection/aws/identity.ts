import { Failure } from "../../../protocol/failure.ts";
import type { Target } from "../../config/resolve-target.ts";
import { didYouMean } from "../../options/did-you-mean.ts";
import type { Environment } from "../../context.ts";
import type { SharedConfig } from "./shared-config.ts";

/** Whose credentials are used, decided before any of them is asked for. */
export type Identity =
  | { readonly kind: "profile"; readonly profile: string }
  | { readonly kind: "ambient"; readonly source: AmbientSource; readonly notice?: string };

/** `none`: a service on this machine, which checks no signatures. */
export type AmbientSource = "environment" | "web-identity" | "container" | "instance" | "none";

const sourceWords: Readonly<Record<AmbientSource, string>> = {
  environment: "AWS_ACCESS_KEY_ID",
  "web-identity": "AWS_WEB_IDENTITY_TOKEN_FILE",
  container: "the container's role",
  instance: "the instance's role",
  none: "no AWS at all",
};

/**
 * A profile is used by itself: falling through to whatever else is at hand could reach another account without a word.
 * The one exception is a profile that a file names and this machine does not have, where the machine is a CI job (or has
 * no profiles at all) and brings credentials of its own; that is said. Throws `access/profile-missing`.
 */
export function identityOf(target: Target, files: SharedConfig, env: Environment): Identity {
  const { name, from } = target.profile;
  if (files.profiles.includes(name)) return { kind: "profile", profile: name };
  // What stands on this machine is no AWS: `hasura-migrate local --serve`, without any account.
  if (from !== "flag" && isLoopback(target.endpointUrl)) return { kind: "ambient", source: "none" };
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
      notice: `There is no AWS profile "${name}" here; using ${sourceWords[ambient]} instead.`,
    };
  }
  throw profileMissing(name, files);
}

function conventional(
  files: SharedConfig,
  env: Environment,
  ambient: AmbientSource | undefined,
): Identity {
  const chosen = env["AWS_PROFILE"];
  if (chosen) {
    if (!files.profiles.includes(chosen)) throw profileMissing(chosen, files);
    return { kind: "profile", profile: chosen };
  }
  if (ambient !== undefined)
    return {
      kind: "ambient",
      source: ambient,
      notice: `Using the credentials of ${sourceWords[ambient]}.`,
    };
  if (files.profiles.includes("default")) return { kind: "profile", profile: "default" };
  return { kind: "ambient", source: "instance" };
}

function ambientSource(env: Environment): AmbientSource | undefined {
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

/** A service on this machine: it has neither accounts nor logs in CloudWatch. */
export function isLoopback(url: string | undefined): boolean {
  return url !== undefined && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(url);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "false";
}

function profileMissing(name: string, files: SharedConfig): Failure {
  const known =
    files.profiles.length === 0
      ? `${files.configFilepath} has no profiles`
      : `Profiles: ${files.profiles.join(", ")}`;
  return new Failure(
    "access",
    "profile-missing",
    `There is no AWS profile "${name}".${didYouMean(name, files.profiles)}`,
    {
      hints: [`aws configure sso --profile ${name}`, known],
    },
  );
}
