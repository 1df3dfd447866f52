// The dashboard, compiled into the daemon: every file the browser may ask for.
#pragma once

#include <span>
#include <string_view>

namespace sweetspot::web {

struct Asset {
  std::string_view path;  // "/index.html", "/assets/index-Cx3f.js" (named by content: may be cached for ever)
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view etag;          // quoted
  std::string_view encoding;      // of `bytes`: "gzip", or "" as they are
  std::string_view bytes;
};

// Sorted by path. Without Node (SWEETSPOT_WEB=OFF) one page that tells how to build the dashboard.
std::span<const Asset> assets();

}  // namespace sweetspot::web
