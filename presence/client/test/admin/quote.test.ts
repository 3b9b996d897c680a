import assert from "node:assert/strict";
import { test } from "node:test";
import { quote } from "../../src/admin/people.js";

test("keys of accounts are written as the admin writes them in addresses", () => {
  const written = { "7": "7", "a_b/c": "a_5Fb_2Fc", "x y": "x%20y", "11-22\n": "11-22_0A", é: "%C3%A9" };
  for (const [pk, expected] of Object.entries(written)) assert.equal(quote(pk), expected);
});
