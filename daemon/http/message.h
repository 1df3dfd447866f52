// A request as a handler sees it, and what it may answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/ids.h"
#include "schemas/result.h"

namespace sweetspot::daemon {

// Which events a stream shows, and from where.
struct EventFilter {
  std::optional<std::int64_t> after;  // a seq; absent: from now on
  std::optional<SweepId> sweep;
  std::vector<std::string> topics;  // empty: all
};

struct Request {
  std::string id;  // for logs and problems
  std::string method;
  std::string path;                               // decoded
  std::multimap<std::string, std::string> query;  // decoded
  std::map<std::string, std::string> headers;     // names in lower case; each came once
  std::map<std::string, std::string> captures;    // of the route: {sweep} -> "sw_3"
  std::string body;

  // The last value under this name, which the contract has checked; "" or `otherwise` when there is none.
  std::string query_text(const std::string& name, std::string otherwise = "") const;
  std::int64_t query_integer(const std::string& name, std::int64_t otherwise) const;
  std::vector<std::string> query_list(const std::string& name) const;
  std::optional<std::string> header(const std::string& name) const;
};

class OpenFile;

// A part of a file to be sent: read piece by piece while it is written, so that its size costs no memory.
struct FileBody {
  std::shared_ptr<const OpenFile> file;
  std::int64_t offset = 0, size = 0;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<EventFilter> stream;  // go on as a stream of events instead
  std::optional<FileBody> file;       // go on with this instead of `body`
};

// What went wrong, to be shown as RFC 9457 problem details.
struct Problem {
  int status = 500;
  Error error;
  Errors errors;  // of the body or query, all at once
  std::vector<std::pair<std::string, std::string>> headers;
};
using Answer = Result<Response, Problem>;

}  // namespace sweetspot::daemon
