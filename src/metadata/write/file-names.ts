import { createHash } from "node:crypto";
import { isJsonList, isJsonMap, type Json } from "../document/json.ts";

/*
 * Names of files for objects of the server, whose names may contain anything. A name that some file system refuses, or that would lead to
 * another directory, is replaced by a similar one; two names that differ only in case get different files.
 */

/** The paths of files that exist, or will. */
export class FileNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...taken].map(folded));
  }

  /** The path of a new file in a directory. The same names in the same order get the same paths. */
  add(directory: string, wanted: string): string {
    let path = `${directory}/${usableName(wanted)}.yaml`;
    for (let attempt = 1; this.#taken.has(folded(path)); attempt += 1)
      path = `${directory}/${withHash(wanted, attempt)}.yaml`;
    this.#taken.add(folded(path));
    return path;
  }
}

/** The name itself if a file or directory can have it, or one like it. */
export function usableName(name: string): string {
  return isUsable(name) ? name : withHash(name, 0);
}

/** Bytes of UTF-8, without the extension: file systems allow 255 for a name, encrypted ones fewer. */
const longest = 130;
const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;
const unusable = /[/\\<>:"|?*\p{C}\p{Zl}\p{Zp}]+/gu;

function isUsable(name: string): boolean {
  return (
    name.search(unusable) === -1 &&
    !/^[. ]|[. ]$|^$/.test(name) &&
    !device.test(name) &&
    name === name.normalize("NFC") &&
    Buffer.byteLength(name) <= longest
  );
}

/** A usable name that begins like this one. */
function withHash(name: string, attempt: number): string {
  const hash = createHash("sha256")
    .update(`${name}\0${String(attempt)}`)
    .digest("hex");
  const readable = name
    .normalize("NFC")
    .replace(unusable, "_")
    .replace(/^[. ]+/, "_");
  return `${Array.from(readable).slice(0, 30).join("")}_${hash.slice(0, 8)}`;
}

/** Equal for two names that are the same file where case does not count. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/**
 * The name of an object's file as the Hasura CLI chooses it, without its extension: `public_orders`. Names of other kinds of database are
 * lists.
 */
export function objectFileName(name: Json | undefined): string {
  const text = (part: Json | undefined): string => (typeof part === "string" ? part : "");
  if (isJsonList(name)) return name.map(text).join("_");
  if (!isJsonMap(name)) return `public_${text(name)}`;
  return `${text(name["schema"]) || text(name["dataset"])}_${text(name["name"])}`;
}
