import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { closestMatch, didYouMean } from "../src/did-you-mean.ts";

describe("a misspelt word", () => {
  const matches: [word: string, candidates: string[], match: string | undefined][] = [
    ["stauts", ["apply", "status"], "status"],
    ["statu", ["apply", "status"], "status"],
    ["statusss", ["apply", "status"], "status"],
    ["Status", ["apply", "status"], "status"],
    ["status", ["apply", "STATUS"], "STATUS"],
    ["status", ["apply", "status"], undefined],
    ["history", ["apply", "status"], undefined],
    // A third of the word's length, rounded down, and one in any case.
    ["abcdef", ["abcdXY"], "abcdXY"],
    ["abcdef", ["abcXYZ"], undefined],
    ["abcde", ["abcdX"], "abcdX"],
    ["abcde", ["abcXY"], undefined],
    ["ab", ["aX"], "aX"],
    ["ab", ["XY"], undefined],
    // Two neighbours in the wrong order are one slip.
    ["ba", ["ab"], "ab"],
    ["devl", ["dev1", "delv"], "dev1"],
    ["abdc", ["abcd"], "abcd"],
    ["bacd", ["abcd"], "abcd"],
    ["cbad", ["abcd"], undefined],
    ["abdcx", ["abcdy"], undefined],
    ["anything", [], undefined],
  ];
  for (const [word, candidates, match] of matches) {
    test(`${word} among ${candidates.join(", ")} stands for ${match ?? "nothing"}`, () => {
      assert.equal(closestMatch(word, candidates), match);
      assert.equal(
        didYouMean(word, candidates),
        match === undefined ? "" : ` Did you mean "${match}"?`,
      );
    });
  }
});
