import type { FailureCode } from "../../../protocol/failure-codes.ts";
import { Failure } from "../../../protocol/failure.ts";
import { commandHint, textHint, type Hint } from "../../../protocol/hint.ts";
import type { AmbientSource, Identity } from "./identity.ts";
import {
  credentialProblem,
  deniedAccess,
  errorCode,
  errorName,
  isCertificateError,
  isConnectError,
  presentSsoSettings,
  type CredentialProblem,
} from "./sdk-error.ts";

/** What a failure of this kind says. */
interface Explanation {
  readonly code: FailureCode;
  readonly message: string;
  readonly hints?: readonly Hint[];
}

/** An error of the providers of credentials as one sentence and the next command. */
export function explainCredentials(thrown: unknown, identity: Identity): Failure {
  if (thrown instanceof Failure) return thrown;
  if (identity.kind === "ambient") return explainAmbient(thrown, identity.source);
  const { profile } = identity;
  if (isCertificateError(thrown) || isConnectError(thrown)) return stsUnreachable(thrown, profile);
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
        message: `The roles of profile "${profile}" refer to each other in a circle.`,
      };
    case "credential-process":
      return {
        code: "credential-process",
        message: `The credential_process of profile "${profile}" failed.`,
        hints: [textHint("Run that command by itself to see why.")],
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

function stsUnreachable(thrown: unknown, profile: string): Failure {
  const why = errorCode(thrown) ?? errorName(thrown);
  return new Failure(
    "unreachable",
    "sts-unreachable",
    `Could not reach AWS to get credentials for profile "${profile}" (${why}).`,
    { hints: [textHint("Check the network and HTTPS_PROXY.")], cause: thrown },
  );
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
      message: `AWS does not recognize the access key of profile "${profile}".`,
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
    message: `Profile "${profile}" could not get credentials (${name}).`,
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
      ? "The web identity was not accepted"
      : "The credentials of this environment could not be read";
  return new Failure("access", "credentials", `${what} (${errorName(thrown)}).`, {
    hints: [commandHint(["aws", "sts", "get-caller-identity"])],
    cause: thrown,
  });
}
