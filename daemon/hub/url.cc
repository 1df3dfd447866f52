#include "daemon/hub/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace sweetspot::daemon {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return out;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
    return std::nullopt;
  return port;
}

}  // namespace

std::string Url::origin() const { return fmt::format("{}://{}:{}", scheme, host, port); }

std::optional<Url> parse_url(std::string_view text) {
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos || !is_printable(text)) return std::nullopt;
  Url url{.scheme = lower(text.substr(0, scheme_end))};
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(scheme_end + 3);
  const auto authority_end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, authority_end);
  url.path = text.substr(authority_end, text.find('#') - authority_end);
  if (!url.path.starts_with('/')) url.path = fmt::format("/{}", url.path);
  url.port = url.scheme == "https" ? 443 : 80;
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (colon != authority.npos) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return std::nullopt;
    url.port = *port;
  }
  url.host = lower(authority.substr(0, colon));
  if (url.host.empty() || url.host.find('@') != url.host.npos) return std::nullopt;
  return url;
}

std::optional<Url> resolve(const Url& base, std::string_view location) {
  if (location.starts_with("//")) return parse_url(base.scheme + ":" + std::string(location));
  if (location.starts_with('/')) return parse_url(base.origin() + std::string(location));
  return parse_url(location);
}

bool same_origin(const Url& a, const Url& b) { return a.origin() == b.origin(); }

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const unsigned char c : text) {
    const bool plain =
        c < 0x80 && (std::isalnum(c) || std::string_view("-_.~").find(char(c)) != std::string_view::npos);
    encoded += plain ? std::string(1, char(c)) : fmt::format("%{:02X}", c);
  }
  return encoded;
}

}  // namespace sweetspot::daemon
