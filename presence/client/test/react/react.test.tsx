import assert from "node:assert/strict";
import { test } from "node:test";
import { renderToString } from "react-dom/server";
import { CursorOverlay, usePresence } from "../../src/react/react.js";

test("on a server the hook returns nothing yet and needs no browser", () => {
  function People() {
    const { count, users, cursors, status } = usePresence("1", { name: "Ada" });
    return <p>{JSON.stringify([count, users, cursors, status])}</p>;
  }
  assert.equal(renderToString(<People />).replaceAll("&quot;", '"'), '<p>[0,[],[],"connecting"]</p>');
});

test("on a server the overlay is its content", () => {
  const overlay = <CursorOverlay board="1" className="surface"><h1>Plans</h1></CursorOverlay>;
  assert.match(renderToString(overlay), /^<div class="surface" style="position:relative"><h1>Plans<\/h1><div aria-hidden="true"/);
});
