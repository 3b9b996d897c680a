import assert from "node:assert/strict";
import { test } from "node:test";
import { quote } from "../../src/admin/people-table.js";

test("an account's key is quoted as Django's admin does in its URLs", () => {
  const quoted = { "7": "7", "a_b/c": "a_5Fb_2Fc", "x y": "x%20y", "11-22\n": "11-22_0A", é: "%C3%A9" };
  for (const [pk, expected] of Object.entries(quoted)) assert.equal(quote(pk), expected);
});
