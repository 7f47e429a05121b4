import { closeSync, readSync } from "node:fs";
import { Socket } from "node:net";
import { errorCode } from "../../system-error.ts";

/**
 * Everything from a named pipe until its writer closes it. Waits for a writer without one of Node's threads, which would keep the process
 * from ending. Ends with an AbortError when the signal is aborted.
 * @param fd opened for reading and without blocking; it is closed at the end
 */
export async function* readPipe(fd: number, interrupted: AbortSignal): AsyncGenerator {
  const { bytes, isEmpty } = readAvailable(fd);
  // The writer had closed the pipe before it was opened here: its end would not be reported.
  if (isEmpty && bytes.length > 0) {
    closeSync(fd);
    yield bytes;
    return;
  }
  const socket = new Socket({ fd, readable: true, writable: false, signal: interrupted });
  yield bytes;
  yield* socket;
}

/** The most that a pipe can hold on Linux without further privileges. */
const mostHeld = 1 << 20;

/** What is in the pipe; `isEmpty`: nothing is left, and no writer has it open. */
function readAvailable(fd: number): { readonly bytes: Buffer; readonly isEmpty: boolean } {
  const parts: Buffer[] = [];
  let held = 0;
  while (held <= mostHeld) {
    const part = Buffer.alloc(65_536);
    try {
      const length = readSync(fd, part);
      if (length === 0) return { bytes: Buffer.concat(parts), isEmpty: true };
      parts.push(part.subarray(0, length));
      held += length;
    } catch (thrown) {
      if (errorCode(thrown) !== "EAGAIN") throw thrown;
      break;
    }
  }
  return { bytes: Buffer.concat(parts), isEmpty: false };
}
