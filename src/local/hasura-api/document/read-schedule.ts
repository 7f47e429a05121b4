import { parseFailed } from "../hasura-error.ts";
import { text, type Reader } from "./read-value.ts";

/** The smallest and the largest number of each field: minute, hour, day, month, day of the week. */
const bounds = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const shorthand = /^@(hourly|daily|weekly|monthly|yearly|annually|midnight)$/;

/** A schedule of a cron trigger. The server's parser words its errors differently. */
export const schedule: Reader<string> = (value, path) => {
  const written = text(value, path);
  const fields = written.trim().split(/\s+/);
  const isSchedule =
    shorthand.test(written.trim()) ||
    (fields.length === bounds.length &&
      bounds.every(([least, most], i) => isField(fields[i] ?? "", least, most)));
  if (!isSchedule) throw parseFailed(`"${written}" is not a cron schedule`, path);
  return written;
};

function isField(field: string, least: number, most: number): boolean {
  return field.split(",").every((part) => {
    const [, from, to, step] = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (!/^[*\d]/.test(part) || (from === undefined && !part.startsWith("*"))) return false;
    const numbers = [from, to].filter((each) => each !== undefined).map(Number);
    return numbers.every((each) => each >= least && each <= most) && step !== "0";
  });
}
