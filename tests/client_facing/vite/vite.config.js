// The documents' configuration, with the frameworks of the documents' examples.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import react from "@vitejs/plugin-react";
import vue from "@vitejs/plugin-vue";
import { mergeConfig } from "vite";
import documented from "./documented/vite.config.js";

/** Renders the React page on the server, as frameworks around React do. */
const rendering = {
  name: "rendering",
  apply: "serve",
  async transformIndexHtml(html, { originalUrl, path, server }) {
    if (path !== "/react.html") return html;
    const { render } = await server.ssrLoadModule("/src/react-server.jsx");
    const { searchParams } = new URL(originalUrl, "http://localhost");
    return html.replace("<!-- rendered -->", render(searchParams.get("board")));
  },
};

export default mergeConfig(documented, { plugins: [react(), vue(), svelte(), rendering] });
