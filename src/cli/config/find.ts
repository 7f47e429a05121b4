import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as z from "zod";
import { decodeText } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import type { CliContext } from "../context.ts";

const fileName = "hasura-migrate.json";
const PackageKey = z.looseObject({ "hasura-migrate": z.unknown() });

export interface FoundConfig {
  readonly file: string;
  readonly json: unknown;
}

/**
 * The configuration to use: `--config`, HASURA_MIGRATE_CONFIG, then upwards from the working directory (hasura-migrate.json
 * before the key in package.json), then the user's configuration directory. Undefined when there is none.
 * Throws usage failures for a file that was named and does not exist, cannot be read, or is not valid JSON.
 */
export async function findConfig(
  context: CliContext,
  flag: string | undefined,
): Promise<FoundConfig | undefined> {
  const named = flag ?? context.env["HASURA_MIGRATE_CONFIG"];
  if (named) {
    const found = await readConfig(resolve(context.cwd, named));
    if (found) return found;
    const by = flag === undefined ? "HASURA_MIGRATE_CONFIG" : "--config";
    throw new Failure(
      "usage",
      "config-missing",
      `The configuration file ${named} (from ${by}) does not exist.`,
    );
  }
  for (const directory of upwards(context.cwd)) {
    const found =
      (await readConfig(join(directory, fileName))) ??
      (await readPackage(join(directory, "package.json")));
    if (found) return found;
  }
  return readConfig(join(await userDirectory(context), "config.json"));
}

function upwards(from: string): string[] {
  const parent = dirname(from);
  return parent === from ? [from] : [from, ...upwards(parent)];
}

/** XDG_CONFIG_HOME counts on every platform; env-paths uses it on Linux only. */
async function userDirectory(context: CliContext): Promise<string> {
  const xdg = context.env["XDG_CONFIG_HOME"];
  if (xdg) return join(xdg, "hasura-migrate");
  const { default: envPaths } = await import("env-paths");
  return envPaths("hasura-migrate", { suffix: "" }).config;
}

async function readConfig(file: string): Promise<FoundConfig | undefined> {
  const bytes = await readBytes(file);
  return bytes === undefined ? undefined : { file, json: parse(textOf(bytes, file), file) };
}

async function readPackage(file: string): Promise<FoundConfig | undefined> {
  const bytes = await readBytes(file);
  if (bytes === undefined || !mentionsKey(bytes)) return undefined;
  const parsed = PackageKey.safeParse(parse(textOf(bytes, file), file));
  const json = parsed.success ? parsed.data["hasura-migrate"] : undefined;
  // A project that only depends on this package mentions its name, but has no such key.
  return json === undefined ? undefined : { file, json };
}

/** Also where the encoding is unknown: a foreign package.json further up is not our concern, whatever it holds. */
function mentionsKey(bytes: Uint8Array): boolean {
  const text = decodeText(bytes).text ?? Buffer.from(bytes).toString("latin1").replaceAll("\0", "");
  return text.includes('"hasura-migrate"');
}

/** In UTF-8 or UTF-16, which is what `echo … > file` makes in Windows PowerShell 5.1. */
function textOf(bytes: Uint8Array, file: string): string {
  const { encoding, text } = decodeText(bytes);
  if (text !== undefined) return text;
  const is = encoding === "unknown" ? "not valid UTF-8" : encoding;
  throw new Failure(
    "usage",
    "config-unreadable",
    `The configuration ${file} cannot be read: it is ${is}.`,
    { hints: [textHint("Save the file as UTF-8.")] },
  );
}

async function readBytes(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure("usage", "config-unreadable", `The configuration ${file} cannot be read.`, {
      cause,
    });
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure("usage", "config-malformed", `The configuration ${file} is not valid JSON.`, {
      cause,
    });
  }
}
