import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "vitest";
import { shortestSecret } from "../../src/lambda/secrets/redact.ts";
import { Failure } from "../../src/protocol/failure.ts";
import { migrationsOf, projectOnDisk } from "../engine/support/run.ts";
import { scriptedHasura, type Asked, type Scripted } from "../support/scripted-hasura.ts";
import { context, invoke, worldFrom } from "./support/invoke.ts";
import { request } from "./support/request.ts";
import { workingHasura } from "./support/working-hasura.ts";

const secret = "the-very-secret-value";
/** A project with one migration. */
async function project(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "hasura-migrate-"));
  t.onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, "default", "1700000000000_users"), { recursive: true });
  await writeFile(
    join(directory, "default", "1700000000000_users", "up.sql"),
    "create table users (id int);",
  );
  return directory;
}

const dev3 = (endpoint: string, directory = "/nowhere") => ({
  HASURA_MIGRATE_ENVIRONMENT: "dev-3",
  HASURA_MIGRATE_ENDPOINT: endpoint,
  HASURA_MIGRATE_ADMIN_SECRET: secret,
  HASURA_MIGRATE_DIRECTORY: directory,
  HASURA_MIGRATE_LEDGER: "off",
  GIT_COMMIT: "4c6ea1a",
});

describe("handler", () => {
  test("an apply first reports the function, then its progress, and ends with one closing event", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const { events } = await invoke(worldFrom(dev3(url, await project(t))), request("apply"));
    const [started] = events;
    assert(started?.type === "run.started");
    assert.deepEqual(
      [
        started.environment,
        started.requestId,
        started.hasura.version,
        started.image.commit,
        started.function.arn,
      ],
      ["dev-3", "request-1", "v2.48.0", "4c6ea1a", context.invokedFunctionArn],
    );
    const types = events.map(({ type }) => type);
    assert.deepEqual(
      types.filter((type) => type.startsWith("migration.") || type.startsWith("run.")),
      ["run.started", "migration.started", "migration.applied", "run.finished"],
    );
    assert.equal(types.at(-1), "run.finished");
  });

  test("a run that uses the image's metadata warns about files that have no effect", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const root = await projectOnDisk(t, {
      ...migrationsOf(["1_a"]),
      "metadata/version.yaml": "version: 3\n",
      "metadata/databases/databases.yaml": "[]\n",
      "metadata/old.yaml": "[]\n",
    });
    const world = worldFrom(dev3(url, root), {
      execute: async (_, { projectMetadata, emit }) => {
        await projectMetadata?.();
        await emit({ type: "run.finished", applied: 0, notReached: 0, tookMs: 0 });
      },
    });
    const { events } = await invoke(world, request("metadata-diff"));
    assert.deepEqual(
      events.flatMap((event) => (event.type === "log" ? [event] : [])),
      [
        {
          ...{ type: "log", level: "warning", code: "metadata-ignored" },
          message: "No other file includes the file metadata/old.yaml, so it has no effect.",
        },
      ],
    );
  });

  test("a ping is answered without touching a migration", async (t) => {
    const { url, asked } = await scriptedHasura(t, workingHasura);
    const { events } = await invoke(worldFrom(dev3(url)), request("ping"));
    assert.deepEqual(
      events.map(({ type }) => type),
      ["run.started", "run.finished"],
    );
    assert(asked.every(({ path }) => path === "/v1/version"));
  });

  const refused: readonly [string, unknown, Record<string, string>, string][] = [
    ["no request", undefined, {}, "malformed-request"],
    ["a text", "hello", {}, "malformed-request"],
    ["an unknown option", request("apply", { options: { turbo: true } }), {}, "unknown-option"],
    ["another environment", request("apply", { environment: "prod" }), {}, "wrong-environment"],
    [
      "a protected environment without its name",
      request("apply"),
      { HASURA_MIGRATE_PROTECTED: "true" },
      "protected",
    ],
    [
      "a caller without permission",
      request("down"),
      { HASURA_MIGRATE_UNQUALIFIED: "read" },
      "operation-not-allowed",
    ],
    [
      "settings with a mistake",
      request("apply"),
      { HASURA_MIGRATE_ENDPOINT: "nonsense" },
      "function-settings",
    ],
    [
      "an engine that is not there",
      request("apply"),
      { HASURA_MIGRATE_ENGINE: "hasura-cli" },
      "engine-not-available",
    ],
  ];
  for (const [what, event, env, code] of refused) {
    test(`${what}: one closing event with the reason, and Hasura is not asked`, async (t) => {
      const { url, asked } = await scriptedHasura(t, workingHasura);
      const { events } = await invoke(worldFrom({ ...dev3(url), ...env }), event);
      assert.deepEqual(
        events.map((it) => it.type === "run.failed" && it.failure.code),
        [code],
      );
      assert.equal(asked.length, 0);
    });
  }

  test("a bug in this program becomes a closing event of kind bug, with its stack only in the log", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const world = worldFrom(dev3(url), {
      execute: () => Promise.reject(new TypeError("x is undefined")),
    });
    const { events, text } = await invoke(world, request("status"));
    const last = events.at(-1);
    assert(last?.type === "run.failed");
    assert.deepEqual([last.failure.kind, last.failure.message], ["bug", "x is undefined"]);
    assert.doesNotMatch(text, /at .*handler\.test/);
    assert.match(world.logged.join(""), /handler\.test/);
  });

  test.each([
    { accept: ["status.rows", "something.later"], type: "status.rows" },
    { accept: ["something.later"], type: "status" },
    { accept: undefined, type: "status" },
  ])(
    "a long status for a client that accepts $accept is sent as $type",
    async ({ accept, type }) => {
      const migrations = Array.from({ length: 120 }, (_, i) => ({
        ...{ version: String(i + 1), name: "create_item", state: "pending" as const },
      }));
      const databases = [
        { database: "default", kind: "postgres", store: "catalog" as const, migrations },
      ];
      const world = worldFrom(dev3("http://127.0.0.1:1"), {
        execute: async (_, { emit }) => {
          await emit({ type: "status", databases });
          await emit({ type: "run.finished", applied: 0, notReached: 0, tookMs: 1 });
        },
      });
      const { events, text } = await invoke(world, {
        ...request("status"),
        ...(accept && { accept }),
      });
      const sent = text.split("\n").filter((line) => line.startsWith('{"type":"status'));
      assert.deepEqual(
        sent.map((line) => (JSON.parse(line) as { type: string }).type),
        [type],
      );
      const read = events.filter((event) => event.type === "status");
      assert.deepEqual(read, [{ type: "status", databases }]);
    },
  );

  test("an engine that forgets its closing event is a bug, not a silent end", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const { events } = await invoke(
      worldFrom(dev3(url), { execute: () => Promise.resolve() }),
      request("status"),
    );
    const last = events.at(-1);
    assert(last?.type === "run.failed" && last.failure.kind === "bug");
  });

  test("a silent Hasura does not delay run.started by more than a second", async (t) => {
    const { url } = await scriptedHasura(t, ({ path }) =>
      path === "/v1/version" ? "silence" : undefined,
    );
    const waits: number[] = [];
    const world = worldFrom(dev3(url), {
      sleep: (ms, signal) => {
        waits.push(ms);
        return ms === 1000
          ? Promise.resolve()
          : new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
      },
      execute: async (_request, { emit }) =>
        emit({ type: "run.finished", applied: 0, notReached: 0, tookMs: 0 }),
    });
    const { events } = await invoke(world, request("status"));
    assert(events[0]?.type === "run.started");
    assert.equal(events[0].hasura.version, undefined);
    assert.deepEqual(waits, [870_000, 1000, 898_000]);
  });

  test("the run is asked to stop 30 s before the deadline, or after two thirds of a short timeout", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    for (const [remaining, expected] of [
      [900_000, 870_000],
      [30_000, 20_000],
    ] as const) {
      let reason: unknown;
      const world = worldFrom(dev3(url), {
        sleep: (ms, signal) => {
          if (ms === expected) return Promise.resolve();
          return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
        },
        execute: async (_request, { stop, emit, remainingMs }) => {
          assert.equal(stop.aborted, true);
          reason = stop.reason;
          assert.equal(remainingMs(), remaining);
          await emit({ type: "run.finished", applied: 0, notReached: 0, tookMs: 0 });
        },
      });
      await invoke(world, request("status"), {
        ...context,
        getRemainingTimeInMillis: () => remaining,
      });
      assert.equal(reason, "deadline");
    }
  });

  test("without a deadline, none has passed", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const world = worldFrom(dev3(url), {
      execute: async (_request, { stop, emit, remainingMs }) => {
        assert.equal(stop.aborted, false);
        assert(remainingMs() > 900_000);
        await emit({ type: "run.finished", applied: 0, notReached: 0, tookMs: 0 });
      },
    });
    const { events } = await invoke(world, request("status"), {
      ...context,
      getRemainingTimeInMillis: () => -1.8e12,
    });
    assert.equal(events.at(-1)?.type, "run.finished");
  });

  test("an unknown authority, a wrong secret and a secret that cannot be read are reported at once, with what to do", async (t) => {
    const denied = {
      status: 401,
      json: { path: "$", error: "invalid secret", code: "access-denied" },
    };
    const { url } = await scriptedHasura(t, (asked) =>
      asked.method === "POST" ? denied : workingHasura(asked),
    );
    const directory = await project(t);
    const codes: unknown[] = [];
    const lost = () =>
      Promise.reject(new Failure("unreachable", "secret-store-unreachable", "no way there"));
    for (const more of [{}, { adminSecret: { get: lost, renew: lost } }]) {
      const last = (
        await invoke(worldFrom(dev3(url, directory), more), request("apply"))
      ).events.at(-1);
      codes.push(last?.type === "run.failed" && [last.failure.kind, last.failure.code]);
    }
    assert.deepEqual(codes, [
      ["access", "wrong-secret"],
      ["unreachable", "secret-store-unreachable"],
    ]);
  });

  test("no event and no log line contains the admin secret, whatever returned it", async (t) => {
    const echo = { error: `got ${secret}`, code: "postgres-error", path: `$.${secret}` };
    const internal = {
      error: {
        exec_status: "FatalError",
        message: secret,
        status_code: "42601",
        description: secret,
        hint: `no ${secret}`,
      },
    };
    const scripts: ((asked: Asked) => Scripted | undefined)[] = [
      (asked) =>
        asked.body?.type === "run_sql"
          ? { status: 400, json: { ...echo, internal } }
          : workingHasura(asked),
      (asked) =>
        asked.body?.type === "run_sql"
          ? { status: 504, text: `<title>${secret}</title>` }
          : workingHasura(asked),
      (asked) =>
        asked.body?.type === "export_metadata" ? { status: 400, json: echo } : workingHasura(asked),
      (asked) =>
        asked.method === "GET"
          ? { json: { version: secret } }
          : { status: 301, text: "", headers: { location: `http://x/${secret}` } },
    ];
    for (const script of scripts) {
      const { url, asked } = await scriptedHasura(t, script);
      const world = worldFrom({
        ...dev3(url, await project(t)),
        HASURA_MIGRATE_LOG_LEVEL: "debug",
      });
      const actor = { user: secret, host: "h" };
      const { text } = await invoke(world, { ...request("apply"), actor });
      assert(asked.some(({ headers }) => headers["x-hasura-admin-secret"] === secret));
      assert.match(text + world.logged.join(""), /admin secret/);
      assert(!(text + world.logged.join("")).includes(secret), text);
    }
  });

  test("a short admin secret, which cannot be redacted, causes one warning per run", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const directory = await project(t);
    const warningsWith = async (short: string) => {
      const env = { ...dev3(url, directory), HASURA_MIGRATE_ADMIN_SECRET: short };
      const { events } = await invoke(worldFrom(env), request("apply"));
      assert.equal(events.at(-1)?.type, "run.finished");
      return events.flatMap((event) =>
        event.type === "log" ? [`${event.level} ${event.code}`] : [],
      );
    };
    assert.deepEqual(await warningsWith("x".repeat(shortestSecret - 1)), [
      "warning admin-secret-too-short",
    ]);
    assert.deepEqual(await warningsWith("x".repeat(shortestSecret)), []);
  });

  test("every line of the log is JSON with the run and the request it belongs to", async (t) => {
    const { url } = await scriptedHasura(t, workingHasura);
    const world = worldFrom(dev3(url, await project(t)));
    await invoke(world, request("apply"));
    assert(world.logged.length > 3);
    for (const line of world.logged) {
      const { runId, requestId, level, _aws } = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual([runId, requestId], [request("apply").runId, "request-1"]);
      // The line of the metrics is not a message.
      assert.equal(level, _aws === undefined ? "info" : undefined);
    }
  });

  test("connections end with the invocation: a frozen function cannot see one die", async (t) => {
    const open = new Set<object>();
    const { url } = await scriptedHasura(t, workingHasura, (socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
    await invoke(worldFrom(dev3(url, await project(t))), request("apply"));
    for (let i = 0; open.size > 0 && i < 1000; i++)
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(open.size, 0);
  });
});
