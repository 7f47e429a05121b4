/** A caller who asks for the log gets its end: 4 kB. */
const tailBytes = 4096;

/** The end of what one invocation wrote, with the lines Lambda puts around it. */
export class FunctionLog {
  #tail = Buffer.alloc(0);

  write(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#tail, bytes]);
    this.#tail = all.subarray(Math.max(0, all.length - tailBytes));
  }

  start(requestId: string, version: string): void {
    this.write(Buffer.from(`START RequestId: ${requestId} Version: ${version}\n`));
  }

  /** `initMs` only where this invocation started the process. */
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

  /** As the API gives it: base64. */
  get base64(): string {
    return this.#tail.toString("base64");
  }
}
