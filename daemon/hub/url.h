// The addresses of a hub: parsed, resolved against each other, and compared by origin. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sweetspot::daemon {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;
  int port = 0;
  std::string path;  // with the query, beginning with /

  std::string origin() const;  // "https://host:443"
  std::string text() const { return origin() + path; }
  bool operator==(const Url&) const = default;
};

// nullopt: not http or https, no host, a name and password in front of it, or a port that is none.
std::optional<Url> parse_url(std::string_view text);

// Where a Location header of an answer from `base` leads: absolute, "//host/path", or "/path".
std::optional<Url> resolve(const Url& base, std::string_view location);

// Scheme, host and port are the same, so that what may be told to one may be told to the other.
bool same_origin(const Url& a, const Url& b);

// One step of a path, such as a revision: all but letters, digits and -_.~ percent-encoded.
std::string percent_encode(std::string_view text);

}  // namespace sweetspot::daemon
