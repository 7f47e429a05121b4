import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { ProcessEnd } from "./function-error.ts";

export interface ProcessOptions {
  readonly node: string;
  /** The program that isSupportedContract the Runtime API: our client, or an entry file of aws-lambda-ric. */
  readonly runtime: string;
  readonly handler: string;
  readonly directory: string;
  readonly memoryMb: number;
  readonly env: Readonly<Record<string, string>>;
  readonly output: (bytes: Buffer) => void;
}

/*
 * The function's process holds one end of a pipe (file descriptor 3) whose other end closes with ours, however we end.
 * Loaded before any runtime, so that under aws-lambda-ric nothing survives either.
 */
const lifeline = `data:text/javascript,${encodeURIComponent(
  'import{Socket}from"node:net";const s=new Socket({fd:3});s.on("error",()=>{});s.on("close",()=>process.kill(process.pid,"SIGKILL"));s.resume();s.unref();',
)}`;

/** A function's process, leading a process group of its own, so that what it starts ends with it. */
export class FunctionProcess {
  /** Resolves once: the process is gone and its output read. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #lastWords = "";

  constructor(options: ProcessOptions) {
    const heap = `--max-old-space-size=${options.memoryMb}`;
    this.#child = spawn(
      options.node,
      [heap, "--import", lifeline, options.runtime, options.handler],
      {
        cwd: options.directory,
        env: options.env,
        stdio: ["ignore", "pipe", "pipe", "pipe"],
        detached: true,
      },
    );
    this.#child.stdout?.on("data", options.output);
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#lastWords = (this.#lastWords + bytes.toString("latin1")).slice(-8192);
      options.output(bytes);
    });
    this.#child.on("exit", () => this.kill());
    this.ended = new Promise((resolve) => {
      this.#child.once("error", () => resolve({ code: 127, signal: null, outOfMemory: false }));
      this.#child.once("close", (code, signal) => {
        const aborted = signal === "SIGABRT" || code === 134;
        resolve({
          code,
          signal,
          outOfMemory: aborted && this.#lastWords.includes("heap out of memory"),
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process and everything it started, at once, as Lambda does. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // the whole group has ended already
    }
  }
}
