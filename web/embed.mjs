// The built site -> C++: every file, compressed where that helps, as bytes that the assembler includes.
//   node embed.mjs dist embedded assets.cc
// .incbin takes the bytes as they are; as a C++ array they would be most of the compile time.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const [site, folder, target] = process.argv.slice(2);
const contentTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function filesUnder(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(directory, entry.name)) : [join(directory, entry.name)]);
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const assets = filesUnder(site).map((file) => {
  const path = file.slice(site.length);
  const contentType = contentTypes[extname(file)];
  if (!contentType) throw new Error(`${file}: no content type is known for ${extname(file)}; add it to embed.mjs`);
  const bytes = gzipSync(readFileSync(file), { level: 9 });
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  const stored = resolve(folder, `${hash}.gz`);
  writeFileSync(stored, bytes);
  return { path, contentType, hash, stored, size: bytes.length };
}).sort((a, b) => (a.path < b.path ? -1 : 1));

// What a first visit costs on a slow line; see CONTRIBUTING.md.
const budgets = { ".js": 60 * 1024, ".css": 10 * 1024 };
for (const [ending, most] of Object.entries(budgets)) {
  const size = assets.filter((asset) => extname(asset.path) === ending).reduce((sum, asset) => sum + asset.size, 0);
  console.log(`${ending.slice(1)}: ${size} of ${most} bytes, compressed`);
  if (size > most) throw new Error(`The dashboard's ${ending} files are ${size} bytes compressed; at most ${most} are wanted.`);
}

const quote = (text) => JSON.stringify(text);
const includes = assets.map(({ stored }, i) =>
  `asm(R"(.section .rodata\n.balign 16\nsweetspot_asset_${i}:\n.incbin ${quote(stored)}\n.previous)");
extern "C" __attribute__((visibility("hidden"))) const char sweetspot_asset_${i}[];`);
const rows = assets.map(({ path, contentType, hash, size }, i) =>
  `    {${quote(path)}, ${quote(contentType)}, ${quote(`"${hash}"`)}, "gzip", {sweetspot_asset_${i}, ${size}}},`);
writeFileSync(target, `// Made by web/embed.mjs.
#include <array>

#include "web/assets.h"

${includes.join("\n")}

namespace sweetspot::web {
namespace {
const std::array<Asset, ${assets.length}> kAssets = {{
${rows.join("\n")}
}};
}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace sweetspot::web
`);
