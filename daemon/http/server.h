// The HTTP server. Asio owns every socket: a coroutine reads one complete request under limits and deadlines,
// a bounded pool lets httplib parse it, our handlers answer it and httplib write the answer down; server-sent
// events never leave the loop. One request a connection.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "daemon/asio.h"
#include "daemon/commands.h"
#include "daemon/http/limits.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

struct HttpOptions {
  std::string host = "127.0.0.1";        // an address or a name; beyond loopback a token file is needed
  std::uint16_t port = 8765;             // 0: one that is free
  std::filesystem::path token_file;      // mode 0600; one line of at least 16 characters; empty: no token
  std::vector<std::string> allow_hosts;  // further names that clients may call this machine by
  std::filesystem::path state;           // the state directory: sweetspot.db and runs/
  std::vector<std::string> devices;      // that runs are given to
  std::string version = "0";
  std::string commit;
  HttpLimits limits;
};

// Belongs to the loop's thread: every call is made there. `commands` is called from the pool's threads and
// must outlive the server; before the server is destroyed, its pending calls must have returned (with an
// error).
class HttpServer {
 public:
  HttpServer(asio::io_context& loop, HttpOptions options, Commands& commands);
  ~HttpServer();  // waits for the handlers that still run

  // Opens the database for reading and listens. Codes: port_in_use, address_unusable, token_needed,
  // token_unsafe and those of the database.
  Status start();
  std::uint16_t port() const;  // that it listens on

  void notify_events();  // after each commit: streams look for new rows
  void stop();           // closes the listener and all connections, at once

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sweetspot::daemon
