import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";

/** A place where secrets are kept, as people know it. */
export interface SecretStore {
  readonly name: string;
  /** The variable that names the secret. */
  readonly setting: string;
  /** The last part of its interface endpoint's name. */
  readonly service: string;
  readonly action: string;
}

export const secretsManager: SecretStore = {
  name: "Secrets Manager",
  setting: "HASURA_MIGRATE_ADMIN_SECRET_ARN",
  service: "secretsmanager",
  action: "secretsmanager:GetSecretValue",
};

export const parameterStore: SecretStore = {
  name: "the SSM parameter store",
  setting: "HASURA_MIGRATE_ADMIN_SECRET_PARAMETER",
  service: "ssm",
  action: "ssm:GetParameter",
};

const ServiceError = z.object({
  name: z.string(),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});

/** What the SDK threw, as one sentence with the setting and what to do. No answer at all is the first-day failure in a private VPC. */
export function storeFailure(
  store: SecretStore,
  asked: { region: string | undefined; totalMs: number },
  cause: unknown,
): Failure {
  const { name, $metadata } = ServiceError.safeParse(cause).data ?? { name: "" };
  if (name === "ResourceNotFoundException" || name === "ParameterNotFound") {
    return new Failure(
      "usage",
      "secret-not-found",
      `${store.setting} names a secret that ${store.name} does not have.`,
      {
        hints: [`correct ${store.setting} (name, account and region)`],
        cause,
      },
    );
  }
  if (
    /AccessDenied|UnrecognizedClient|InvalidToken|ExpiredToken|Decryption|KMS|CredentialsProvider/.test(
      name,
    )
  ) {
    return new Failure(
      "access",
      "secret-access-denied",
      `The function may not read the admin secret that ${store.setting} names.`,
      {
        hints: [
          `allow its role ${store.action} on it, and kms:Decrypt on its key where it has one of its own`,
        ],
        cause,
      },
    );
  }
  if ($metadata?.httpStatusCode !== undefined) {
    const message = `${store.name} did not give the admin secret that ${store.setting} names.`;
    return new Failure("unreachable", "secret-store-error", message, { cause });
  }
  return unreachable(store, asked, cause);
}

function unreachable(
  { name, setting, service }: SecretStore,
  { region = "<region>", totalMs }: { region: string | undefined; totalMs: number },
  cause: unknown,
): Failure {
  const message = `The function could not reach ${name} within ${String(totalMs / 1000)} s to read the secret that ${setting} names.`;
  return new Failure("unreachable", "secret-store-unreachable", message, {
    hints: [
      `give the function's subnets an interface endpoint for com.amazonaws.${region}.${service} (or a NAT gateway), and let both security groups pass port 443`,
      "or set HASURA_MIGRATE_ADMIN_SECRET in the function's environment",
    ],
    cause,
  });
}
