import type { CommandResult } from "../command-result.ts";
import type { RunEvent } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { ConnectionInfo } from "../connection/connection.ts";
import type { PreviewEvent } from "./preview-event.ts";

/** How far stopping a run has got, and a sentence about it. */
export interface StopProgress {
  /** pending: the run has not started yet · requested: the request was sent · accepted: it was confirmed · failed: it was not. */
  readonly state: "pending" | "requested" | "accepted" | "failed";
  readonly text: string;
}

/** One way to show a run. Everything arrives in the order it happens. */
export interface Renderer {
  /** If nothing was shown for this long, in milliseconds, what is being waited for is shown. */
  readonly silenceMs: number;
  /** The function that the next events come from. */
  connected(connection: ConnectionInfo): void;
  /** Shows what is being waited for, until the next event. */
  waiting(text: string): void;
  /** Stops writing to the terminal, for a question or another program, until the returned function is called. */
  pause(): () => void;
  notice(line: string): void;
  /** Shows how far stopping the run has got; absent where a notice does. */
  stopping?(stop: StopProgress): void;
  /** Shows background information, less prominent than a notice. */
  fact(line: string): void;
  /** Shows on stderr what a question is about; only if there is a person to ask. */
  preview(event: PreviewEvent): void;
  /** `result` comes with the event that ends the run: how the command ends. */
  event(event: RunEvent | UnknownEvent, result?: CommandResult): void;
  /** Shows the error that ended the run without a closing event, or before it began. */
  failed(failure: Failure): void;
  /** Restores the terminal; nothing is shown afterwards. */
  close(): void;
}

/** What a renderer needs to know from the start. */
export interface RenderOptions {
  readonly environment: string;
  readonly operation: string;
  /** `--run` of history and cancel: the only run that is asked about. */
  readonly run?: string | undefined;
  /** `--full` of `metadata diff` and `metadata apply`. */
  readonly full?: boolean | undefined;
  /** The rows of `sql` as CSV. */
  readonly csv?: boolean | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly debug: boolean;
  /** Stands before each line of a result or failure in plain output, where several environments share it. */
  readonly prefix?: string;
}
