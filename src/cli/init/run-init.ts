import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../../protocol/failure.ts";
import { retryHint, runHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import type { CommandResult } from "../command-result.ts";
import { findProjectConfig } from "../config/find.ts";
import type { FileConfig } from "../config/schema.ts";
import { checkFile, checkReferences } from "../config/validate.ts";
import type { CommandContext } from "../context.ts";
import type { InitOptions } from "../options/schemas.ts";
import { hintText, resolveHints } from "../output/hints.ts";
import { jsonLine } from "../output/json-line.ts";
import { whyNobodyIsAsked } from "../run/nobody-to-ask.ts";
import { answersOf, askEnvironments, askProtected, showProfiles } from "./ask-environments.ts";
import { foundEnvironments } from "./found-environments.ts";
import { newConfig, type NewEnvironment } from "./new-config.ts";

/**
 * `init`: writes hasura-migrate.json for the environments that were named, found by their tag, or that a person names. Never
 * replaces a file, and without `--config` hides none. Throws usage failures.
 */
export async function runInit(
  context: CommandContext,
  options: InitOptions,
): Promise<CommandResult> {
  const file = resolve(context.cwd, options.config ?? "hasura-migrate.json");
  // Before anybody has answered a question.
  if (existsSync(file)) throw configExists(file);
  if (options.config === undefined) await refuseToHide(context);
  const { environments, protect } = await chosen(context, options);
  const unknown = protect.filter((name) => !environments.some((each) => each.name === name));
  if (unknown.length > 0)
    throw new Failure(
      "usage",
      "environment-unknown",
      `Cannot protect ${unknown.join(", ")}: no such environment.`,
    );
  const config = newConfig(
    environments.map((each) => ({ ...each, protected: protect.includes(each.name) })),
    schemaFor(file),
  );
  refuseInvalid(config);
  await write(file, config);
  report(context, options, file, Object.keys(config.environments ?? {}));
  return "done";
}

interface Chosen {
  readonly environments: readonly NewEnvironment[];
  readonly protect: readonly string[];
}

async function chosen(context: CommandContext, options: InitOptions): Promise<Chosen> {
  const { environments: names, profile, region, endpointUrl, protect } = options;
  const typed = names.map((name) => ({
    ...{ name, profile, region, endpointUrl },
    function: options.function,
  }));
  if (names.length > 0 && !options.discover) return { environments: typed, protect };
  if (options.discover) {
    const found = await foundEnvironments(context, options, { config: {} });
    const all = [...typed, ...found.filter(({ name }) => !names.includes(name))];
    if (all.length > 0) return { environments: all, protect };
    throw new Failure(
      "usage",
      "nothing-discovered",
      "No environment was found, so nothing was written.",
      {
        hints: [runHint(["init", "dev", "prod", "--region", "eu-west-1"], "name them yourself")],
      },
    );
  }
  return askAll(context, options);
}

async function askAll(context: CommandContext, options: InitOptions): Promise<Chosen> {
  const nobody = whyNobodyIsAsked(context, options.json);
  if (nobody !== undefined)
    throw new Failure("usage", "environment-missing", `No environment given, ${nobody}.`, {
      hints: [
        runHint(["init", "dev", "prod", "--region", "eu-west-1", "--protect", "prod"], "name them"),
        retryHint({ with: ["--discover"], reason: "use the functions that are deployed" }),
      ],
    });
  const answers = answersOf(context);
  const profiles = await showProfiles(context);
  const looks =
    profiles.length > 0 &&
    options.function === undefined &&
    (await answers.yes(
      "Look for deployed functions in these profiles? This sends one request for each profile and region",
    ));
  const found = looks ? await foundOrNone(context, options) : [];
  const uses = found.length > 0 && (await answers.yes("Use these environments?"));
  const environments = uses ? found : await askEnvironments(answers, options);
  return { environments, protect: await askProtected(answers, environments) };
}

/** With no region configured, discovery is impossible, and the user is asked for the names. */
async function foundOrNone(
  context: CommandContext,
  options: InitOptions,
): Promise<NewEnvironment[]> {
  try {
    return await foundEnvironments(context, options, { config: {} });
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.kind !== "usage") throw thrown;
    context.err.write(`${thrown.message}\n`);
    return [];
  }
}

function refuseInvalid(config: FileConfig): void {
  const checked = checkFile(config);
  const problems = "problems" in checked ? checked.problems : checkReferences(checked.config);
  if (problems.length === 0) return;
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  throw new Failure("usage", "config-invalid", `Nothing was written:\n${lines.join("\n")}`);
}

/** The schema of the installed package, where the file can refer to it; else the one that is published. */
function schemaFor(file: string): string {
  const installed = join(dirname(file), "node_modules/hasura-migrate/schema.json");
  return existsSync(installed)
    ? "./node_modules/hasura-migrate/schema.json"
    : "https://unpkg.com/hasura-migrate/schema.json";
}

async function write(file: string, config: FileConfig): Promise<void> {
  try {
    // `wx`: also where somebody else has written it in the meantime.
    await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { flag: "wx", mode: 0o644 });
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") throw configExists(file);
    throw new Failure("usage", "config-not-written", `${file} cannot be written.`, { cause });
  }
}

/**
 * Throws if the project has a configuration in another file, further up or in package.json. A nearer one would be used instead of it, without
 * its environments and what protects them.
 */
async function refuseToHide(context: CommandContext): Promise<void> {
  const hidden = await usableConfig(context);
  if (hidden === undefined) return;
  throw new Failure(
    "usage",
    "config-exists",
    `${hidden.file} already configures this project; another file in this directory would be used instead of it.`,
    {
      hints: [
        textHint(`Add the environments to ${hidden.file}.`),
        retryHint({
          with: ["--config", "hasura-migrate.json"],
          reason: "to configure them separately",
        }),
      ],
    },
  );
}

/** Options whose values are in the new file, so that the next commands need not repeat them. */
const written: ReadonlySet<string> = new Set([
  ...["--region", "--profile", "--function", "--endpoint-url"],
]);

/** Undefined where another user could have written it: no command uses such a file. */
async function usableConfig(context: CommandContext): ReturnType<typeof findProjectConfig> {
  try {
    return await findProjectConfig(context);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === "config-unsafe") return undefined;
    throw thrown;
  }
}

function configExists(file: string): Failure {
  return new Failure(
    "usage",
    "config-exists",
    `${file} already exists and will not be overwritten.`,
    {
      hints: [
        runHint(["envs", "--discover"], "list what is deployed, to add it by hand"),
        textHint("Use --config FILE to write to a different file."),
      ],
    },
  );
}

function report(
  context: CommandContext,
  { json, quiet }: InitOptions,
  file: string,
  names: readonly string[],
): void {
  if (json) {
    context.out.write(`${jsonLine({ type: "config.created", file, environments: names })}\n`);
    return;
  }
  context.out.write(`${file}\n`);
  if (quiet) return;
  const [first = "dev"] = names;
  const next = [
    runHint(["doctor", "--all"], "check every environment"),
    runHint(["status", first], "what is applied there"),
    runHint([first], "apply what is pending"),
  ];
  const { commandLine } = context;
  const options = commandLine.options.filter(({ option }) => !written.has(option.long ?? ""));
  const lines = resolveHints(next, { ...commandLine, options }, context.env).map(hintText);
  context.err.write(
    `Created, with ${names.join(", ")}. Next:\n${lines.map((line) => `  ${line}\n`).join("")}`,
  );
}
