import { lossRules } from "../../protocol/impact.ts";
import type { PreviewEvent } from "../output/preview-event.ts";

/** True if a plan loses data, and neither its files nor `allow` accept that: the function would refuse it without a confirmation. */
export function losesData(event: PreviewEvent, allow: readonly string[]): boolean {
  if (event.type !== "plan") return false;
  return event.databases
    .flatMap(({ items }) => items)
    .flatMap(({ statements = [] }) => statements)
    .flatMap(({ needs = [] }) => needs)
    .some((rule) => lossRules.has(rule) && !allow.includes(rule));
}
