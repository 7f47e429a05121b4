import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { ProcessExit } from "./function-error.ts";

export interface ProcessOptions {
  readonly node: string;
  /** The program that calls the Runtime API: runtime-client.mjs, or an entry file of aws-lambda-ric. */
  readonly runtime: string;
  readonly handler: string;
  readonly directory: string;
  readonly memoryMb: number;
  readonly env: Readonly<Record<string, string>>;
  readonly output: (bytes: Buffer) => void;
}

/*
 * Kills the function's process when this one exits, for whatever reason: that closes the other end of file descriptor 3.
 * It is loaded before the runtime, so that it also works with aws-lambda-ric.
 */
const exitWithParent = `data:text/javascript,${encodeURIComponent(
  'import{Socket}from"node:net";const s=new Socket({fd:3});s.on("error",()=>{});s.on("close",()=>process.kill(process.pid,"SIGKILL"));s.resume();s.unref();',
)}`;

/** A function's process. It leads its own process group, so that its child processes are killed with it. */
export class FunctionProcess {
  /** Resolves when the process has exited and its output has been read. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  #stderrTail = "";

  constructor(options: ProcessOptions) {
    const heap = `--max-old-space-size=${options.memoryMb}`;
    this.#child = spawn(
      options.node,
      [heap, "--import", exitWithParent, options.runtime, options.handler],
      {
        cwd: options.directory,
        env: options.env,
        stdio: ["ignore", "pipe", "pipe", "pipe"],
        detached: true,
      },
    );
    this.#child.stdout?.on("data", options.output);
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      this.#stderrTail = (this.#stderrTail + bytes.toString("latin1")).slice(-8192);
      options.output(bytes);
    });
    this.#child.on("exit", () => this.kill());
    this.exited = new Promise((resolve) => {
      this.#child.once("error", () => resolve({ code: 127, signal: null, outOfMemory: false }));
      this.#child.once("close", (code, signal) => {
        const aborted = signal === "SIGABRT" || code === 134;
        resolve({
          code,
          signal,
          outOfMemory: aborted && this.#stderrTail.includes("heap out of memory"),
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks the process to end. */
  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  /** Kills the process and everything that it started, as Lambda does. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // the whole group has exited already
    }
  }
}
