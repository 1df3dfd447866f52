// httplib without its sockets: one complete request in, the bytes of one complete answer out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/http/request_head.h"

namespace sweetspot::daemon {

// A request whose body has arrived as well.
struct RawRequest {
  std::string id;
  RequestHead head;
  std::string body;
};

// What to write, and what to go on with.
struct Served {
  std::string bytes;
  std::optional<EventFilter> stream;
  std::optional<FileBody> file;
};

// Used by one thread at a time. httplib decodes path and query and writes the answer down; it sees neither
// the client's headers nor its method, so that none of its features can be reached from outside.
class Engine {
 public:
  using Handler = std::function<Response(const Request&)>;
  Engine();
  ~Engine();

  // Never throws: what the handler lets through becomes a 500.
  Served serve(const RawRequest& request, const Handler& handler);

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace sweetspot::daemon
