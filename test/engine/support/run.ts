import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "vitest";
import { catalogStore } from "../../../src/engine/store/catalog/catalog-store.ts";
import type { Hasura } from "../../../src/engine/hasura/client.ts";
import { readProject } from "../../../src/engine/project/project.ts";
import { execute, type EngineContext } from "../../../src/engine/execute.ts";
import type { EventOf, RunEvent } from "../../../src/protocol/events.ts";
import type { FailureData } from "../../../src/protocol/failure.ts";
import { Request } from "../../../src/protocol/request.ts";
import { refusedHints } from "../../support/printed-commands.ts";

/** A project on disk, removed after the test. Paths are from its root. */
export async function projectOnDisk(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "project-"));
  t.onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

/** `up.sql` and `down.sql` for each name, in a project with config version 3. */
export function migrationsOf(
  names: readonly string[],
  database = "default",
): Record<string, string> {
  const files = names.flatMap((name): [string, string][] => [
    [`migrations/${database}/${name}/up.sql`, `SELECT '${name} up';`],
    [`migrations/${database}/${name}/down.sql`, `SELECT '${name} down';`],
  ]);
  return { "config.yaml": "version: 3\n", ...Object.fromEntries(files) };
}

export interface Ran {
  readonly events: readonly RunEvent[];
  readonly failure: FailureData | undefined;
  of<T extends RunEvent["type"]>(type: T): EventOf<T>[];
}

/** A request with its envelope; what is wrong in it throws ZodError. */
export function requestFor(operation: string, options: object = {}): Request {
  return Request.parse({
    contract: 1,
    runId: "019a7e0c-0000-7000-8000-000000000000",
    environment: "dev-3",
    actor: { user: "ada", host: "laptop" },
    operation,
    options,
  });
}

/**
 * Runs one request to its end. Time stands still, and sleeping takes none, unless the test says otherwise. Fails if a hint names a command
 * or an option that the program does not have.
 */
export async function run(
  hasura: Hasura,
  root: string,
  request: Request,
  more: Partial<EngineContext> = {},
): Promise<Ran> {
  const events: RunEvent[] = [];
  await execute(request, {
    hasura,
    project: () => readProject(root),
    openStore: catalogStore,
    now: () => 0,
    sleep: () => Promise.resolve(),
    random: () => 0.5,
    stop: new AbortController().signal,
    remainingMs: () => 900_000,
    ...more,
    emit: async (event) => {
      events.push(event);
      await more.emit?.(event);
    },
  });
  const last = events.at(-1);
  const hints = events.flatMap((event) => {
    if (event.type === "log") return event.hints ?? [];
    return "failure" in event ? (event.failure?.hints ?? []) : [];
  });
  assert.deepEqual(refusedHints(hints, request.operation), []);
  return {
    events,
    failure: last?.type === "run.failed" ? last.failure : undefined,
    of: <T extends RunEvent["type"]>(type: T) =>
      events.filter((event): event is EventOf<T> => event.type === type),
  };
}
