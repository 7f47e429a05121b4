import assert from "node:assert/strict";
import { describe, test, type TestContext } from "vitest";
import type { EngineContext } from "../../../src/engine/context.ts";
import type { HandlerContext } from "../../../src/lambda/handler.ts";
import { Failure } from "../../../src/protocol/failure.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";
import type { Scripted } from "../../support/scripted-hasura.ts";
import { catalogHasura } from "../support/catalog-hasura.ts";
import { context, invoke, worldFrom } from "../support/invoke.ts";
import { request } from "../support/request.ts";
import { secretStore } from "../support/secret-store.ts";
import { behindTls } from "../support/tls-front.ts";
import { endlessWebhook, webhook } from "../support/webhook.ts";
import { webhookStores } from "../../../src/lambda/secrets/secret-store.ts";
import { storedSecret } from "../../../src/lambda/secrets/stored-secret.ts";

type World = ReturnType<typeof worldFrom>;

/** A function of dev-3 with a project of two migrations, the second of which fails if that is wanted. */
async function functionWith(
  t: TestContext,
  env: Record<string, string>,
  { failing = false, more = {} }: { failing?: boolean; more?: Partial<HandlerContext> } = {},
): Promise<World> {
  const { url } = await catalogHasura(t, {
    script: ({ body }) =>
      failing && JSON.stringify(body ?? {}).includes("2_shops")
        ? { status: 400, json: { code: "postgres-error", error: 'type "numerc" does not exist' } }
        : undefined,
  });
  return worldFrom(
    {
      HASURA_MIGRATE_ENVIRONMENT: "dev-3",
      HASURA_MIGRATE_ENDPOINT: url,
      HASURA_MIGRATE_ADMIN_SECRET: "the-very-secret-value",
      HASURA_MIGRATE_DIRECTORY: await projectOnDisk(t, migrationsOf(["1_users", "2_shops"])),
      HASURA_MIGRATE_LEDGER: "off",
      ...env,
    },
    more,
  );
}

const warnings = ({ logged }: World): { to?: string; reason?: string }[] =>
  logged
    .map((line) => JSON.parse(line) as { message?: string; to?: string; reason?: string })
    .filter(({ message }) => message === "the end of the run could not be announced");

/** An invocation in which this long is left when its caller has the answer. */
async function invokeWith(world: World, leftMs: number) {
  const time = { left: 900_000 };
  const timed = { ...context, getRemainingTimeInMillis: () => time.left };
  return invoke(world, request("apply"), timed, () => (time.left = leftMs));
}

describe("the end of a run", () => {
  test("is posted to the webhook", async (t) => {
    const hook = await webhook(t);
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    const { events } = await invoke(world, request("apply"));
    assert.equal(events.at(-1)?.type, "run.finished");
    assert.match(
      hook.texts().join("\n---\n"),
      /^\*dev-3\*: apply finished after .*: 2 applied\nBy ada/,
    );
    assert.deepEqual(hook.paths(), [new URL(hook.url).pathname]);
    assert.deepEqual(warnings(world), []);
  });

  test("names the migration that failed", async (t) => {
    const hook = await webhook(t);
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: hook.url }, { failing: true });
    await invoke(world, request("apply"));
    assert.match(
      hook.texts().join(),
      /FAILED.*: 1 applied\nFailed migration: 2_shops .*\n.*numerc/,
    );
  });

  for (const [what, event] of [
    ["status", request("status")],
    ["plan", request("plan")],
    ["a dry run", request("apply", { options: { dryRun: true } })],
    ["a request for another environment", request("apply", { environment: "prod" })],
    ["an event that is no request", { hello: "world" }],
  ] as const)
    test(`is not posted, and not measured, for ${what}`, async (t) => {
      const hook = await webhook(t);
      const world = await functionWith(t, {
        HASURA_MIGRATE_NOTIFY_URL: hook.url,
        HASURA_MIGRATE_NOTIFY_ON: "all",
      });
      await invoke(world, event);
      assert.deepEqual(hook.texts(), []);
      assert.deepEqual(
        world.logged.filter((line) => line.includes("_aws")),
        [],
      );
    });

  for (const [on, posts] of [
    ["changes", [1, 0, 1]],
    ["failures", [0, 0, 1]],
    ["all", [1, 1, 1]],
  ] as const)
    test(`with HASURA_MIGRATE_NOTIFY_ON=${on} is posted for changes, no changes, a failure: ${posts.join(", ")}`, async (t) => {
      const env = (url: string) => ({
        HASURA_MIGRATE_NOTIFY_URL: url,
        HASURA_MIGRATE_NOTIFY_ON: on,
      });
      const hook = await webhook(t);
      const good = await functionWith(t, env(hook.url));
      const counted = [];
      await invoke(good, request("apply"));
      counted.push(hook.texts().length);
      await invoke(good, request("apply"));
      counted.push(hook.texts().length - counted.reduce((a, b) => a + b, 0));
      await invoke(await functionWith(t, env(hook.url), { failing: true }), request("apply"));
      counted.push(hook.texts().length - counted.reduce((a, b) => a + b, 0));
      assert.deepEqual(counted, posts);
    });

  test("of a run that was refused is not posted, and is no failed run", async (t) => {
    const hook = await webhook(t);
    const world = await functionWith(
      t,
      { HASURA_MIGRATE_NOTIFY_URL: hook.url, HASURA_MIGRATE_NOTIFY_ON: "all" },
      { more: { execute: () => Promise.reject(new Failure("busy", "another-run", "busy")) } },
    );
    await invoke(world, request("apply"));
    assert.deepEqual(hook.texts(), []);
    const [line = ""] = world.logged.filter((text) => text.includes("_aws"));
    assert.match(line, /"FailedRuns":0,.*"outcome":"refused"/);
  });

  test("of a run that continues after a pause is posted once, with what all invocations did", async (t) => {
    const hook = await webhook(t);
    const migration = { database: "default", name: "x", direction: "up", tookMs: 1 } as const;
    const counts = { applied: 1, notReached: 0, tookMs: 1 };
    const ends = ["run.paused", "run.finished"] as const;
    const invocations = { count: 0 };
    const world = await functionWith(
      t,
      { HASURA_MIGRATE_NOTIFY_URL: hook.url },
      {
        more: {
          execute: async (_request, { emit }) => {
            const version = String((invocations.count += 1));
            await emit({ type: "migration.applied", version, ...migration });
            const type = ends[invocations.count - 1] ?? "run.finished";
            await (type === "run.paused"
              ? emit({ type, reason: "time", ...counts })
              : emit({ type, ...counts }));
          },
        },
      },
    );
    await invoke(world, request("apply"));
    assert.deepEqual(hook.texts(), []);
    await invoke(world, request("apply"));
    assert.match(hook.texts().join("\n---\n"), /^\*dev-3\*: apply finished after .*: 2 applied\n/);
    assert.deepEqual(
      world.logged
        .filter((line) => line.includes("_aws"))
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .map(({ outcome, MigrationsApplied }) => [outcome, MigrationsApplied]),
      [
        ["paused", 1],
        ["finished", 1],
      ],
    );
  });

  test("of a paused run is posted with all it did, even if another run was refused meanwhile", async (t) => {
    const hook = await webhook(t);
    const migration = { database: "default", name: "x", direction: "up", tookMs: 1 } as const;
    const counts = { applied: 1, notReached: 0, tookMs: 1 };
    const script: readonly ((emit: EngineContext["emit"]) => Promise<void> | void)[] = [
      (emit) => emit({ type: "run.paused", reason: "time", ...counts }),
      () => Promise.reject(new Failure("busy", "another-run", "busy")),
      (emit) => emit({ type: "run.finished", ...counts }),
    ];
    const invocations = { count: 0 };
    const world = await functionWith(
      t,
      { HASURA_MIGRATE_NOTIFY_URL: hook.url },
      {
        more: {
          execute: async (_request, { emit }) => {
            const end = script[invocations.count++];
            if (invocations.count !== 2)
              await emit({ type: "migration.applied", version: "1", ...migration });
            await end?.(emit);
          },
        },
      },
    );
    const other = { ...request("apply"), runId: "0199a7c0-0000-7000-8000-000000000002" };
    for (const each of [request("apply"), other, request("apply")]) await invoke(world, each);
    assert.match(hook.texts().join("\n---\n"), /^\*dev-3\*: apply finished after .*: 2 applied\n/);
  });

  test("is not measured with HASURA_MIGRATE_METRICS=off", async (t) => {
    const world = await functionWith(t, { HASURA_MIGRATE_METRICS: "off" });
    await invoke(world, request("apply"));
    assert.deepEqual(
      world.logged.filter((line) => line.includes("_aws")),
      [],
    );
  });

  test("is read by the caller before the webhook is called", async (t) => {
    const hook = await webhook(t);
    const order: string[] = [];
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    const { webhookAddress } = world.channels;
    const watched = {
      ...world,
      channels: {
        ...world.channels,
        webhookAddress: {
          ...webhookAddress,
          get: () => {
            order.push("webhook");
            return webhookAddress.get();
          },
        },
      },
    };
    await invoke(watched, request("apply"), context, () => order.push("end"));
    assert.deepEqual(order, ["end", "webhook"]);
  });
});

describe("a webhook that does not take the message changes nothing, and leaves one warning without its address:", () => {
  const cases: readonly [string, readonly Scripted[], RegExp, posts: number][] = [
    ["no answer", ["silence"], /^no response within 1\.0 s$/, 1],
    [
      "a redirect",
      [{ status: 302, headers: { location: "http://127.0.0.1:9/elsewhere" } }],
      /responded with 302, a redirect, which is not followed/,
      1,
    ],
    ["not found", [{ status: 404 }], /^it responded with 404$/, 1],
    ["an error, twice", [{ status: 500 }, { status: 503 }], /^it responded with 503$/, 2],
    ["too many messages, twice", [{ status: 429 }], /^it responded with 429$/, 2],
    ["a reset connection, twice", ["reset"], /^the connection failed \(ECONNRESET\)$/, 2],
  ];
  for (const [what, answers, reason, posts] of cases)
    test(what, async (t) => {
      const hook = await webhook(t, ...answers);
      const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
      const { events, text } = await invokeWith(world, what === "no answer" ? 1500 : 5500);
      assert.equal(events.at(-1)?.type, "run.finished");
      assert.deepEqual(
        warnings(world).map(({ to }) => to),
        ["webhook"],
      );
      assert.match(warnings(world)[0]?.reason ?? "", reason);
      assert.equal(hook.texts().length, posts);
      assert.doesNotMatch(text + world.logged.join(""), /secret-part-of-it|127\.0\.0\.1:9/);
    });

  test("an error that passes is tried again", async (t) => {
    const hook = await webhook(t, { status: 500 }, { text: "ok" });
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: hook.url });
    await invoke(world, request("apply"));
    assert.equal(hook.texts().length, 2);
    assert.deepEqual(warnings(world), []);
  });

  test("an answer without an end is taken for what its status says", async (t) => {
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: await endlessWebhook(t) });
    await invoke(world, request("apply"));
    assert.deepEqual(warnings(world), []);
  });

  test("nobody listens", async (t) => {
    const world = await functionWith(t, {
      HASURA_MIGRATE_NOTIFY_URL: "http://127.0.0.1:1/secret-part-of-it",
    });
    await invoke(world, request("apply"));
    assert.match(warnings(world)[0]?.reason ?? "", /ECONNREFUSED/);
  });

  test("a certificate that nobody vouches for", async (t) => {
    const hook = await webhook(t);
    const url = await behindTls(t, new URL(hook.url).origin);
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL: `${url}/secret-part-of-it` });
    await invoke(world, request("apply"));
    assert.match(warnings(world)[0]?.reason ?? "", /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/);
    assert.deepEqual(hook.texts(), []);
  });
});

describe("the stored address of a webhook", () => {
  const arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf";
  /** The same function, with a store of secrets that answers this. */
  async function withStored(t: TestContext, json: object, status = 200): Promise<World> {
    const store = await secretStore(t, () => ({ status, json }));
    const world = await functionWith(t, { HASURA_MIGRATE_NOTIFY_URL_ARN: arn });
    const webhookAddress = storedSecret({
      setting: { from: "secrets-manager", id: arn },
      stores: webhookStores,
      learn: world.redact.learn,
      client: {
        endpoint: store.url,
        region: "eu-west-1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
      },
    });
    return { ...world, channels: { ...world.channels, webhookAddress } };
  }

  test("is used", async (t) => {
    const hook = await webhook(t);
    const world = await withStored(t, { SecretString: JSON.stringify({ url: hook.url }) });
    await invoke(world, request("apply"));
    assert.equal(hook.texts().length, 1, JSON.stringify(warnings(world)));
  });

  test("that is no address is a warning without it", async (t) => {
    const world = await withStored(t, { SecretString: "hidden-value" });
    await invoke(world, request("apply"));
    assert.deepEqual(
      warnings(world).map(({ reason }) => reason),
      ["its stored address must be an https:// URL (http:// only for this machine)"],
    );
    assert.doesNotMatch(world.logged.join(""), /hidden-value/);
  });

  test("that may not be read is a warning with the variable", async (t) => {
    const world = await withStored(t, { __type: "AccessDeniedException" }, 400);
    const { events } = await invoke(world, request("apply"));
    assert.equal(events.at(-1)?.type, "run.finished");
    assert.match(
      warnings(world)[0]?.reason ?? "",
      /may not read the webhook's address that HASURA_MIGRATE_NOTIFY_URL_ARN names/,
    );
  });
});
