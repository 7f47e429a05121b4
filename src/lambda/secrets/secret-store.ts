import * as z from "zod";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, textHint } from "../../protocol/hint.ts";
import { adminSecretKeys, readSecretReference, webhookKeys } from "./secret-text.ts";

/** A service that stores secrets, and what is read from it. */
export interface SecretStore {
  readonly name: string;
  /** The variable that names the secret. */
  readonly setting: string;
  /** What the secret holds, such as `the admin secret`. */
  readonly content: string;
  /** Keys of a JSON secret that may hold it; the first one found counts. */
  readonly keys: readonly string[];
  /** The last part of the name of its interface endpoint. */
  readonly service: string;
  readonly action: string;
}

/** The two services, for one kind of secret. */
export interface SecretStores {
  /** The variable that may hold the secret itself. */
  readonly variable: string;
  /** What the secret holds, such as `the admin secret`. */
  readonly content: string;
  readonly secretsManager: SecretStore;
  readonly parameterStore: SecretStore;
}

export const adminSecretStores = storesOf({
  variable: "HASURA_MIGRATE_ADMIN_SECRET",
  content: "the admin secret",
  keys: adminSecretKeys,
});

export const webhookStores = storesOf({
  variable: "HASURA_MIGRATE_NOTIFY_URL",
  content: "the webhook's address",
  keys: webhookKeys,
});

function storesOf({
  variable,
  content,
  keys,
}: Pick<SecretStore, "content" | "keys"> & { readonly variable: string }): SecretStores {
  return {
    ...{ variable, content },
    secretsManager: {
      name: "Secrets Manager",
      setting: `${variable}_ARN`,
      service: "secretsmanager",
      action: "secretsmanager:GetSecretValue",
      content,
      keys,
    },
    parameterStore: {
      name: "the SSM parameter store",
      setting: `${variable}_PARAMETER`,
      service: "ssm",
      action: "ssm:GetParameter",
      content,
      keys,
    },
  };
}

const ServiceError = z.object({
  name: z.string(),
  message: z.string().default(""),
  $metadata: z.object({ httpStatusCode: z.number().optional() }).optional(),
});

/** An error of the SDK as a failure that names the setting. No response at all is the usual first-day problem in a private VPC. */
export function storeFailure(
  store: SecretStore,
  request: { id: string; region: string | undefined; totalMs: number },
  cause: unknown,
): Failure {
  const { name, message, $metadata } = ServiceError.safeParse(cause).data ?? {
    name: "",
    message: "",
  };
  // The service has no separate error name for this: only the message shows it.
  if (
    name === "InvalidRequestException" &&
    /marked for deletion|scheduled for deletion/i.test(message)
  )
    return scheduledForDeletion(store, request, cause);
  if (name === "ResourceNotFoundException" || name === "ParameterNotFound") {
    return new Failure(
      "usage",
      "secret-not-found",
      `${store.setting} names a secret that does not exist in ${store.name}.`,
      {
        hints: [textHint(`Correct ${store.setting} (name, account and region).`)],
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
      `The function's role may not read ${store.content} that ${store.setting} names.`,
      {
        hints: [
          textHint(
            `Allow the function's role ${store.action} on it, and kms:Decrypt if it is encrypted with your own key.`,
          ),
        ],
        cause,
      },
    );
  }
  if ($metadata?.httpStatusCode !== undefined) {
    const problem = `${store.name} did not return ${store.content} that ${store.setting} names.`;
    return new Failure("unreachable", "secret-store-error", problem, { cause });
  }
  return unreachable(store, request, cause);
}

function scheduledForDeletion(
  { name, setting }: SecretStore,
  { id, region }: { id: string; region: string | undefined },
  cause: unknown,
): Failure {
  const where = region === undefined ? [] : ["--region", region];
  const secret = readSecretReference(id, setting).id;
  return new Failure(
    "usage",
    "secret-deleted",
    `The secret that ${setting} names is scheduled for deletion in ${name}, so its value cannot be read.`,
    {
      hints: [
        commandHint(
          ["aws", "secretsmanager", "restore-secret", "--secret-id", secret, ...where],
          "keep the secret",
        ),
        textHint(`Or set ${setting} to the secret that replaces it.`),
      ],
      cause,
    },
  );
}

function unreachable(
  { name, setting, service }: SecretStore,
  { region = "<region>", totalMs }: { region: string | undefined; totalMs: number },
  cause: unknown,
): Failure {
  const message = `The function could not reach ${name} within ${String(totalMs / 1000)} s to read the secret that ${setting} names.`;
  return new Failure("unreachable", "secret-store-unreachable", message, {
    hints: [
      textHint(
        `Give the function's subnets an interface endpoint for com.amazonaws.${region}.${service} (or a NAT gateway), and allow port 443 in both security groups.`,
      ),
    ],
    cause,
  });
}
