import { mkdir, open, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { FileChange } from "../../metadata/write/export-project.ts";
import { Failure } from "../../protocol/failure.ts";
import { textHint } from "../../protocol/hint.ts";
import { errorCode } from "../../system-error.ts";
import { fileProblem } from "../project/file-problem.ts";

/** Where files are written. */
export interface WritePlace {
  /** The project's root. */
  readonly root: string;
  /** From the root: nothing is written outside of it, not even through a link. */
  readonly directory: string;
  /** Part of the names of temporary files; unique. */
  readonly id: string;
  readonly interrupted: AbortSignal;
}

/** A change with the files that it needs. */
interface Step {
  readonly change: FileChange;
  /** The file itself; where it is a link, what it leads to. */
  readonly target: string;
  /** Has the new text until it replaces the target. */
  readonly draft: string;
  /** Has the old text until all files are in their places. */
  readonly kept: string;
}

/**
 * Makes all changes, or none: everything new is on the disk before the first file is replaced, and if a file cannot be replaced, those
 * before it are restored.
 * @throws Failure usage/metadata-not-written, interrupted/interrupted
 */
export async function writeChanges(
  changes: readonly FileChange[],
  place: WritePlace,
): Promise<void> {
  const made: string[] = [];
  const steps: Step[] = [];
  for (const change of changes)
    try {
      const step = await prepared(change, steps.length, place, made);
      steps.push(step);
      if (change.after !== undefined) await writeDraft(step, change.after);
      if (place.interrupted.aborted) throw interrupted();
    } catch (cause) {
      await removeAll(steps, made);
      throw cause instanceof Failure ? cause : notWritten(change, cause);
    }
  await replaceAll(steps, made);
  for (const { kept } of steps) await rm(kept, { force: true });
  await removeEmptyDirectories(steps, join(place.root, place.directory));
}

async function prepared(
  change: FileChange,
  index: number,
  { root, directory, id }: WritePlace,
  made: string[],
): Promise<Step> {
  const path = join(root, change.path);
  const first = await mkdir(dirname(path), { recursive: true });
  if (first !== undefined) made.push(first);
  const target = (await exists(path)) ? await realpath(path) : path;
  const own = await realpath(dirname(target));
  const boundary = await realpath(
    (await exists(join(root, directory))) ? join(root, directory) : root,
  );
  if (own !== boundary && !own.startsWith(boundary + sep)) throw outside(change.path);
  const temporary = join(dirname(target), `.hasura-migrate-${id}-${String(index)}`);
  return { change, target, draft: temporary, kept: `${temporary}.before` };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return false;
    throw thrown;
  }
}

/** Flushes the text to the disk: a full disk may accept it and fail only then. */
async function writeDraft({ target, draft }: Step, text: string): Promise<void> {
  const mode = (await exists(target)) ? (await stat(target)).mode & 0o777 : 0o666;
  const file = await open(draft, "wx", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function replaceAll(steps: readonly Step[], made: readonly string[]): Promise<void> {
  const done: Step[] = [];
  for (const step of steps)
    try {
      done.push(step);
      await replace(step);
    } catch (cause) {
      const lost = await bringBack(done);
      if (lost.length > 0) throw halfWritten(lost, cause);
      await removeAll(steps, made);
      throw notWritten(step.change, cause);
    }
}

async function replace({ change, target, draft, kept }: Step): Promise<void> {
  if (change.before !== undefined) await rename(target, kept);
  if (change.after !== undefined) await rename(draft, target);
}

/** Undoes replacements, the last one first. Returns what could not be undone. */
async function bringBack(done: readonly Step[]): Promise<readonly Step[]> {
  const lost: Step[] = [];
  for (const step of done.toReversed()) {
    const { change, target, draft, kept } = step;
    try {
      if (await exists(kept)) await rename(kept, target);
      else if (change.before === undefined && !(await exists(draft)))
        await rm(target, { force: true });
    } catch {
      lost.push(step);
    }
  }
  return lost;
}

/** Removes temporary files, and the directories that were made for them. */
async function removeAll(steps: readonly Step[], made: readonly string[]): Promise<void> {
  for (const { draft } of steps) await rm(draft, { force: true }).catch(() => undefined);
  for (const directory of made.toReversed())
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
}

async function removeEmptyDirectories(steps: readonly Step[], top: string): Promise<void> {
  const removed = steps.filter(({ change }) => change.after === undefined);
  for (const { change, target } of removed) {
    let directory = dirname(target);
    const inTop = (path: string): boolean => !relative(top, path).startsWith("..") && path !== top;
    while (change.before !== undefined && inTop(directory) && (await isRemoved(directory)))
      directory = dirname(directory);
  }
}

/** Removes a directory if it is empty. */
async function isRemoved(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch {
    return false;
  }
}

function interrupted(): Failure {
  return new Failure("interrupted", "interrupted", "Interrupted; no file was changed.");
}

function notWritten({ path }: FileChange, cause: unknown): Failure {
  const reason = fileProblem(cause);
  return new Failure(
    "usage",
    "metadata-not-written",
    `${path} could not be written${reason === undefined ? "" : `: ${reason}`}. No file was changed.`,
    { cause },
  );
}

function halfWritten(lost: readonly Step[], cause: unknown): Failure {
  return new Failure(
    "usage",
    "metadata-not-written",
    `The files could not be written, and not all of them could be restored: ${lost.map(({ change }) => change.path).join(", ")}.`,
    {
      cause,
      hints: lost.map(({ change, kept }) =>
        textHint(`The earlier version of ${change.path} is ${kept}.`),
      ),
    },
  );
}

function outside(path: string): Failure {
  return new Failure(
    "usage",
    "link-outside-project",
    `${path} is in a directory that is a link to a place outside the metadata directory; no file was changed.`,
  );
}
