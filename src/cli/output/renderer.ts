import type { RunEvent } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { ConnectionInfo } from "../connection/connection.ts";
import type { CliContext } from "../context.ts";
import { jsonLines } from "./renderers/json.ts";
import { liveRows } from "./renderers/live.ts";
import { plainLines } from "./renderers/plain.ts";

/** One way of showing a run. Everything arrives in the order it happened. */
export interface Renderer {
  /** What is waited for while nothing happens. */
  waiting(text: string): void;
  notice(line: string): void;
  /** What is good to know, and no news. */
  fact(line: string): void;
  event(event: RunEvent | UnknownEvent): void;
  /** What ended the run without a closing event, or before it began. */
  failed(failure: Failure): void;
  /** Puts the terminal back in order; nothing is shown afterwards. */
  close(): void;
}

/** What a renderer knows from the start. `reached` is asked when it is needed: it is known after the credentials are. */
export interface RenderOptions {
  readonly environment: string;
  readonly operation: string;
  readonly reached: () => ConnectionInfo | undefined;
  /** The one run that was asked about, to be shown in full. */
  readonly run?: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly debug: boolean;
}

/** The way of showing, chosen once. A CI with a terminal is still a CI, and a pipe behind a terminal gets plain lines. */
export function rendererFor(context: CliContext, about: RenderOptions, json: boolean): Renderer {
  if (json) return jsonLines(context, about);
  const { CI, TERM } = context.env;
  const ci = CI !== undefined && CI !== "" && CI !== "false";
  const terminal = context.out.isTTY && context.err.isTTY && !ci && TERM !== "dumb";
  return terminal && !about.quiet ? liveRows(context, about) : plainLines(context, about);
}
