import { access, constants, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { v7 } from "uuid";
import { Failure } from "../../../protocol/failure.ts";
import { errorCode } from "../../../system-error.ts";
import type { CliContext } from "../../context.ts";
import { fileProblem } from "../../project/file-problem.ts";

/** A file that a page will be written to. */
export interface PageFile {
  /** Replaces the file as a whole, or leaves it as it is. Throws `usage/page-not-written`. */
  write(text: string): Promise<void>;
}

/**
 * Checks that a page can be written to a file, by writing an empty file beside it and removing that again. Throws
 * `usage/page-not-written`.
 */
export async function preparePageFile(
  { cwd, now }: Pick<CliContext, "cwd" | "now">,
  typed: string,
): Promise<PageFile> {
  const path = resolve(cwd, typed);
  try {
    const existing = await statOf(path);
    // A device or a pipe can only be written, not replaced.
    if (existing && !existing.isFile() && !existing.isDirectory())
      return {
        write: (text) => writeFile(path, text).catch((cause: unknown) => fail(typed, cause)),
      };
    if (existing?.isDirectory() || /[\\/]$/.test(typed)) return fail(typed, undefined);
    if (existing) await access(path, constants.W_OK);
    // Where the path is a link, the file that it leads to is replaced.
    const target = existing ? await realpath(path) : path;
    const draft = join(dirname(target), `.hasura-migrate-${v7({ msecs: now() })}`);
    await writeNew(draft, "");
    await rm(draft);
    const mode = existing && existing.mode & 0o777;
    return {
      write: (text) =>
        replace(target, { draft, text, mode }).catch((cause: unknown) => fail(typed, cause)),
    };
  } catch (cause) {
    return fail(typed, cause);
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

async function replace(
  target: string,
  {
    draft,
    text,
    mode,
  }: { readonly draft: string; readonly text: string; readonly mode: number | undefined },
): Promise<void> {
  try {
    await writeNew(draft, text, mode);
    await rename(draft, target);
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw thrown;
  }
}

/** Writes a file that does not exist yet, to the disk: one that is full may accept the text and refuse to keep it. */
async function writeNew(path: string, text: string, mode = 0o666): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function fail(typed: string, cause: unknown): never {
  if (cause instanceof Failure) throw cause;
  const reason = cause === undefined ? "it names a directory" : fileProblem(cause);
  throw new Failure(
    "usage",
    "page-not-written",
    `The page could not be written to ${typed}${reason === undefined ? "" : `: ${reason}`}.`,
    cause === undefined ? {} : { cause },
  );
}
