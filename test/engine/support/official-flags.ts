import { compareVersions } from "../../../src/protocol/migration.ts";
import { requestFor, type Ran } from "./run.ts";
import type { Request } from "../../../src/protocol/request.ts";
import type { ConformanceCase } from "./conformance-case.ts";

/** Runs one request of ours against the case's server. */
export type Ask = (request: Request) => Promise<Ran>;

/**
 * The requests with which a user of ours would do what a command line of the official CLI says. Some need a look first (`goto`
 * goes up or down). Throws where there is no such request, which is a refusal.
 */
export async function requestOf(
  { command, options, configVersion }: ConformanceCase,
  ask: Ask,
): Promise<Request> {
  const database =
    options.databaseName === undefined || configVersion < 3
      ? {}
      : { database: options.databaseName };
  if (command === "migrate status") return requestFor("status", database);
  if (command === "migrate delete") return deleting(options, database, ask);
  const moving = movement(options);
  if (moving === "goto") return going(options.goto ?? "", database, ask);
  if (!options.skipExecution)
    return requestFor(moving.operation, {
      ...database,
      ...moving.options,
      ...(options.dryRun && { dryRun: true }),
      ...(options.noTransaction && { noTransaction: true }),
    });
  if (options.dryRun) throw new Error("mark has no dry run");
  const plan = await ask(
    requestFor(moving.operation, { ...database, ...moving.options, dryRun: true }),
  );
  const versions = plan
    .of("plan")
    .flatMap((it) => it.databases.flatMap((one) => one.items.map((item) => item.version)));
  return requestFor("mark", {
    ...database,
    versions,
    as: moving.operation === "apply" ? "applied" : "pending",
  });
}

interface Movement {
  readonly operation: "apply" | "down";
  readonly options: object;
}

function movement(options: ConformanceCase["options"]): Movement | "goto" {
  const ways = [options.up, options.down, options.goto, options.version].filter(
    (way) => way !== undefined,
  );
  if (ways.length > 1) throw new Error("one way at a time");
  if (options.goto !== undefined) {
    if (options.skipExecution) throw new Error("mark names versions, it has no target");
    return "goto";
  }
  if (options.version !== undefined)
    return { operation: directionOf(options.type), options: { only: options.version } };
  if (options.down !== undefined)
    return {
      operation: "down",
      options: options.down === "all" ? { all: true } : { steps: Number(options.down) },
    };
  return {
    operation: "apply",
    options: options.up === undefined || options.up === "all" ? {} : { steps: Number(options.up) },
  };
}

function directionOf(type: string | undefined): Movement["operation"] {
  switch (type) {
    case undefined:
    case "up":
      return "apply";
    case "down":
      return "down";
    default:
      throw new Error("no such direction");
  }
}

async function going(to: string, database: object, ask: Ask): Promise<Request> {
  const applied = await recordedVersions(database, ask);
  const highest = applied.sort(compareVersions).at(-1) ?? "0";
  return requestFor(/^\d+$/.test(to) && compareVersions(highest, to) > 0 ? "down" : "apply", {
    ...database,
    to,
  });
}

async function deleting(
  options: ConformanceCase["options"],
  database: object,
  ask: Ask,
): Promise<Request> {
  if (options.all && options.version !== undefined)
    throw new Error("mark names versions, it has no --all");
  const versions = options.all
    ? await recordedVersions(database, ask)
    : options.version === undefined
      ? []
      : [options.version];
  return requestFor("mark", { ...database, versions, as: "pending" });
}

async function recordedVersions(database: object, ask: Ask): Promise<string[]> {
  const status = await ask(requestFor("status", database));
  return status
    .of("status")
    .flatMap((it) =>
      it.databases.flatMap((one) =>
        one.migrations.filter((row) => row.state !== "pending").map((row) => row.version),
      ),
    );
}
