import type { ClosingEvent, RunEvent } from "../../protocol/events.ts";
import type { UnknownEvent } from "../../protocol/ndjson.ts";
import type { MadeUpload } from "./directory-upload.ts";

type OnEvent = (event: RunEvent | UnknownEvent) => void;

/** An upload depends on the function's inventory; if that has changed, the function is asked again, at most this often. */
const outdated: ReadonlySet<string> = new Set(["image-changed", "upload-outdated"]);
const mostAttempts = 3;

/** Makes and sends a request with an upload; `again` is true if an earlier one was refused. */
interface SentUpload<T> {
  readonly make: (again: boolean) => Promise<MadeUpload>;
  readonly send: (upload: MadeUpload, onEvent: OnEvent) => Promise<T>;
  readonly onEvent: OnEvent;
}

/**
 * Sends a request with an upload. If the function refuses it because its files or records have changed, nothing has been run, and the upload
 * is made again, a limited number of times; these refusals are not shown.
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

/** Passes events on, but the start of a run only when another event follows that is not a refusal of the upload. */
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
