import type { AnswerFault } from "./answer-faults.ts";
import { atEvents, eventsOfSlice, type ClientFault } from "./client-fault.ts";
import type { ClientModes } from "./client-modes.ts";
import type { ClientSideFault } from "./relay.ts";
import type { RequestFault } from "./request-faults.ts";
import { sampled } from "./scale.ts";

/** The last of the three slices. */
const last = 2;
export const slices = [0, 1, last] as const;
type Slice = (typeof slices)[number];
/** The event with which a slice ends: the pause, and in the last one the end of the run. So many events come before it. */
const end = eventsOfSlice - 1;

/** A fault in one slice of a run of three, which is continued to its end. */
export function inSlice(slice: Slice, fault: ClientFault): ClientFault {
  return {
    inSlices: true,
    sent: slices.length,
    ...fault,
    name: `slice ${String(slice)}, ${fault.name}`,
    faults: [...Array.from({ length: slice }, () => undefined), ...fault.faults],
  };
}

/** Faults after which the rest of the slice's answer is lost: the ledger shows its end, or that it has paused. */
function lostFrom(what: AnswerFault["what"], count = end): ClientFault[] {
  return slices.flatMap((slice) =>
    atEvents(what, 1, { ends: [0], count }).map((fault) => inSlice(slice, fault)),
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

/** A fault after which the ledger shows how the slice ended. */
const at = (slice: Slice, fault: ClientSideFault): ClientFault => {
  const name = typeof fault === "string" ? fault : `${fault.what} at event ${String(fault.at)}`;
  return inSlice(slice, { name, faults: [fault], ends: [0] });
};

/** The request for a slice did not reach the function: nobody can know that, so the run is not continued. */
export const unsent = (slice: Slice, fault: RequestFault): ClientFault =>
  inSlice(slice, { name: fault, faults: [fault], ends: [4], sent: slice + 1 });

/** A run of several invocations, each of which applies one migration. */
export const sliceModes: ClientModes = {
  "the pause of a slice is lost": [
    at(0, { what: "reset", at: end - 1 }),
    at(1, { what: "half", at: end }),
    at(0, { what: "silent", at: end - 1 }),
    at(1, { what: "ended", at: end - 1 }),
  ],
  "the request that resumes the run is lost": [
    unsent(1, "dropped"),
    at(1, "lost at the end"),
    at(last, "lost"),
    at(last, "504 late"),
  ],
  "the run is resumed while the answer of the slice before stands still, or it goes on": [
    at(0, { what: "silent", at: end }),
    { ...at(1, { what: "repeated", at: end }), sent: "as often as it takes" },
  ],
  "a fault at an event of a slice": sampled([
    ...lostFrom("reset"),
    ...lostFrom("ended"),
    ...lostFrom("silent"),
    ...lostFrom("half", eventsOfSlice),
    ...lostFrom("cut", eventsOfSlice),
    ...lostFrom("held", eventsOfSlice),
    ...mayGoOn("repeated", [0]),
    ...mayGoOn("passed", [0, 4], { killsFunction: "event" }),
    ...mayGoOn("silent", [0, 4], { killsFunction: "event" }),
    ...mayGoOn("passed", [0, null], { signal: "SIGKILL" }),
    ...mayGoOn("passed", [0, 130], { signal: "SIGTERM" }),
    ...mayGoOn("passed", [0, 130], { signal: "SIGHUP" }),
  ]),
  "a fault at the request for a slice": sampled(
    slices.flatMap((slice) => [
      ...(["dropped", "502", "503", "504", "swallowed"] as const).map((fault) =>
        unsent(slice, fault),
      ),
      ...(
        [
          ...(["lost", "lost at the end", "unanswered", "502 late", "504 late"] as const),
          ...(["twice", "twice at the end"] as const),
        ] as const
      ).map((fault) => at(slice, fault)),
      { ...at(slice, "429"), sent: slices.length + 1 },
    ]),
  ),
};
