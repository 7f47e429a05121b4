import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { redactAddress, withoutSecrets } from "../../../src/cli/options/redact-address.ts";

describe("an address that is printed", () => {
  const addresses: [address: string, printed: string][] = [
    ["postgres://ada@db:5432/app", "postgres://ada@db:5432/app"],
    ["postgres://ada:hidden@db/app", "postgres://ada:PASSWORD@db/app"],
    ["postgres://:hidden@db/app", "postgres://:PASSWORD@db/app"],
    ["postgres://db/app?password=hidden", "postgres://db/app?QUERY"],
    ["postgres://db/app?", "postgres://db/app?"],
    ["https://db/app#hidden", "https://db/app"],
    ["postgres://a:b@db/app?x=hidden#hidden", "postgres://a:PASSWORD@db/app?QUERY"],
    ["postgres://ada:hid/den@db/app", "URL"],
    ["postgres://ada:hid?den@db/app", "URL"],
    ["postgres://ada:hid#den@db/app", "URL"],
    ["postgres://db/app?user=a@b", "URL"],
    ["db/app", "URL"],
    ["", "URL"],
  ];
  for (const [address, printed] of addresses) {
    test(`${address} is ${printed}`, () => {
      assert.equal(redactAddress(address), printed);
      assert.doesNotMatch(redactAddress(address), /hid/);
    });
  }
});

describe("a word that is printed", () => {
  const words: [word: string, printed: string][] = [
    ["dev-3", "dev-3"],
    ["--steps=1", "--steps=1"],
    ["--database-url=postgres://a:hidden@db/app", "--database-url=postgres://a:PASSWORD@db/app"],
    ["POSTGRES://a:hidden@db/app", "postgres://a:PASSWORD@db/app"],
    ["git+ssh://a:hidden@db/app", "git+ssh://a:PASSWORD@db/app"],
    ["postgres://a:hid\nden@db/x?hidden", "postgres://a:PASSWORD@db/x?QUERY"],
    ["see postgres://a:b@db", "see postgres://a:b@db"],
    ["1x://a:b@db", "1x://a:b@db"],
    ["http:/a", "http:/a"],
    ["", ""],
  ];
  for (const [word, printed] of words)
    test(`${JSON.stringify(word)} is ${printed}`, () => {
      assert.equal(withoutSecrets(word), printed);
    });
});
