import { brotliCompressSync, constants } from "node:zlib";
import type { EngineContext } from "../context.ts";
import { emit } from "../emit.ts";
import { waitUntilReady } from "../hasura/wait-until-ready.ts";
import { nothingDone, type RunResult } from "../run-result.ts";

/** Up to this many bytes, the best compression takes no noticeable time. */
const smallBytes = 256 * 1024;

/** `metadata-export`: the server's metadata as it is, compressed. */
export async function exportMetadata(engine: EngineContext): Promise<RunResult> {
  const server = await waitUntilReady(engine, () => engine.hasura.readMetadata());
  const text = Buffer.from(JSON.stringify(server.document));
  await emit(engine, {
    type: "metadata.document",
    resourceVersion: server.resourceVersion,
    encoding: "brotli",
    bytes: text.length,
    data: compressed(text).toString("base64"),
  });
  return nothingDone;
}

function compressed(text: Buffer): Buffer {
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: text.length <= smallBytes ? 9 : 5,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
}
