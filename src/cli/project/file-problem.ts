import { errorCode } from "../../system-error.ts";

/** What the operating system calls a reason, in words. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist",
  ENOTDIR: "part of its path is not a directory",
  EISDIR: "it is a directory",
  EACCES: "you have no permission",
  EPERM: "you have no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "your disk quota is used up",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "the link leads to itself",
};

/** Why a file could not be written, as the end of a sentence; undefined where no words are known. */
export function fileProblem(cause: unknown): string | undefined {
  return reasons[errorCode(cause) ?? ""];
}
