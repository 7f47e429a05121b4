import { FunctionProcess, type ProcessOptions } from "../lambda-service/function-process.ts";

/** What starts a task's process. */
export interface LocalTaskOptions {
  readonly id: string;
  readonly arn: string;
  readonly process: Omit<ProcessOptions, "output">;
  readonly log: (text: string) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

interface TaskEnd {
  readonly exitCode: number;
  readonly stopCode: string;
  readonly reason: string;
}

/** The container of every task definition. */
export const containerName = "hasura-migrate";

/** A task: a process of the function's bundle that serves one request. It runs at once, and its log is kept. */
export class LocalTask {
  readonly id: string;
  readonly arn: string;
  readonly #process: FunctionProcess;
  readonly #now: () => number;
  readonly #lines: { readonly timestamp: number; readonly message: string }[] = [];
  #rest = "";
  #stopReason: string | undefined;
  #end: TaskEnd | undefined;

  constructor({ id, arn, process, log, now }: LocalTaskOptions) {
    this.id = id;
    this.arn = arn;
    this.#now = now;
    const output = (bytes: Buffer): void => {
      const text = bytes.toString("utf8");
      this.#keep(text);
      log(text);
    };
    this.#process = new FunctionProcess({ ...process, output });
    void this.#process.exited.then(({ code, signal }) => {
      this.#keep("\n");
      this.#end = {
        exitCode: code ?? (signal === "SIGKILL" ? 137 : 143),
        stopCode: this.#stopReason === undefined ? "EssentialContainerExited" : "UserInitiated",
        reason: this.#stopReason ?? "Essential container in task exited",
      };
    });
  }

  /** As DescribeTasks reports it. */
  describe(): object {
    const lastStatus = this.#end ? "STOPPED" : "RUNNING";
    return {
      taskArn: this.arn,
      lastStatus,
      desiredStatus: lastStatus,
      launchType: "FARGATE",
      ...(this.#end && { stopCode: this.#end.stopCode, stoppedReason: this.#end.reason }),
      containers: [
        {
          name: containerName,
          lastStatus,
          ...(this.#end && { exitCode: this.#end.exitCode }),
        },
      ],
    };
  }

  /** The lines that it has written, as GetLogEvents reports them. */
  get log(): readonly object[] {
    return this.#lines;
  }

  /** Asks it to end, as StopTask does; it is not killed if it does not. */
  stop(reason: string): void {
    this.#stopReason = reason;
    this.#process.terminate();
  }

  /** Kills it; resolves when it has exited. */
  async kill(): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }

  #keep(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const message of lines)
      if (message !== "") this.#lines.push({ timestamp: this.#now(), message });
  }
}

/** True for the name of the only container that a task has here. */
export function isContainer(name: string): boolean {
  return name === containerName;
}
