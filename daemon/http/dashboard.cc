#include <algorithm>

#include "daemon/http/problem.h"
#include "daemon/http/resources.h"
#include "web/assets.h"

namespace sweetspot::daemon {
namespace {

bool accepts_gzip(const Request& request) {
  return request.header("accept-encoding").value_or("").find("gzip") != std::string::npos;
}

}  // namespace

Answer get_dashboard(Context&, const Request& request) {
  const std::string path = request.path == "/" ? "/index.html" : request.path;
  const auto assets = web::assets();
  const auto asset =
      std::find_if(assets.begin(), assets.end(), [&](const web::Asset& a) { return a.path == path; });
  if (asset == assets.end()) return not_found("path " + request.path);
  if (request.method != "GET" && request.method != "HEAD")
    return Problem{
        405,
        {"method_not_allowed", request.method + " does not exist here.", "Methods here: GET, HEAD", ""},
        {},
        {{"Allow", "GET, HEAD"}}};
  if (!asset->encoding.empty() && !accepts_gzip(request))
    return Problem{406,
                   {"not_acceptable", "This file is kept compressed.", "Send Accept-Encoding: gzip.", ""}};

  const bool named_by_content = path.starts_with("/assets/");
  Response response{
      .headers = {{"ETag", std::string(asset->etag)},
                  {"Vary", "Accept-Encoding"},
                  {"Cache-Control", named_by_content ? "max-age=31536000, immutable" : "no-cache"}}};
  if (request.header("if-none-match") == asset->etag) {
    response.status = 304;
    return response;
  }
  if (!asset->encoding.empty()) response.headers.emplace_back("Content-Encoding", asset->encoding);
  response.content_type = asset->content_type;
  response.body = asset->bytes;
  return response;
}

}  // namespace sweetspot::daemon
