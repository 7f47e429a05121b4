import type { ClosingEvent, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { MadeUpload } from "./directory-upload.ts";

type OnEvent = (event: RunEvent | UnknownEvent) => void;

/** What is sent depends on what the function had when it was asked; if that has changed, it is asked again. */
const outdated: ReadonlySet<string> = new Set(["image-changed", "upload-outdated"]);
const mostAttempts = 3;

/** How a request with an upload is made and sent; `again` is true where it was refused before. */
interface SentUpload<T> {
  readonly make: (again: boolean) => Promise<MadeUpload>;
  readonly send: (upload: MadeUpload, onEvent: OnEvent) => Promise<T>;
  readonly onEvent: OnEvent;
}

/**
 * Sends a request with an upload. If the function refuses it because it has other files or records by then, nothing has been run, and
 * it is made again, a bounded number of times; such a refusal is not shown.
 */
export async function sendUpload<T extends { readonly closing: ClosingEvent }>(
  sending: SentUpload<T>,
): Promise<T> {
  const { make, send, onEvent } = sending;
  for (let attempt = 1; ; attempt += 1) {
    const held = holdStart(onEvent);
    const sent = await send(await make(attempt > 1), held.onEvent);
    if (!isOutdated(sent.closing) || attempt >= mostAttempts) {
      held.release();
      return sent;
    }
  }
}

function isOutdated(event: RunEvent | UnknownEvent): boolean {
  return event.type === "run.failed" && event.applied === 0 && outdated.has(event.failure.code);
}

/** Passes events on, the beginning of a run only with what follows it, unless that is a refusal of the upload. */
function holdStart(onEvent: OnEvent): { readonly onEvent: OnEvent; readonly release: () => void } {
  const held: (RunEvent | UnknownEvent)[] = [];
  const release = (): void => {
    for (const event of held.splice(0)) onEvent(event);
  };
  return {
    release,
    onEvent: (event) => {
      held.push(event);
      if (event.type !== "run.started" && !isOutdated(event)) release();
    },
  };
}
