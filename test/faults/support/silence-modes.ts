import { atEvents } from "./client-fault.ts";
import type { ClientModes } from "./client-modes.ts";
import { sampled, scale } from "./scale.ts";

const step = scale.clientStep ** 2;

/** Nothing arrives any more, and nothing closes: what only a bound on the wait can notice. */
export const silenceModes: ClientModes = {
  "nothing follows an event, and the function goes on": atEvents("silent", step, { ends: [0] }),
  "nothing follows an event, and the function is killed": atEvents("silent", step, {
    ends: [0, 4],
    killsFunction: "event",
  }),
  "nothing answers the request, or the question about the run": [
    { name: "the request is swallowed", faults: ["swallowed"], ends: [4] },
    { name: "its answer is swallowed", faults: ["unanswered"], ends: [0] },
    ...sampled(
      (["swallowed", "unanswered"] as const).map((question) => ({
        name: `nothing follows an event, and the question is ${question}`,
        faults: [{ what: "silent", at: 2 } as const, question],
        ends: [0],
      })),
    ),
  ],
};
