// Talks HTTP to a model hub: follows redirects, and sends the token to the hub's own origin alone, never to
// where a redirect leads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/hub/url.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

struct HubOptions {
  Url endpoint;
  std::string token;  // empty: none
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(60);  // without a byte
  std::chrono::milliseconds backoff = std::chrono::seconds(1);         // before the second try; doubles
  int tries = 5;                                                       // that bring nothing new
};

// $HF_ENDPOINT or the hub itself; the token of $HF_TOKEN, else of the file $HF_TOKEN_PATH, else of
// hub_home()/token. Errors: hub_endpoint_invalid, hub_token_invalid.
Result<HubOptions> hub_options_from_environment();

// An expected failure, and whether another try may mend it.
struct HubFailure {
  Error error;
  bool transient = false;
  std::chrono::milliseconds wait{0};  // that the hub asks for
};

struct HubReply {
  int status = 0;
  std::map<std::string, std::string>
      headers;  // by lower-case name; of all answers on the way, the first wins
  std::string body;

  std::string header(const std::string& name) const;
  std::optional<std::uint64_t> number(const std::string& name) const;
};

// Called with the answer's head before its body, and with each piece of it; false stops the transfer.
struct HubSink {
  std::function<bool(const HubReply& head)> begin;
  std::function<bool(std::string_view piece)> piece;
};

class HubClient {
 public:
  explicit HubClient(HubOptions options);

  const HubOptions& options() const { return options_; }

  // A document of at most 16 MiB, in `body`.
  Result<HubReply, HubFailure> get(const std::string& path);
  // The headers of a file: redirects are followed until an answer has an entity tag.
  Result<HubReply, HubFailure> head(const std::string& path);
  // The bytes of a file from `offset` on. Statuses 200, 206 and 416 are answers, every other one a failure.
  Result<HubReply, HubFailure> download(const std::string& path, std::uint64_t offset, const HubSink& sink);

 private:
  struct Hop;
  Result<HubReply, HubFailure> exchange(const Hop& hop);
  Result<HubReply, HubFailure> follow(Hop hop);

  HubOptions options_;
};

}  // namespace sweetspot::daemon
