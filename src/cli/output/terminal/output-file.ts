import { fstatSync, writeSync } from "node:fs";
import { errorCode } from "../../../system-error.ts";
import type { TextStream } from "./sink.ts";

/** A file or a device that output goes to. `lost`: why a part of it could not be written, such as `ENOSPC`. */
interface OutputFile extends TextStream {
  readonly lost: string | undefined;
}

/**
 * Stdout where it is a file or a device: written here, because Node's stream reports a full disk too late to end with an error,
 * and a part that was not written never. Undefined for a terminal, a pipe or a socket, whose reader may go away.
 */
export function outputFileOf(stream: {
  readonly fd: number;
  readonly isTTY?: boolean;
}): OutputFile | undefined {
  return stream.isTTY !== true && isFile(stream.fd) ? outputFile(stream.fd) : undefined;
}

function isFile(fd: number): boolean {
  try {
    const kind = fstatSync(fd);
    return kind.isFile() || kind.isCharacterDevice();
  } catch {
    return false;
  }
}

function outputFile(fd: number): OutputFile {
  let lost: string | undefined;
  return {
    write: (text) => {
      if (lost === undefined) lost = failureOfWriting(fd, text);
    },
    get lost() {
      return lost;
    },
    drained: () => undefined,
    isTTY: false,
    columns: 80,
    rows: 24,
  };
}

/** Writes all of a text; returns why that failed. */
function failureOfWriting(fd: number, text: string): string | undefined {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
    return undefined;
  } catch (thrown) {
    return errorCode(thrown) ?? "no code";
  }
}
