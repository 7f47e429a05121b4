import { Failure } from "../../protocol/failure.ts";
import { jsonKeyOf, secretIdOf, secretText } from "./secret-text.ts";
import { parameterStore, secretsManager, storeFailure, type SecretStore } from "./secret-store.ts";
import type { AdminSecretSetting } from "../settings.ts";

/** Hasura's admin secret, fetched when it is first asked for and then remembered; undefined where Hasura has none. */
export interface AdminSecret {
  readonly get: () => Promise<string | undefined>;
  /** Fetches it again: after a 401, since it may have been rotated. */
  readonly renew: () => Promise<string | undefined>;
}

/**
 * How long a secret store may take. Short, because a VPC without the interface endpoint never
 * answers.
 */
export interface StoreBounds {
  readonly connectMs: number;
  readonly totalMs: number;
}
export const storeBounds: StoreBounds = { connectMs: 3000, totalMs: 5000 };

/** Of the SDK's client: what the environment and the credentials chain say otherwise. */
export interface StoreClient {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface Options {
  readonly setting: AdminSecretSetting;
  /** Called with every value as soon as it is known. */
  readonly learn: (secret: string) => void;
  readonly bounds?: StoreBounds;
  readonly client?: StoreClient;
}

/** Two callers at once share one request to the store; a failed one is forgotten, so that the next run asks again. */
export function adminSecret({
  setting,
  learn,
  bounds = storeBounds,
  client,
}: Options): AdminSecret {
  let known: Promise<string | undefined> | undefined;
  const renew = (): Promise<string | undefined> => {
    const asked = fetchSecret(setting, bounds, client).then((secret) => {
      if (secret !== undefined) learn(secret);
      return secret;
    });
    known = asked;
    asked.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked;
  };
  return { get: () => known ?? renew(), renew };
}

async function fetchSecret(
  setting: AdminSecretSetting,
  bounds: StoreBounds,
  client?: StoreClient,
): Promise<string | undefined> {
  switch (setting.from) {
    case "none":
      return undefined;
    case "environment":
      return setting.value;
    case "secrets-manager":
      return fromStore(secretsManager, setting.id, bounds, () =>
        fromSecretsManager(setting.id, bounds, client),
      );
    case "parameter-store":
      return fromStore(parameterStore, setting.name, bounds, () =>
        fromParameterStore(setting.name, bounds, client),
      );
  }
}

async function fromSecretsManager(
  arn: string,
  bounds: StoreBounds,
  given?: StoreClient,
): Promise<string> {
  // Loaded here alone: a secret in the environment must not make the cold start pay for an SDK.
  const { SecretsManagerClient, GetSecretValueCommand } =
    await import("./secrets-manager-client.ts");
  const client = new SecretsManagerClient({ ...given, ...clientSettings(arn, bounds) });
  try {
    const command = new GetSecretValueCommand({ SecretId: secretIdOf(arn) });
    const { SecretString, SecretBinary } = await client.send(command, {
      abortSignal: AbortSignal.timeout(bounds.totalMs),
    });
    return secretText(
      SecretString ?? new TextDecoder().decode(SecretBinary),
      jsonKeyOf(arn),
      secretsManager.setting,
    );
  } finally {
    client.destroy();
  }
}

async function fromParameterStore(
  name: string,
  bounds: StoreBounds,
  given?: StoreClient,
): Promise<string> {
  const { SSMClient, GetParameterCommand } = await import("./parameter-store-client.ts");
  const client = new SSMClient({ ...given, ...clientSettings(name, bounds) });
  try {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter } = await client.send(command, {
      abortSignal: AbortSignal.timeout(bounds.totalMs),
    });
    return secretText(Parameter?.Value ?? "", undefined, parameterStore.setting);
  } finally {
    client.destroy();
  }
}

async function fromStore(
  store: SecretStore,
  id: string,
  bounds: StoreBounds,
  fetch: () => Promise<string>,
): Promise<string> {
  try {
    return await fetch();
  } catch (cause) {
    throw cause instanceof Failure
      ? cause
      : storeFailure(store, { region: regionOf(id), totalMs: bounds.totalMs }, cause);
  }
}

/** A store in another region is asked there: its ARN says where. */
function regionOf(id: string): string | undefined {
  return /^arn:[^:]+:[^:]+:([^:]+):/.exec(id)?.[1];
}

function clientSettings(id: string, { connectMs, totalMs }: StoreBounds) {
  const region = regionOf(id);
  return {
    ...(region !== undefined && { region }),
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: totalMs,
      throwOnRequestTimeout: true,
    },
  };
}
