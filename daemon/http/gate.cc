#include "daemon/http/gate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/http/ascii.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace {

// "localhost:8765" -> "localhost", "[::1]:8765" -> "[::1]". The port is free: a tunnel may have changed it.
std::string host_name(const std::string& host) {
  const auto colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find_first_not_of("0123456789", colon + 1) == host.npos &&
                        colon + 1 < host.size() && (host.front() != '[' || host[colon - 1] == ']');
  return ascii_lower(has_port ? host.substr(0, colon) : host);
}

// Takes the same time wherever the first difference is.
bool equal_digests(const std::string& a, const std::string& b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

std::string field(const RequestHead& head, const std::string& name) {
  auto found = head.headers.find(name);
  return found == head.headers.end() ? "" : found->second;
}

}  // namespace

Gate::Gate(std::vector<std::string> names, std::optional<std::string> token) : names_(std::move(names)) {
  for (std::string& name : names_) name = ascii_lower(name);
  names_.insert(names_.end(), {"localhost", "127.0.0.1", "[::1]"});
  if (token) token_digest_ = sha256_hex(*token);
}

std::optional<Problem> Gate::refuses(const RequestHead& head) const {
  if (auto problem = refuses_host(head)) return problem;
  if (auto problem = refuses_origin(head)) return problem;
  return refuses_token(head);
}

std::optional<Problem> Gate::refuses_host(const RequestHead& head) const {
  const std::string host = field(head, "host");
  if (host.empty()) return Problem{400, {"host_missing", "There is no Host header.", "", ""}};
  if (std::find(names_.begin(), names_.end(), host_name(host)) != names_.end()) return std::nullopt;
  return Problem{421,
                 {"wrong_host", "This daemon is not called by the name in the Host header.",
                  "Start the daemon with --allow-host NAME to let it answer to that name.", ""}};
}

std::optional<Problem> Gate::refuses_origin(const RequestHead& head) const {
  const std::string origin = field(head, "origin"), host = field(head, "host"),
                    site = field(head, "sec-fetch-site");
  const bool followed_link = head.method == "GET" && field(head, "sec-fetch-mode") == "navigate";
  // A browser's own word counts first: behind a reverse proxy the Host differs from the page's origin.
  if (site == "same-origin" || site == "none" || followed_link) return std::nullopt;
  const bool own_origin = origin.empty() || origin == "http://" + host || origin == "https://" + host;
  if (site.empty() && own_origin) return std::nullopt;
  return Problem{403, {"other_origin", "Pages of other origins may not speak to this daemon.", "", ""}};
}

std::optional<Problem> Gate::refuses_token(const RequestHead& head) const {
  // The dashboard's files hold no data, and a load balancer has no token.
  const bool open = head.path() == "/healthz" || !(head.path().starts_with("/api/") ||
                                                   head.path() == "/metrics" || head.path() == "/readyz");
  if (!token_digest_ || open) return std::nullopt;
  const std::string given = field(head, "authorization");
  if (given.starts_with("Bearer ") && equal_digests(sha256_hex(given.substr(7)), *token_digest_))
    return std::nullopt;
  return Problem{
      401,
      {"token_needed", "This needs the daemon's token.", "Send `Authorization: Bearer TOKEN`.", ""},
      {},
      {{"WWW-Authenticate", "Bearer"}}};
}

Result<std::string> read_token(const std::filesystem::path& file) {
  const auto unsafe = [&](std::string why) {
    return Error{"token_unsafe", "The token file " + file.string() + " " + why + ".",
                 "Make it with: (umask 077; head -c 32 /dev/urandom | base64 > " + file.string() + ")", ""};
  };
  const int fd = open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return unsafe("cannot be opened");
  struct stat status {};
  char bytes[4096];
  const bool known = fstat(fd, &status) == 0;
  const ssize_t size = read(fd, bytes, sizeof bytes);
  close(fd);
  if (!known || !S_ISREG(status.st_mode)) return unsafe("is not a regular file");
  if (status.st_uid != geteuid()) return unsafe("belongs to another user");
  if (status.st_mode & 077) return unsafe("can be read by others");
  std::string token(bytes, size > 0 ? std::size_t(size) : 0);
  token.erase(std::min(token.find_first_of("\r\n"), token.size()));
  if (token.size() < 16) return unsafe("holds fewer than 16 characters");
  return token;
}

}  // namespace sweetspot::daemon
