import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, test } from "vitest";
import {
  adminSecretStores,
  storeFailure,
  webhookStores,
} from "../../../src/lambda/secrets/secret-store.ts";
import { storedSecret } from "../../../src/lambda/secrets/stored-secret.ts";
import type { SecretSetting } from "../../../src/lambda/settings.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { secretStore, silentStore } from "../support/secret-store.ts";

const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hasura-AbCdEf";
const managed = { from: "secrets-manager", id: arn } as const;
const parameter = { from: "parameter-store", name: "/hasura/dev-3/admin-secret" } as const;

function secretAt(
  endpoint: string,
  setting: SecretSetting,
  bounds = { connectMs: 2000, totalMs: 4000 },
  stores = adminSecretStores,
) {
  const learnt: string[] = [];
  const client = {
    endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  return {
    learnt,
    secret: storedSecret({ setting, stores, learn: (it) => learnt.push(it), bounds, client }),
  };
}

async function failure(call: Promise<unknown>): Promise<Failure> {
  const thrown = await call.then(
    () => assert.fail("the secret was had"),
    (error: unknown) => error,
  );
  assert(thrown instanceof Failure, String(thrown));
  return thrown;
}

describe("stored secret", () => {
  test("no store is called for a secret from the environment, or if there is none", async () => {
    assert.equal(
      await secretAt("http://127.0.0.1:9", { from: "environment", value: "x" }).secret.get(),
      "x",
    );
    assert.equal(await secretAt("http://127.0.0.1:9", { from: "none" }).secret.get(), undefined);
  });

  for (const [setting, value, message] of [
    [
      managed,
      "hidden\nvalue",
      "The admin secret that HASURA_MIGRATE_ADMIN_SECRET_ARN names contains a line break, so it cannot be sent in an HTTP request.",
    ],
    [
      { from: "environment", value: "hidden\0value" },
      "",
      "The admin secret in HASURA_MIGRATE_ADMIN_SECRET contains a control character, so it cannot be sent in an HTTP request.",
    ],
  ] as const)
    test(`what no request can carry is refused without showing it: ${message}`, async (t) => {
      const store = await secretStore(t, () => ({ json: { SecretString: value } }));
      const refused = await failure(secretAt(store.url, setting).secret.get());
      assert.deepEqual(
        [refused.kind, refused.code, refused.message],
        ["usage", "secret-unusable", message],
      );
    });

  test("Secrets Manager is called once for all callers, and again to renew", async (t) => {
    const values = ["first", '{"adminSecret":"second"}'];
    const store = await secretStore(t, () => ({
      json: { ARN: arn, SecretString: values.shift() },
    }));
    const { secret, learnt } = secretAt(store.url, managed);
    assert.deepEqual(await Promise.all([secret.get(), secret.get()]), ["first", "first"]);
    assert.equal(await secret.get(), "first");
    assert.equal(await secret.renew(), "second");
    assert.equal(await secret.get(), "second");
    assert.deepEqual(learnt, ["first", "second"]);
    assert.deepEqual(
      store.asked.map(({ target, body }) => [target, body]),
      Array(2).fill(["secretsmanager.GetSecretValue", { SecretId: arn }]),
    );
  });

  test("an ARN with a JSON key fetches the secret and reads that key", async (t) => {
    const store = await secretStore(t, () => ({ json: { SecretString: '{"mine":"it"}' } }));
    assert.equal(
      await secretAt(store.url, { from: "secrets-manager", id: `${arn}:mine::` }).secret.get(),
      "it",
    );
    assert.deepEqual(store.asked[0]?.body, { SecretId: arn });
  });

  test("a version's stage and id are requested, never dropped", async (t) => {
    const store = await secretStore(t, () => ({ json: { SecretString: '{"mine":"it"}' } }));
    for (const [suffix, more] of [
      [":mine:AWSPREVIOUS:", { VersionStage: "AWSPREVIOUS" }],
      [":mine::0f3a-0000", { VersionId: "0f3a-0000" }],
      [":mine:AWSCURRENT:0f3a-0000", { VersionStage: "AWSCURRENT", VersionId: "0f3a-0000" }],
    ] as const) {
      const { secret } = secretAt(store.url, { from: "secrets-manager", id: `${arn}${suffix}` });
      assert.equal(await secret.get(), "it");
      assert.deepEqual(store.asked.at(-1)?.body, { SecretId: arn, ...more });
    }
  });

  test("a secret that is scheduled for deletion is named with the command that restores it", async (t) => {
    const message =
      "You can't perform this operation on the secret because it was marked for deletion.";
    const store = await secretStore(t, () => ({
      status: 400,
      json: { __type: "InvalidRequestException", message },
    }));
    const { secret } = secretAt(store.url, { from: "secrets-manager", id: `${arn}:mine::` });
    const { kind, code, hints } = await failure(secret.get());
    assert.deepEqual([kind, code], ["usage", "secret-deleted"]);
    assert.deepEqual(hints[0], {
      kind: "command",
      argv: [
        "aws",
        "secretsmanager",
        "restore-secret",
        "--secret-id",
        arn,
        "--region",
        "eu-west-1",
      ],
      reason: "keep the secret",
    });
  });

  test("the address of a webhook is read like the admin secret, and messages name it and its variable", async (t) => {
    const values = ['{"url":"https://hooks.test/1"}', '{"adminSecret":"hidden-value"}'];
    const store = await secretStore(t, () => ({ json: { SecretString: values.shift() } }));
    const { secret } = secretAt(store.url, managed, undefined, webhookStores);
    assert.equal(await secret.get(), "https://hooks.test/1");
    const { message, hints } = await failure(secret.renew());
    assert.match(message, /HASURA_MIGRATE_NOTIFY_URL_ARN names does not contain url or /);
    assert.match(JSON.stringify(hints), /Store the webhook's address as plain text/);
  });

  test("the parameter store is asked to decrypt", async (t) => {
    const store = await secretStore(t, () => ({ json: { Parameter: { Value: "it" } } }));
    assert.equal(await secretAt(store.url, parameter).secret.get(), "it");
    assert.deepEqual(store.asked[0], {
      target: "AmazonSSM.GetParameter",
      body: { Name: parameter.name, WithDecryption: true },
    });
  });

  const answers: readonly [string, SecretSetting, number, string, [string, string], RegExp][] = [
    [
      "a missing secret",
      managed,
      400,
      "ResourceNotFoundException",
      ["usage", "secret-not-found"],
      /HASURA_MIGRATE_ADMIN_SECRET_ARN/,
    ],
    [
      "a missing parameter",
      parameter,
      400,
      "ParameterNotFound",
      ["usage", "secret-not-found"],
      /HASURA_MIGRATE_ADMIN_SECRET_PARAMETER/,
    ],
    [
      "a role that may not read it",
      managed,
      400,
      "AccessDeniedException",
      ["access", "secret-access-denied"],
      /may not read/,
    ],
    [
      "a role that may not use the secret's key",
      managed,
      400,
      "KMSDisabledException",
      ["access", "secret-access-denied"],
      /may not read/,
    ],
    [
      "a secret that cannot be decrypted",
      managed,
      400,
      "DecryptionFailure",
      ["access", "secret-access-denied"],
      /may not read/,
    ],
    [
      "a key that the parameter store cannot use",
      parameter,
      400,
      "InvalidKeyId.KMSInvalidStateException",
      ["access", "secret-access-denied"],
      /may not read/,
    ],
    [
      "an error of the store",
      managed,
      400,
      "InvalidRequestException",
      ["unreachable", "secret-store-error"],
      /did not return/,
    ],
  ];
  for (const [what, setting, status, type, expected, message] of answers) {
    test(`${what} is reported with the setting and what to do`, async (t) => {
      const store = await secretStore(t, () => ({
        status,
        json: { __type: type, message: "as the service says it" },
      }));
      const {
        kind,
        code,
        message: text,
      } = await failure(secretAt(store.url, setting).secret.get());
      assert.deepEqual([kind, code], expected);
      assert.match(text, message);
      assert.equal(store.asked.length, 1);
    });
  }

  for (const [name, setting, endpoint] of [
    ["Secrets Manager", managed, /com\.amazonaws\.eu-west-1\.secretsmanager/],
    ["the SSM parameter store", parameter, /com\.amazonaws\.<region>\.ssm/],
  ] as const) {
    test(`a timeout of ${name} names the missing interface endpoint and the setting`, async (t) => {
      const { secret } = secretAt(await silentStore(t), setting, { connectMs: 100, totalMs: 300 });
      const { kind, code, message, hints } = await failure(secret.get());
      assert.deepEqual([kind, code], ["unreachable", "secret-store-unreachable"]);
      assert.match(message, new RegExp(`${name} within 0.3 s .*HASURA_MIGRATE_ADMIN_SECRET_`));
      assert.match(JSON.stringify(hints), endpoint);
      // Whoever can read the function's configuration could read it there.
      assert.doesNotMatch(JSON.stringify(hints), /HASURA_MIGRATE_ADMIN_SECRET\b/);
    });
  }

  test.for([
    [
      "ResourceNotFoundException",
      managed,
      /^Correct HASURA_MIGRATE_ADMIN_SECRET_ARN \(name, account/,
    ],
    ["AccessDeniedException", parameter, /^Allow the function's role ssm:GetParameter on it/],
  ] as const)("%s says what to do, and keeps its cause", async ([type, setting, hint], t) => {
    const store = await secretStore(t, () => ({ status: 400, json: { __type: type } }));
    const { hints, cause } = await failure(secretAt(store.url, setting).secret.get());
    assert.ok(hints[0]?.kind === "text");
    assert.match(hints[0].text, hint);
    assert.ok(cause instanceof Error && cause.name === type);
  });

  test("only a message about deletion means that a secret is to be deleted", () => {
    const { secretsManager } = adminSecretStores;
    const about = { id: arn, region: "eu-west-1", totalMs: 5000 };
    const codeOf = (cause: unknown): string => storeFailure(secretsManager, about, cause).code;
    const $metadata = { httpStatusCode: 400 };
    const message = "it was marked for deletion";
    assert.equal(codeOf({ name: "InvalidRequestException", message, $metadata }), "secret-deleted");
    assert.equal(codeOf({ name: "InvalidParameter", message, $metadata }), "secret-store-error");
  });

  test("an error that is not a service's counts as a store that cannot be reached", () => {
    const { secretsManager } = adminSecretStores;
    const about = { id: arn, region: undefined, totalMs: 5000 };
    for (const cause of [undefined, "text", { name: 1 }])
      assert.equal(storeFailure(secretsManager, about, cause).code, "secret-store-unreachable");
  });

  test("the command that restores a secret has no region where none is known", async (t) => {
    const store = await secretStore(t, () => ({
      status: 400,
      json: { __type: "InvalidRequestException", message: "scheduled for deletion" },
    }));
    const { secret } = secretAt(store.url, { from: "secrets-manager", id: "hasura" });
    const { hints } = await failure(secret.get());
    assert.deepEqual(hints[0]?.kind === "command" && hints[0].argv.at(-1), "hasura");
    assert.deepEqual(hints[1]?.kind, "text");
  });

  test("a later failure does not forget what another call has fetched since", async (t) => {
    const held = new EventEmitter();
    const answers = [
      async () => {
        await once(held, "release");
        return { status: 400, json: { __type: "AccessDeniedException" } };
      },
      () => ({ json: { SecretString: "new" } }),
    ];
    const store = await secretStore(t, () => {
      held.emit("asked");
      return (answers.shift() ?? assert.fail("asked too often"))();
    });
    const { secret } = secretAt(store.url, managed);
    const asked = once(held, "asked");
    const first = failure(secret.get());
    await asked;
    assert.equal(await secret.renew(), "new");
    held.emit("release");
    await first;
    assert.equal(await secret.get(), "new");
  });

  test("a failure is not cached: the next run tries again", async (t) => {
    const answers = [
      { status: 400, json: { __type: "AccessDeniedException" } },
      { json: { SecretString: "it" } },
    ];
    const store = await secretStore(t, () => answers.shift() ?? assert.fail("asked too often"));
    const { secret } = secretAt(store.url, managed);
    await failure(secret.get());
    assert.equal(await secret.get(), "it");
  });
});
