import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * Everything from a named pipe until its writer closes it. Waits for a writer without one of Node's threads, which would keep the process
 * from ending. Rejects with an AbortError when the signal is aborted.
 */
export function readPipe(file: string, interrupted: AbortSignal): Promise<Uint8Array> {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false, signal: interrupted });
  return buffer(socket);
}
