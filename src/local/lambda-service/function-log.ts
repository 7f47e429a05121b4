/** How much of the log Lambda returns to a caller that requests it. */
const tailBytes = 4096;

/** The last part of one invocation's log, including the START, END and REPORT lines of Lambda. */
export class FunctionLog {
  #tail = Buffer.alloc(0);

  write(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#tail, bytes]);
    this.#tail = all.subarray(Math.max(0, all.length - tailBytes));
  }

  start(requestId: string, version: string): void {
    this.write(Buffer.from(`START RequestId: ${requestId} Version: ${version}\n`));
  }

  /** @param figures `initMs` is present when this invocation started the process */
  end(requestId: string, figures: { tookMs: number; memoryMb: number; initMs?: number }): void {
    const report = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${figures.tookMs.toFixed(2)} ms`,
      `Billed Duration: ${Math.ceil(figures.tookMs)} ms`,
      `Memory Size: ${figures.memoryMb} MB`,
      ...(figures.initMs === undefined ? [] : [`Init Duration: ${figures.initMs.toFixed(2)} ms`]),
    ];
    this.write(Buffer.from(`END RequestId: ${requestId}\n${report.join("\t")}\n`));
  }

  /** The log as the API returns it. */
  get base64(): string {
    return this.#tail.toString("base64");
  }
}
