import { close, constants, createReadStream, fstat, open, type Stats } from "node:fs";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import * as z from "zod";
import { decodeText } from "../../decode-text.ts";
import { Failure } from "../../protocol/failure.ts";
import { commandHint, retryHint, textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import type { CliContext } from "../context.ts";
import { namedFile, projectLocations, userLocation } from "./locations.ts";
import { readPipe } from "./read-pipe.ts";

const PackageKey = z.looseObject({ "hasura-migrate": z.unknown() });

export interface FoundConfig {
  readonly file: string;
  readonly json: unknown;
  /** Who looked for it, and so for what it extends. */
  readonly finder: Finder;
  /** The file that was found first, where this one is extended by it. */
  readonly root: string;
}

/**
 * The configuration to use: `--config`, HASURA_MIGRATE_CONFIG, then upwards from the working directory (hasura-migrate.json
 * before the key in package.json), then the user's configuration directory. Undefined when there is none.
 * Throws usage failures for a file that was named and does not exist, cannot be read, or is not valid JSON, and for one that is
 * found without being named and that another user could have written.
 */
export async function findConfig(
  context: CliContext,
  flag: string | undefined,
): Promise<FoundConfig | undefined> {
  const named = namedFile(context, flag);
  if (named) {
    const found = await readNamed(named.path, context.interrupts.first);
    if (found) return found;
    throw new Failure(
      "usage",
      "config-missing",
      `The configuration file ${named.as} (from ${named.by}) does not exist.`,
    );
  }
  return (await findProjectConfig(context)) ?? readConfig(await userLocation(context.env), context);
}

/** The configuration of the project in the working directory or above it. Throws as `findConfig` does. */
export async function findProjectConfig(context: CliContext): Promise<FoundConfig | undefined> {
  for (const { path, kind } of projectLocations(context.cwd)) {
    const found = await (kind === "file" ? readConfig(path, context) : readPackage(path, context));
    if (found) return found;
  }
  return undefined;
}

/** A file that another one extends. It must be as trustworthy as one that was found, unless the other one was named. */
export async function readExtended(
  file: string,
  from: FoundConfig,
): Promise<FoundConfig | undefined> {
  return readConfig(file, from.finder, from.root);
}

/** A file that was named may be a pipe: `--config <(command)`. */
async function readNamed(file: string, interrupted: AbortSignal): Promise<FoundConfig | undefined> {
  const found = await readBytes(file, interrupted);
  return found && configOf(file, found, "named", file);
}

async function readConfig(
  file: string,
  user: Finder,
  root = file,
): Promise<FoundConfig | undefined> {
  const found = await readBytes(file);
  return found && configOf(file, found, user, root);
}

function configOf(file: string, found: ConfigBytes, user: Finder, root: string): FoundConfig {
  checkOwner(file, found, user, root);
  return { file, json: parse(textOf(found.bytes, file), file), finder: user, root };
}

async function readPackage(file: string, user: Finder): Promise<FoundConfig | undefined> {
  const found = await readBytes(file);
  if (found === undefined || !mentionsKey(found.bytes)) return undefined;
  const parsed = PackageKey.safeParse(parse(textOf(found.bytes, file), file));
  const json = parsed.success ? parsed.data["hasura-migrate"] : undefined;
  // A project that only depends on this package mentions its name, but has no such key.
  if (json === undefined) return undefined;
  checkOwner(file, found, user, file);
  return { file, json, finder: user, root: file };
}

/** The user that looks for a file and has to own it. A file that was named explicitly is not checked. */
type Finder = Pick<CliContext, "uid" | "env"> | "named";

interface ConfigBytes {
  readonly bytes: Uint8Array;
  readonly stats: Pick<Stats, "uid" | "gid" | "mode">;
}

/**
 * The file decides where signed requests go and with which profile, so nobody else may have written it (as git's
 * `safe.directory`). The superuser could change everything anyway.
 */
function checkOwner(file: string, { stats }: ConfigBytes, user: Finder, root: string): void {
  if (user === "named" || user.uid === undefined) return;
  // A CI job runs what it checked out, often in a container and as a different user.
  const { CI } = user.env;
  const isCi = CI !== undefined && CI !== "" && CI !== "false";
  const foreign = stats.uid !== user.uid && stats.uid !== 0 && !isCi;
  if (!foreign && !writableByOthers(stats)) return;
  const why = foreign ? "belongs to another user" : "can be written by other users";
  const change: [string, ...string[]] = foreign
    ? ["chown", String(user.uid), file]
    : ["chmod", "go-w", file];
  throw new Failure(
    "usage",
    "config-unsafe",
    `Refusing to use the configuration ${file}: it ${why}, and it decides where your AWS requests go.`,
    {
      hints: [
        retryHint({
          with: ["--config", root],
          reason: "if you trust its content, name it explicitly",
        }),
        commandHint(change, "or make sure that only you can change it"),
      ],
    },
  );
}

/** A group with the same id as the owner is that user's private group, as most Linux systems create it (files are 0664). */
function writableByOthers({ mode, uid, gid }: ConfigBytes["stats"]): boolean {
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== uid);
}

/** Also if the encoding is unknown: an unrelated package.json further up must not cause an error. */
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

/**
 * Of a file. With `interrupted`, which ends the wait for a writer, also of a pipe or a device; reading these could otherwise wait
 * forever.
 */
async function readBytes(
  file: string,
  interrupted?: AbortSignal,
): Promise<ConfigBytes | undefined> {
  try {
    // On Windows the flag is undefined, which adds nothing.
    const fd = await promisify(open)(file, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readOpened(fd, file, interrupted);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    if (interrupted?.aborted) throw new Failure("interrupted", "interrupted", "Interrupted.");
    const code = errorCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure("usage", "config-unreadable", `The configuration ${file} cannot be read.`, {
      cause,
    });
  }
}

/** Reads and closes the file. */
async function readOpened(
  fd: number,
  file: string,
  interrupted?: AbortSignal,
): Promise<ConfigBytes> {
  const stats = await promisify(fstat)(fd);
  if (!interrupted && !stats.isFile() && !stats.isDirectory()) {
    await promisify(close)(fd);
    throw notAFile(file);
  }
  const isPipe = interrupted !== undefined && stats.isFIFO();
  const bytes = isPipe
    ? await buffer(readPipe(fd, interrupted))
    : await buffer(createReadStream(file, { fd, ...(interrupted && { signal: interrupted }) }));
  return { bytes, stats };
}

function notAFile(file: string): Failure {
  return new Failure(
    "usage",
    "config-unreadable",
    `The configuration ${file} cannot be read: it is a pipe or a device.`,
    {
      hints: [
        textHint(
          "Replace it with a file. Only a configuration that is named with --config may be a pipe.",
        ),
      ],
    },
  );
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
