// The daemon's REST API as a client sees it: documents in, documents out, problems as failures.
#pragma once

#include <httplib.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/client/outcome.h"

namespace sweetspot::daemon {

// Parameters of a query, in order; a name may come more than once.
using Query = std::vector<std::pair<std::string, std::string>>;

// "/runs?sweep=sw_3&state=failed", percent-encoded.
std::string with_query(const std::string& path, const Query& query);

struct Reply {
  int status = 0;
  std::string body;
  httplib::Headers headers;
};

class Api {
 public:
  // `daemon` is "http://127.0.0.1:8765", "127.0.0.1:8765" or "https://host/a/proxy/s/path"; `token` may be
  // empty.
  Api(const std::string& daemon, const std::string& token);

  // Paths are below the daemon's address: "/api/v1/sweeps". Any status of 400 and more is a failure.
  Result<Reply, Failure> get_raw(const std::string& path);
  Result<nlohmann::json, Failure> get(const std::string& path);
  // Sends an Idempotency-Key, so that a request whose answer was lost is safely sent again, which it does
  // once. A null body is none.
  Result<nlohmann::json, Failure> post(const std::string& path, const nlohmann::json& body = nullptr);

  // The items of all pages.
  Result<nlohmann::json, Failure> get_all(const std::string& path, Query query);

  const std::string& address() const { return address_; }

 private:
  Result<Reply, Failure> check(const httplib::Result& result, const std::string& path) const;

  std::string address_;  // "http://127.0.0.1:8765", without a / at its end
  std::string base_;     // what of it is a path; empty: nothing
  httplib::Client http_;
};

// A JSON Pointer as the API writes it, "#/axes/layers", as people know it: "/axes/layers".
std::string without_fragment_sign(const std::string& pointer);

// An answer of 400 and more as a failure: its problem document, or what little it says.
Failure failure_of(const Reply& reply, const std::string& path);

}  // namespace sweetspot::daemon
