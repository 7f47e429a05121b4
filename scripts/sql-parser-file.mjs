import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** The package whose WebAssembly module is shipped, without its JavaScript. */
export const parserPackage = "node_modules/libpg-query";

/** The path of the module below dist/: src/sql-parser/parser-file.ts reads it from there. */
export const parserPath = "function/sql-parser.wasm.br";

/**
 * PostgreSQL's parser as it is published: 1.7 MB become 245 kB. Compressing takes three seconds, so the result is kept.
 * @returns {Uint8Array}
 */
export function compressedParser(/** @type {string} */ root) {
  const wasm = readFileSync(join(root, parserPackage, "wasm/libpg-query.wasm"));
  const cache = join(root, "node_modules/.cache");
  const kept = join(cache, `sql-parser-64k-${createHash("sha256").update(wasm).digest("hex")}.br`);
  if (existsSync(kept)) return readFileSync(kept);
  const compressed = brotliCompressSync(wasm, {
    params: {
      [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length,
      // Blocks of 64 kB, which suit its many short tables better than the default.
      [constants.BROTLI_PARAM_LGBLOCK]: 16,
    },
  });
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${kept}.${process.pid}`, compressed);
  renameSync(`${kept}.${process.pid}`, kept);
  return compressed;
}
