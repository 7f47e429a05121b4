import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { schedule } from "../../../src/local/hasura-api/document/read-schedule.ts";

const isSchedule = (text: string): boolean => {
  try {
    return schedule(text, "$") === text;
  } catch {
    return false;
  }
};

describe("the schedule of a cron trigger", () => {
  test.each([
    "* * * * *",
    "0 */2 * * *",
    "*/5 8-18 * * 1-5",
    "0,30 0 1,15 1-12/3 7",
    "0  0 1 1 0",
    "@daily",
  ])("%s is one", (text) => assert.equal(isSchedule(text), true));

  test.each([
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "*/0 * * * *",
    "a * * * *",
    ", * * * *",
    "1- * * * *",
    "@never",
  ])("%s is none", (text) => assert.equal(isSchedule(text), false));
});
