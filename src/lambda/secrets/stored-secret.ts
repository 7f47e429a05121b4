import { Failure } from "../../protocol/failure.ts";
import { readSecretReference, refuseControlCharacters, secretText } from "./secret-text.ts";
import { storeFailure, type SecretStore, type SecretStores } from "./secret-store.ts";
import type { SecretSetting } from "../settings.ts";

/** A secret, fetched on first use and then cached; undefined where there is none. */
export interface StoredSecret {
  readonly get: () => Promise<string | undefined>;
  /** Fetches it again: after a 401, because it may have been rotated. */
  readonly renew: () => Promise<string | undefined>;
}

/**
 * How long a secret store may take. Short, because in a VPC without the interface endpoint there
 * is never a response.
 */
export interface StoreBounds {
  readonly connectMs: number;
  readonly totalMs: number;
}
export const storeBounds: StoreBounds = { connectMs: 3000, totalMs: 5000 };

/** Settings of the SDK's client that otherwise come from the environment and the credentials chain. */
export interface StoreClient {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface StoredSecretOptions {
  readonly setting: SecretSetting;
  readonly stores: SecretStores;
  /** Called with every secret that is fetched. */
  readonly learn: (secret: string) => void;
  readonly bounds?: StoreBounds;
  readonly client?: StoreClient;
}

/** Concurrent callers share one request. A failure is not cached, so that the next run fetches the secret again. */
export function storedSecret({
  setting,
  stores,
  learn,
  bounds = storeBounds,
  client,
}: StoredSecretOptions): StoredSecret {
  let cached: Promise<string | undefined> | undefined;
  const renew = (): Promise<string | undefined> => {
    const fetching = fetchSecret(setting, stores, bounds, client).then((secret) => {
      if (secret !== undefined) learn(secret);
      return secret;
    });
    cached = fetching;
    fetching.catch(() => {
      if (cached === fetching) cached = undefined;
    });
    return fetching;
  };
  return { get: () => cached ?? renew(), renew };
}

async function fetchSecret(
  setting: SecretSetting,
  stores: SecretStores,
  bounds: StoreBounds,
  client?: StoreClient,
): Promise<string | undefined> {
  const secret = await readSecret(setting, stores, bounds, client);
  if (secret !== undefined)
    refuseControlCharacters(secret, stores.content, whereIs(setting.from, stores));
  return secret;
}

function whereIs(
  from: SecretSetting["from"],
  { variable, secretsManager, parameterStore }: SecretStores,
): string {
  if (from === "secrets-manager") return `that ${secretsManager.setting} names`;
  return from === "parameter-store" ? `that ${parameterStore.setting} names` : `in ${variable}`;
}

async function readSecret(
  setting: SecretSetting,
  { secretsManager, parameterStore }: SecretStores,
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
        fromSecretsManager(secretsManager, setting.id, bounds, client),
      );
    case "parameter-store":
      return fromStore(parameterStore, setting.name, bounds, () =>
        fromParameterStore(parameterStore, setting.name, bounds, client),
      );
  }
}

async function fromSecretsManager(
  store: SecretStore,
  arn: string,
  bounds: StoreBounds,
  given?: StoreClient,
): Promise<string> {
  // Imported here so that a secret in the environment does not slow down the cold start.
  const { SecretsManagerClient, GetSecretValueCommand } =
    await import("./secrets-manager-client.ts");
  const { id, jsonKey, versionStage, versionId } = readSecretReference(arn, store.setting);
  const client = new SecretsManagerClient({ ...given, ...clientSettings(arn, bounds) });
  try {
    const command = new GetSecretValueCommand({
      SecretId: id,
      ...(versionStage !== undefined && { VersionStage: versionStage }),
      ...(versionId !== undefined && { VersionId: versionId }),
    });
    const { SecretString, SecretBinary } = await client.send(command, {
      abortSignal: AbortSignal.timeout(bounds.totalMs),
    });
    return secretText(SecretString ?? new TextDecoder().decode(SecretBinary), jsonKey, store);
  } finally {
    client.destroy();
  }
}

async function fromParameterStore(
  store: SecretStore,
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
    return secretText(Parameter?.Value ?? "", undefined, store);
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
      : storeFailure(store, { id, region: regionOf(id), totalMs: bounds.totalMs }, cause);
  }
}

/** An ARN may be in a different region from the function's. */
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
