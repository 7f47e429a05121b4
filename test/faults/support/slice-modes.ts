import type { AnswerFault } from "./answer-faults.ts";
import { atEvents, eventsOfSlice, type ClientFault } from "./client-fault.ts";
import type { ClientModes } from "./client-modes.ts";
import type { ClientSideFault } from "./relay.ts";
import { sampled } from "./scale.ts";

/** The last of the three slices. */
export const last = 2;
export const slices = [0, 1, last] as const;
export type Slice = (typeof slices)[number];
/** The event with which a slice ends: the pause, and in the last one the end of the run. */
const end = eventsOfSlice - 1;
/** Events of a slice, the last of which is not among them. */
const beforeEnd = eventsOfSlice - 1;

/**
 * A fault in one slice of a run of three. Nobody resumes a run whose pause did not arrive, and nobody claims that it went on; the end
 * of the last slice is looked up.
 */
export function inSlice(slice: Slice, fault: ClientFault): ClientFault {
  return {
    inSlices: true,
    sent: slice + 1,
    ...fault,
    name: `slice ${String(slice)}, ${fault.name}`,
    faults: [...Array.from({ length: slice }, () => undefined), ...fault.faults],
  };
}

/** Exit codes where the end of a slice is lost and the ledger is asked. */
export const lookedUp = (slice: Slice): number[] => (slice === last ? [0] : [4]);

/** Faults after which the rest of the slice's answer is lost. */
function lostFrom(what: AnswerFault["what"], more: Partial<ClientFault> = {}): ClientFault[] {
  return slices.flatMap((slice) =>
    atEvents(what, 1, { ends: lookedUp(slice), ...more, count: beforeEnd }).map((fault) =>
      inSlice(slice, fault),
    ),
  );
}

/** Faults after which the run may go on as well as end. */
function mayGoOn(
  what: AnswerFault["what"],
  ends: ClientFault["ends"],
  more: Partial<ClientFault> = {},
): ClientFault[] {
  return slices.flatMap((slice) =>
    atEvents(what, 1, { sent: "as often as it takes", ...more, ends, count: eventsOfSlice }).map(
      (fault) => inSlice(slice, fault),
    ),
  );
}

const at = (slice: Slice, fault: ClientSideFault, ends = lookedUp(slice)): ClientFault => {
  const name = typeof fault === "string" ? fault : `${fault.what} at event ${String(fault.at)}`;
  return inSlice(slice, { name, faults: [fault], ends });
};

/** A run of several invocations, each of which applies one migration. */
export const sliceModes: ClientModes = {
  "the pause of a slice is lost": [
    at(0, { what: "reset", at: end - 1 }),
    at(1, { what: "half", at: end }),
    at(0, { what: "silent", at: end - 1 }),
    at(1, { what: "ended", at: end - 1 }),
  ],
  "the request that resumes the run is lost": [
    at(1, "dropped"),
    at(1, "lost at the end"),
    at(last, "lost"),
    at(last, "504 late"),
  ],
  "the run is resumed while the answer of the slice before stands still, or it goes on": [
    { ...at(0, { what: "silent", at: end }, [0]), sent: 3 },
    { ...at(1, { what: "repeated", at: end }, [0]), sent: "as often as it takes" },
  ],
  "a fault at an event of a slice": sampled([
    ...lostFrom("reset"),
    ...lostFrom("ended"),
    ...lostFrom("silent"),
    ...slices.flatMap((slice) =>
      (["half", "cut"] as const).flatMap((what) =>
        atEvents(what, 1, { ends: lookedUp(slice), count: eventsOfSlice }).map((fault) =>
          inSlice(slice, fault),
        ),
      ),
    ),
    ...mayGoOn("held", [0], { sent: 3 }),
    ...mayGoOn("repeated", [0]),
    ...mayGoOn("passed", [0, 4], { killsFunction: "event" }),
    ...mayGoOn("silent", [0, 4], { killsFunction: "event" }),
    ...mayGoOn("passed", [0, null], { signal: "SIGKILL" }),
    ...mayGoOn("passed", [0, 130], { signal: "SIGTERM" }),
    ...mayGoOn("passed", [0, 130], { signal: "SIGHUP" }),
  ]),
  "a fault at the request for a slice": sampled(
    slices.flatMap((slice) => [
      ...(["dropped", "502", "503", "504", "taken"] as const).map((fault) => at(slice, fault, [4])),
      ...(["lost", "lost at the end", "unanswered", "502 late", "504 late"] as const).map((fault) =>
        at(slice, fault),
      ),
      { ...at(slice, "429", [0]), sent: 4 },
    ]),
  ),
};
