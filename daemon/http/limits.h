// What a client may cost the daemon. openapi.json and ARCHITECTURE.md state the same figures.
#pragma once

#include <chrono>
#include <cstddef>

namespace sweetspot::daemon {

struct HttpLimits {
  std::size_t head_bytes = 16 * 1024;
  std::size_t header_lines = 64;
  std::size_t path_bytes = 256;
  std::size_t target_bytes = 4096;
  std::size_t body_bytes = 1024 * 1024;
  std::size_t results_bytes = 16 * 1024 * 1024;  // of POST /results: a test split with its hypotheses
  int connections = 128;
  int streams = 64;  // server-sent events, beside the connections
  int threads = 8, table_threads = 4;
  std::chrono::milliseconds head_time{5'000};
  std::chrono::milliseconds request_time{15'000};  // head and body
  std::chrono::milliseconds write_time{10'000};    // without any progress
  std::chrono::milliseconds heartbeat{15'000};     // of streams
};

}  // namespace sweetspot::daemon
