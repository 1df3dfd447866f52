// What is served where the dashboard was left out of the build.
#include <array>

#include "web/assets.h"

namespace sweetspot::web {
namespace {
constexpr std::array<Asset, 1> kAssets = {{{
    .path = "/index.html",
    .content_type = "text/html; charset=utf-8",
    .etag = "\"without-node\"",
    .encoding = "",
    .bytes = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sweetspot</title>
<h1>Sweetspot is running, without its dashboard</h1>
<p>This build left the dashboard out. Install Node 18 or newer with npm, then build again with
<code>cmake --preset release -DSWEETSPOT_WEB=ON &amp;&amp; cmake --build --preset release</code>.</p>
<p>The same facts are on the command line: <code>sweetspot status</code>, <code>sweetspot watch</code>,
<code>sweetspot tables</code>; and under <a href="api/openapi.json">api/openapi.json</a>.</p>
</html>
)",
}}};
}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace sweetspot::web
