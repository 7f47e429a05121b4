import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { TestContext } from "vitest";
import type { RunEvent } from "../../../src/protocol/events.ts";
import { migrationsOf, projectOnDisk } from "../../engine/support/run.ts";
import { freshDirectory } from "../../support/postgres.ts";
import { standInCli, type Behaviour, type StandIn } from "../../support/official-cli/stand-in.ts";
import { catalogHasura, type CatalogHasura } from "./catalog-hasura.ts";
import { invoke, worldFrom } from "./invoke.ts";
import { request } from "./request.ts";

export const secret = "the-very-secret-value";
/** The names of the project's migrations. */
export const names = ["1_users", "2_shops", "3_orders"] as const;

export interface CliScene {
  readonly cli: StandIn;
  readonly hasura: CatalogHasura;
  readonly context: ReturnType<typeof worldFrom>;
  /** Where the function may write; empty again after a run. */
  readonly temporary: string;
  /** Everything that came out, as text: events and log. */
  readonly text: () => string;
  readonly run: (operation: Parameters<typeof request>[0], options?: object) => Promise<RunEvent[]>;
}

interface Given {
  readonly behaviour?: Behaviour;
  readonly hasura?: Parameters<typeof catalogHasura>[1];
  readonly files?: Record<string, string>;
  readonly more?: Parameters<typeof worldFrom>[1];
  readonly env?: Record<string, string>;
}

/** A function whose engine is a stand-in for the official CLI, a Hasura, and a project of three migrations. */
export async function cliScene(t: TestContext, given: Given = {}): Promise<CliScene> {
  const [cli, hasura] = [
    await standInCli(t, given.behaviour),
    await catalogHasura(t, given.hasura),
  ];
  const directory = await projectOnDisk(t, given.files ?? migrationsOf(names));
  const temporary = await freshDirectory(t);
  const env = {
    HASURA_MIGRATE_ENVIRONMENT: "dev-3",
    HASURA_MIGRATE_ENDPOINT: hasura.url,
    HASURA_MIGRATE_ADMIN_SECRET: secret,
    HASURA_MIGRATE_DIRECTORY: directory,
    HASURA_MIGRATE_ENGINE: "hasura-cli",
    ...given.env,
  };
  const context = worldFrom(env, {
    hasuraCli: {
      directories: ["", "/nowhere", cli.directory],
      environment: { PATH: "/usr/bin:/bin" },
      temporaryDirectory: temporary,
    },
    ...given.more,
  });
  let text = "";
  return {
    cli,
    hasura,
    context,
    temporary,
    text: () => text + context.logged.join(""),
    run: async (operation, options = {}) => {
      const answer = await invoke(context, request(operation, { options }));
      text += answer.text;
      assert.deepEqual(readdirSync(temporary), [], "nothing is left behind");
      return answer.events.filter((event): event is RunEvent => event.type !== "unknown");
    },
  };
}

/** Summarises what a run reported about its migrations and its outcome. */
export function summaryOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === "run.failed")
      return [`run.failed ${event.failure.kind}/${event.failure.code}`];
    if (event.type === "run.finished") return [`run.finished ${event.applied}`];
    return "version" in event ? [`${event.type} ${event.version}`] : [];
  });
}

/** The warnings, by their codes. */
export function warnings(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "log" && event.level === "warning" ? [event.code] : [],
  );
}
