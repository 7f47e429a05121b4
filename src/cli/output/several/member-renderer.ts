import type { Renderer } from "../renderer.ts";
import type { EnvironmentChange } from "./environment-view.ts";

export interface MemberOptions {
  readonly change: (change: EnvironmentChange) => void;
  readonly now: () => number;
  /** Shows the run as it goes on. */
  readonly inner?: Renderer;
  /** Stops writing to the terminal until the returned function is called. */
  readonly pause?: () => () => void;
  /** Events that are not shown until all environments have ended. */
  readonly holdsBack: (type: string) => boolean;
}

/** A renderer that turns what it receives into changes to one environment's view. */
export function memberRenderer({
  change,
  now,
  inner,
  pause = () => () => undefined,
  holdsBack,
}: MemberOptions): Renderer {
  return {
    silenceMs: 1000,
    pause,
    connected: (connection) => {
      change({ type: "connected", connection });
      inner?.connected(connection);
    },
    waiting: (text) => {
      change({ type: "waiting", text });
      inner?.waiting(text);
    },
    notice: (text) => {
      change({ type: "notice", text });
      inner?.notice(text);
    },
    stopping: (stop) => {
      change({ type: "stopping", stop });
      inner?.notice(stop.text);
    },
    fact: (text) => inner?.fact(text),
    // Shown for all environments together.
    preview: () => undefined,
    event: (event, result) => {
      change({ type: "event", event, at: now() });
      if (!holdsBack(event.type)) inner?.event(event, result);
    },
    failed: (failure) => {
      change({ type: "failed", failure });
      inner?.failed(failure);
    },
    close: () => inner?.close(),
  };
}
