import type { FailureCode } from "../../../protocol/failure-codes/index.ts";
import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../../protocol/hint.ts";
import type { Environment } from "../../context.ts";
import type { Delivery } from "./delivery.ts";
import type { AmbientSource, Identity } from "./choose-identity.ts";
import { networkFailure } from "./network-errors.ts";
import type { SharedConfig } from "./shared-config.ts";
import {
  credentialProblem,
  deniedAccess,
  errorCode,
  errorName,
  presentSsoSettings,
  requestIdOf,
  type CredentialProblem,
} from "./sdk-error.ts";

/** The message and hints of this kind of failure. */
interface Explanation {
  readonly code: FailureCode;
  readonly message: string;
  readonly hints?: readonly Hint[];
}

/** What is known besides the error. */
interface Circumstances {
  readonly delivery: Delivery;
  readonly files: SharedConfig;
  readonly env: Environment;
}

/** An error of the providers of credentials as one sentence and the next command. */
export async function explainCredentials(
  thrown: unknown,
  identity: Identity,
  { delivery, files, env }: Circumstances,
): Promise<Failure> {
  if (thrown instanceof Failure) return thrown;
  const asked = serviceOf(identity, files);
  // A machine without a role has no metadata service either, so this is not a network failure.
  const network =
    asked === undefined
      ? undefined
      : await networkFailure(thrown, delivery, {
          ...asked,
          url: undefined,
          unreachable: "sts-unreachable",
          env,
        });
  if (network !== undefined) return network;
  const missing = missingToken(thrown, identity);
  if (missing !== undefined) return missing;
  if (identity.kind === "ambient") return explainAmbient(thrown, identity.source);
  const { profile } = identity;
  const emptySource = noCredentialSource(profile, files, thrown);
  if (emptySource !== undefined) return emptySource;
  const problem = credentialProblem(thrown);
  const { code, message, hints } =
    incompleteSso(thrown, profile) ??
    (problem === undefined ? explainSts(thrown, profile) : explainProfile(problem, profile));
  return new Failure("access", code, message, { hints: hints ?? [], cause: thrown });
}

function explainProfile(problem: CredentialProblem, profile: string): Explanation {
  switch (problem) {
    case "sso-login":
      return {
        code: "sso-expired",
        message: `The SSO login of profile "${profile}" is missing or has expired.`,
        hints: [commandHint(["aws", "sso", "login", "--profile", profile])],
      };
    case "sso-forbidden":
      return {
        code: "sso-forbidden",
        message: `SSO does not allow you to use the role of profile "${profile}".`,
        hints: [textHint("Ask for that role, or choose another profile with --profile.")],
      };
    case "sso-session-missing":
      return {
        code: "profile-broken",
        message: `Profile "${profile}" refers to an sso-session that is not in the AWS configuration.`,
        hints: [configureSso(profile)],
      };
    case "login":
      return {
        code: "login-missing",
        message: `You are not logged in with profile "${profile}".`,
        hints: [commandHint(["aws", "login", "--profile", profile])],
      };
    case "role-cycle":
      return {
        code: "profile-broken",
        message: `The role chain of profile "${profile}" is circular.`,
      };
    case "credential-process":
      return {
        code: "credential-process",
        message: `The credential_process of profile "${profile}" failed.`,
        hints: [textHint("Run that command directly to see why.")],
      };
    case "empty":
      return {
        code: "profile-broken",
        message: `Profile "${profile}" has no credentials: neither keys, nor a role with a source, nor SSO.`,
        hints: [commandHint(["aws", "configure", "list", "--profile", profile])],
      };
  }
}

function configureSso(profile: string): Hint {
  return commandHint(["aws", "configure", "sso", "--profile", profile]);
}

const profileSettings = ["sso_account_id", "sso_role_name"];
const sessionSettings = ["sso_start_url", "sso_region"];

/** The SDK lists the settings it found; those of the sso-session are among them even if they are not set. */
function incompleteSso(thrown: unknown, profile: string): Explanation | undefined {
  const present = presentSsoSettings(thrown);
  if (!present) return undefined;
  const missing = (names: readonly string[]): string =>
    names.filter((name) => !present.includes(name)).join(" and ");
  const lacks =
    missing(profileSettings) === "" ? sessionSettings : [...profileSettings, ...sessionSettings];
  const message =
    missing(lacks) === ""
      ? `The sso-session of profile "${profile}" lacks ${sessionSettings.join(" or ")}.`
      : `Profile "${profile}" is set up for SSO but lacks ${missing(lacks)}.`;
  return { code: "profile-broken", message, hints: [configureSso(profile)] };
}

/** Where a request for credentials is sent, unless to a metadata service. */
function serviceOf(
  identity: Identity,
  files: SharedConfig,
): { readonly service: string; readonly purpose?: string } | undefined {
  if (identity.kind === "ambient") {
    if (identity.source === "instance") return undefined;
    return identity.source === "container"
      ? { service: "the container's credential service" }
      : { service: "AWS", purpose: "the credentials of this environment" };
  }
  const source = files.profile(identity.profile)?.["credential_source"];
  return source === undefined || source === "Environment"
    ? { service: "AWS", purpose: `the credentials of profile "${identity.profile}"` }
    : undefined;
}

/** A role whose source has no credentials. STS's own refusals have other names. */
function noCredentialSource(
  profile: string,
  files: SharedConfig,
  thrown: unknown,
): Failure | undefined {
  const source = files.profile(profile)?.["credential_source"];
  if (source === "Environment")
    return errorName(thrown) === "CredentialsProviderError"
      ? emptySource(
          `Profile "${profile}" takes its credentials from the environment (credential_source = ${source}), which has none.`,
          "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose another profile with --profile.",
          thrown,
        )
      : undefined;
  if (source !== "Ec2InstanceMetadata" && source !== "EcsContainer") return undefined;
  if (requestIdOf(thrown) !== undefined) return undefined;
  const where = source === "EcsContainer" ? "in an ECS container" : "on an EC2 instance";
  return emptySource(
    `Profile "${profile}" takes its credentials from this machine (credential_source = ${source}), which has none.`,
    `That works only ${where}; choose another profile with --profile.`,
    thrown,
  );
}

function emptySource(message: string, hint: string, cause: unknown): Failure {
  return new Failure("access", "profile-broken", message, { hints: [textHint(hint)], cause });
}

/** An error of STS, by its name. */
function explainSts(thrown: unknown, profile: string): Explanation {
  const name = errorName(thrown);
  if (name.startsWith("AccessDenied")) {
    return {
      code: "role-refused",
      message: `AWS does not allow profile "${profile}" to assume ${deniedAccess(thrown).resource ?? "its role"}.`,
      hints: [textHint("Check the role's trust policy, the external id and the MFA code.")],
    };
  }
  if (name.startsWith("ExpiredToken")) {
    return {
      code: "credentials-expired",
      message: `The credentials of profile "${profile}" have expired.`,
      hints: [
        commandHint(["aws", "sso", "login", "--profile", profile], "if it uses SSO"),
        textHint("Otherwise, replace them with new ones."),
      ],
    };
  }
  if (/^(InvalidClientTokenId|UnrecognizedClient)/.test(name)) {
    return {
      code: "credentials-invalid",
      message: `AWS does not recognise the access key of profile "${profile}".`,
      hints: [commandHint(["aws", "configure", "--profile", profile])],
    };
  }
  if (/^(SignatureDoesNotMatch|RequestExpired|InvalidSignature)/.test(name)) {
    return {
      code: "signature",
      message: `AWS rejected the signature of profile "${profile}": the secret key or this machine's clock is wrong.`,
      hints: [commandHint(["date", "-u"], "compare the time")],
    };
  }
  return {
    code: "credentials",
    message: `No credentials could be obtained with profile "${profile}" (${name}).`,
    hints: [commandHint(["aws", "sts", "get-caller-identity", "--profile", profile])],
  };
}

function explainAmbient(thrown: unknown, source: AmbientSource): Failure {
  if (source === "instance") {
    return new Failure(
      "access",
      "no-credentials",
      "No AWS credentials found: no profile, no environment variables, no role for this machine.",
      {
        hints: [
          commandHint(["aws", "configure", "sso"]),
          textHint('Choose a profile with --profile, or "profile" in hasura-migrate.json.'),
        ],
      },
    );
  }
  const what =
    source === "web-identity"
      ? "AWS did not accept the web identity"
      : "The credentials of this environment could not be read";
  return new Failure("access", "credentials", `${what} (${errorName(thrown)}).`, {
    hints: [commandHint(["aws", "sts", "get-caller-identity"])],
    cause: thrown,
  });
}

/** A missing web identity token file; a container's token file has already been read at this point. */
function missingToken(thrown: unknown, identity: Identity): Failure | undefined {
  const code = errorCode(thrown) ?? "";
  if (!["ENOENT", "EACCES", "EISDIR"].includes(code)) return undefined;
  return new Failure(
    "usage",
    "credentials",
    `The file in ${tokenSetting(identity)} cannot be read (${code}); nothing was sent.`,
    {
      hints: [textHint("Does the job have the permission to get a token (id-token: write)?")],
      cause: thrown,
    },
  );
}

/** Where the path of a token is set. */
function tokenSetting(identity: Identity): string {
  if (identity.kind === "profile")
    return `web_identity_token_file of profile "${identity.profile}"`;
  return identity.source === "container"
    ? "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
    : "AWS_WEB_IDENTITY_TOKEN_FILE";
}
