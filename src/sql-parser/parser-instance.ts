/**
 * One instance of libpg_query 18, PostgreSQL's own parser compiled to WebAssembly. Only what it needs from an operating system is
 * provided: memory that grows, and PostgreSQL's jump out of a failed parse. It cannot read or write anything.
 */
export interface ParserInstance {
  /**
   * The parse tree as JSON, or PostgreSQL's error. `position` counts characters (code points) from 0.
   * @throws {Error} when the module fails, as for an expression that is nested too deeply; it must not be used afterwards
   */
  parse(sql: Uint8Array): { readonly tree: string } | { readonly error: ParserError };
  /** Bytes of memory in use. */
  memory(): number;
}

export interface ParserError {
  readonly message: string;
  readonly position: number;
}

/** The module's exports under the names that its compiler gave them; they belong to the version in package.json. */
interface ParserExports {
  readonly z: WebAssembly.Memory;
  /** The functions that are called by number. */
  readonly D: { readonly get: (index: number) => (...args: number[]) => number | bigint };
  /** Runs the constructors. */
  readonly A: () => void;
  /** malloc */
  readonly C: (size: number) => number;
  /** free */
  readonly E: (address: number) => void;
  /** Parses a C string. Returns the address of a result, which contains the addresses of the tree, a text and an error. */
  readonly F: (sql: number) => number;
  /** Frees a result. */
  readonly G: (result: number) => void;
  /** setThrew */
  readonly P: (threw: number, value: number) => void;
  /** Restores the stack. */
  readonly Q: (stack: number) => void;
  /** The present stack. */
  readonly R: () => number;
}

/** PostgreSQL's longjmp, on its way to the call that catches it. */
class LongJump extends Error {}

/** Bytes of memory that the parser may use. */
const mostMemory = 1 << 30;
const page = 65_536;

/** @throws {Error} when the module is not of the expected version */
export function startParser(module: WebAssembly.Module): ParserInstance {
  const started: { wasm?: ParserExports } = {};
  const exportsOf = (): ParserExports => started.wasm ?? abort("it has not started");
  const { exports: wasm } = new WebAssembly.Instance(module, { a: importsOf(exportsOf) });
  if (!isParser(wasm)) return abort("its module is of another version");
  started.wasm = wasm;
  wasm.A();
  return { parse: (sql) => parse(wasm, sql), memory: () => wasm.z.buffer.byteLength };
}

function isParser(exports: WebAssembly.Exports): exports is WebAssembly.Exports & ParserExports {
  const functions = ["A", "C", "E", "F", "G", "P", "Q", "R"];
  return (
    functions.every((name) => typeof exports[name] === "function") &&
    exports["z"] instanceof WebAssembly.Memory &&
    exports["D"] instanceof WebAssembly.Table
  );
}

function parse(wasm: ParserExports, sql: Uint8Array): ReturnType<ParserInstance["parse"]> {
  const text = wasm.C(sql.length + 1);
  if (text === 0) return abort("out of memory");
  const bytes = new Uint8Array(wasm.z.buffer, text, sql.length + 1);
  bytes.set(sql);
  bytes[sql.length] = 0;
  const result = wasm.F(text);
  const [tree = 0, , error = 0] = wordsAt(wasm, result, 3);
  const answer = error === 0 ? { tree: textAt(wasm, tree) } : { error: errorAt(wasm, error) };
  wasm.G(result);
  wasm.E(text);
  return answer;
}

/** PgQueryError: message, function, file, line, position from 1. */
function errorAt(wasm: ParserExports, address: number): ParserError {
  const [message = 0, , , , position = 0] = wordsAt(wasm, address, 5);
  return { message: textAt(wasm, message), position: Math.max(position - 1, 0) };
}

function wordsAt(wasm: ParserExports, address: number, count: number): Int32Array {
  return new Int32Array(wasm.z.buffer, address, count);
}

function textAt(wasm: ParserExports, address: number): string {
  const memory = new Uint8Array(wasm.z.buffer);
  return new TextDecoder().decode(memory.subarray(address, memory.indexOf(0, address)));
}

type Import = (first: number, ...others: number[]) => unknown;

function importsOf(exports: () => ParserExports): Record<string, Import> {
  const call = catchingJumps(exports);
  const number: Import = (index, ...args) => call(index, args) ?? 0;
  const bigint: Import = (index, ...args) => call(index, args) ?? 0n;
  const nothing: Import = (index, ...args) => void call(index, args);
  const stop: Import = () => abort("it called exit");
  return {
    ...{ a: number, b: number, d: number, g: number, k: number, l: bigint },
    ...{ e: nothing, f: nothing, h: nothing, i: nothing, j: nothing, n: nothing, y: nothing },
    ...{ m: stop, v: stop, x: stop },
    c: (condition) => abort(textAt(exports(), condition)),
    // A timer, and keeping the process alive.
    ...{ o: () => 0, w: () => undefined },
    p: () => {
      throw new LongJump();
    },
    q: (bytes) => grow(exports().z, bytes),
    ...noFiles,
  };
}

/** Closing, reading, seeking and writing: EBADF. */
const noFiles = { u: () => 8, r: () => 8, s: () => 8, t: () => 8 };

/** Calls a function of the module's table; undefined when PostgreSQL jumped out of it. */
function catchingJumps(exports: () => ParserExports) {
  return (index: number, args: readonly number[]): number | bigint | undefined => {
    const wasm = exports();
    const stack = wasm.R();
    try {
      return wasm.D.get(index)(...args);
    } catch (thrown) {
      if (!(thrown instanceof LongJump)) throw thrown;
      wasm.Q(stack);
      wasm.P(1, 0);
      return undefined;
    }
  };
}

function abort(why: string): never {
  throw new Error(`PostgreSQL's parser stopped: ${why}`);
}

/** Grows the memory to this size and returns 1, or 0 if that fails. Grows by at least a fifth, because growing copies it. */
function grow(memory: WebAssembly.Memory, asked: number): number {
  const bytes = asked >>> 0;
  if (bytes > mostMemory) return 0;
  const present = memory.buffer.byteLength;
  const wanted = Math.min(mostMemory, Math.max(bytes, present * 1.2));
  memory.grow(Math.ceil((wanted - present) / page));
  return 1;
}
