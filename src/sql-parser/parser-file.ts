import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

/** Set by scripts/bundle.mjs: the path of the compressed module, relative to the chunks; undefined when this runs from source. */
declare const SQL_PARSER_FILE: string | undefined;

/**
 * The WebAssembly module of PostgreSQL's parser.
 * @throws {Error} when the installation is incomplete
 */
export async function readParserFile(): Promise<Uint8Array> {
  if (typeof SQL_PARSER_FILE === "undefined")
    return readFile(createRequire(import.meta.url).resolve("libpg-query/wasm/libpg-query.wasm"));
  return promisify(brotliDecompress)(await readFile(new URL(SQL_PARSER_FILE, import.meta.url)));
}
