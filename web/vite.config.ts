import { defineConfig } from "vite";

const unused: readonly [RegExp, string][] = [
  [/\(paths\.(stepped|bars|spline) *= \w+\);|uPlot\.(join|rangeAsinh|orient|fmtDate|tzDate|assign|fmtNum|rangeNum|rangeLog|addGap|clipGaps) *= \w+;/g, ""],
  [/self\.(addSeries|delSeries|addBand|setBand|delBand|batch|posToIdx|setLegend) = \w+;|self\.valToIdx = .*;/g, ""],
  [/const (\[.*\]) = genTimeStuffs\(.*\);/g, "const $1 = [];"],
  [/const (_timeAxisSplits|_timeAxisVals|_timeSeriesVal) .*;/g, "const $1 = null;"],
  [/\bisTime\b(?! *=)/g, "false"],
  [/let \[ bandFillDir, bandClipDir \] = .*;/g, "const bandFillDir = 0, bandClipDir = 0;"],
  [/\bmode == 2\b/g, "false"],
  [/\bmode == 1\b/g, "true"],
  [/uPlot\.sync = _sync;/g, ""],
  [/_sync\(syncKey\)/g, "{sub: noop, unsub: noop, pub: noop}"],
  [/sc\.distr == 3 && sc\.log == 2/g, "false"],
  [/(days|months)\.map\(slice3\)/g, "[]"],
  [/const localTz = .*;/g, "const localTz = null;"],
  [/"--"/g, '" "'],  // what its legend says where nothing is pointed at; it wants a text there
  [/(sc\.)?distr == 4 *\? [^:]*? :/g, ""],
];

// Relative addresses only, so that the dashboard works under any path behind a proxy. Under `npm run dev` the API is
// that of a daemon on its usual port.
export default defineConfig({
  base: "./",
  plugins: [{
    name: "numbers-only",  // of uPlot: its other shapes, its bands, its dates and its other scales would be a tenth of the script
    transform: (code, id) => (id.includes("uPlot.esm") ? unused.reduce((left, [what, instead]) => left.replace(what, instead), code) : undefined),
  }, {
    // A module is asked for with an Origin header, which the daemon refuses behind a proxy that changes Host; a plain
    // deferred script is not.
    name: "plain-tags",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replaceAll(" crossorigin", "").replace('<script type="module"', "<script defer"),
    },
  }],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: ["es2021", "firefox115", "chrome100", "safari15.4"],
    assetsInlineLimit: 0,
    rollupOptions: { output: { format: "iife" } },
    cssCodeSplit: false,  // else the script would insert the styles, which the content policy forbids
    modulePreload: { polyfill: false },
    minify: "terser",  // 5 % smaller than the default
    terserOptions: { compress: { passes: 3, pure_getters: true }, toplevel: true },
  },
  server: { proxy: { "/api": process.env.SWEETSPOT_API ?? "http://127.0.0.1:8765" } },
});
