import type { AnswerFault } from "./answer-faults.ts";
import { atEvents, eventsOfSlice, requests, type ClientFault } from "./client-fault.ts";
import type { ClientModes } from "./client-modes.ts";
import { reportNames, type RequestFault } from "./request-faults.ts";
import { sampled } from "./scale.ts";
import { inSlice, slices, unsent } from "./slice-modes.ts";

const streaming = false;

const request = (
  fault: RequestFault,
  ends: number[],
  more: Partial<ClientFault> = {},
): ClientFault => ({ name: fault, faults: [fault], ends, streaming, ...more });

/** One fault at every event of the answer, which arrives as a whole. */
const truncated = (what: AnswerFault["what"]): ClientFault[] =>
  atEvents(what, 1, { ends: [0], streaming });

/**
 * The function is killed when it sends Hasura one of its requests, and the platform answers with a report of its own, or with
 * another one.
 */
const killed = (fault: RequestFault | undefined): ClientFault[] =>
  Array.from({ length: requests }, (_, at) => ({
    name: `killed at request ${String(at)}, ${fault ?? "reported as it is"}`,
    faults: [fault ?? ({ what: "passed", at: -1 } as const)],
    ends: [0, 4],
    killsFunction: at,
    streaming,
  }));

const inSlices = (what: AnswerFault["what"]): ClientFault[] =>
  slices.flatMap((slice) =>
    atEvents(what, 1, { ends: [0], streaming, count: eventsOfSlice - 1 }).map((fault) =>
      inSlice(slice, fault),
    ),
  );

/** Without response streaming: the answer arrives as a whole when the function has ended, or does not. */
export const bufferedModes: ClientModes = {
  "the request itself fails, or its answer is lost": [
    request("unanswered", [0]),
    request("lost at the end", [0]),
    request("504 late", [0]),
    ...sampled([
      request("dropped", [4]),
      request("swallowed", [4]),
      request("lost", [0]),
      request("429", [0], { sent: 2 }),
      request("502", [4]),
      request("503", [4]),
      request("504", [4]),
      request("502 late", [0]),
    ]),
  ],
  "the answer is truncated": sampled([
    ...truncated("cut"),
    ...truncated("ended"),
    ...truncated("half"),
    ...truncated("reset"),
    ...truncated("silent"),
  ]),
  "the function is killed": sampled(killed(undefined)),
  "the platform answers with a report of its own": [
    request("timeout at the end", [0]),
    request("plain timeout", [4]),
    ...sampled([
      request("crash at the end", [0]),
      request("crash", [4]),
      request("timeout", [4]),
      request("plain timeout at the end", [0]),
      ...reportNames.flatMap((report) => killed(`${report} at the end`)),
    ]),
  ],
  "a fault in a slice": sampled([
    ...inSlices("cut"),
    ...inSlices("ended"),
    ...inSlices("half"),
    ...inSlices("reset"),
    ...inSlices("silent"),
    ...slices.flatMap((slice) => [
      { ...unsent(slice, "dropped"), streaming },
      inSlice(slice, request("lost at the end", [0])),
      ...reportNames.flatMap((report) => [
        { ...unsent(slice, report), streaming },
        inSlice(slice, request(`${report} at the end`, [0])),
      ]),
    ]),
  ]),
};
