import { Failure } from "../../protocol/failure.ts";
import type { Hint } from "../../protocol/hint.ts";

/*
 * Names that can be checked out on every file system: Windows refuses some characters, names that end with a dot, and the names
 * of its devices, whatever follows them after a dot.
 */

const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;
/** Spaces, control and format characters, line separators, and what Windows reserves. */
const unusable = /[\s\p{C}\p{Zl}\p{Zp}<>:"|?*]+/gu;
/** Bytes of UTF-8: file systems allow 255 for a name, encrypted ones fewer, and the version precedes it. */
const longest = 120;

/**
 * A migration's name as a part of its directory's name, with an underscore in place of characters that some file system refuses.
 * Throws `usage/migration-name` with `hints` for a name that cannot be used.
 */
export function migrationDirectoryName(name: string, hints: readonly Hint[] = []): string {
  const found = portableOrProblem(name);
  if ("portable" in found) return found.portable;
  throw new Failure(
    "usage",
    "migration-name",
    `"${name}" is not a valid migration name: ${found.problem}.`,
    { hints },
  );
}

function portableOrProblem(
  name: string,
): { readonly portable: string } | { readonly problem: string } {
  if (name.trim() === "") return { problem: "it is empty" };
  if (/[/\\]/.test(name))
    return { problem: "it is used as a directory name, so it cannot contain a slash" };
  if (name.trim().startsWith("."))
    return { problem: "it is used as a directory name, so it cannot start with a dot" };
  const portable = name
    .normalize("NFC")
    .trim()
    .replace(unusable, "_")
    .replace(/[._]+$/, "");
  if (!/[\p{L}\p{N}]/u.test(portable)) return { problem: "it has neither letters nor digits" };
  return Buffer.byteLength(portable) <= longest
    ? { portable }
    : { problem: `it is longer than ${longest} bytes` };
}

/** True for a name that can be a directory as it is. A database's name cannot be changed, because Hasura knows it. */
export function isPortableName(name: string): boolean {
  return (
    !/[/\\]|^\.+$|[. ]$|[\p{Cc}\p{Cs}<>:"|?*]/u.test(name) && !device.test(name) && name !== ""
  );
}
