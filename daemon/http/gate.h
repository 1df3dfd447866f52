// Who may speak to the daemon: pages of other sites may not, whatever name they call it by (DNS rebinding),
// and beyond loopback only those with the token.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/http/request_head.h"

namespace sweetspot::daemon {

class Gate {
 public:
  // `names`: hosts that this machine is called by, beside those of loopback.
  Gate(std::vector<std::string> names, std::optional<std::string> token);
  std::optional<Problem> refuses(const RequestHead& head) const;

 private:
  std::optional<Problem> refuses_host(const RequestHead& head) const;
  std::optional<Problem> refuses_origin(const RequestHead& head) const;
  std::optional<Problem> refuses_token(const RequestHead& head) const;
  std::vector<std::string> names_;
  std::optional<std::string> token_digest_;  // SHA-256; the token itself is not kept
};

// The token in a file that only its owner can read. Codes: token_unsafe.
Result<std::string> read_token(const std::filesystem::path& file);

}  // namespace sweetspot::daemon
