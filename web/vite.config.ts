import { defineConfig } from "vite";

// Relative addresses only, so that the dashboard works under any path behind a proxy. Under `npm run dev` the API is
// that of a daemon on its usual port.
export default defineConfig({
  base: "./",
  plugins: [{
    // Asked for with an Origin header, the files would be refused behind a proxy that changes Host.
    name: "plain-tags",
    transformIndexHtml: { order: "post", handler: (html) => html.replaceAll(" crossorigin", "") },
  }],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: ["es2021", "firefox115", "chrome100", "safari15.4"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.SWEETSPOT_API ?? "http://127.0.0.1:8765" } },
});
