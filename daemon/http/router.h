// The literal table of routes, and how a request finds its handler.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "daemon/commands.h"
#include "daemon/device_load.h"
#include "daemon/http/contract.h"
#include "daemon/http/evidence.h"
#include "daemon/http/limits.h"
#include "daemon/http/message.h"
#include "daemon/http/table_cache.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

// What does not change while the daemon runs.
struct Site {
  const Contract& contract;
  Commands& commands;
  EvidenceCache& evidence;
  TableCache& tables;
  DeviceLoad& load;
  std::filesystem::path state;
  std::vector<std::string> devices;  // that this daemon serves
  std::string version, commit;
  HttpLimits limits;
  std::function<int()> streams;  // open now
};

// What a handler works with. The reader is its own while it runs.
struct Context {
  const Site& site;
  Reader& reader;
};

using HandlerFunction = Answer (*)(Context&, const Request&);

struct Route {
  std::string_view method, pattern, operation;  // "GET", "/api/v1/sweeps/{sweep}", "get_sweep"
  HandlerFunction handler;
};
std::span<const Route> routes();

// Finds the route, checks the request against the contract, calls the handler; a Problem is rendered. What is
// no route is a file of the dashboard, or 404; a known path with another method is 405 with Allow.
Response respond(Context& context, const Request& request);

}  // namespace sweetspot::daemon
