import type { RunEvent } from "../../protocol/events.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { Reached } from "../connection.ts";
import type { World } from "../world.ts";
import { jsonLines } from "./json.ts";
import { liveRows } from "./live.ts";
import { plainLines } from "./plain.ts";

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
export interface About {
  readonly environment: string;
  readonly operation: string;
  readonly reached: () => Reached | undefined;
  /** The one run that was asked about, to be shown in full. */
  readonly run?: string | undefined;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly debug: boolean;
}

/** The way of showing, chosen once. A CI with a terminal is still a CI, and a pipe behind a terminal gets plain lines. */
export function rendererFor(world: World, about: About, json: boolean): Renderer {
  if (json) return jsonLines(world, about);
  const { CI, TERM } = world.env;
  const ci = CI !== undefined && CI !== "" && CI !== "false";
  const terminal = world.out.isTTY && world.err.isTTY && !ci && TERM !== "dumb";
  return terminal && !about.quiet ? liveRows(world, about) : plainLines(world, about);
}
