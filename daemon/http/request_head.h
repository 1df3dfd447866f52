// The head of a request, parsed strictly. What is unusual is refused, so that no later parser can understand
// it differently: bare line feeds, folded lines, doubled fields, transfer codings.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "daemon/http/limits.h"
#include "daemon/http/message.h"

namespace sweetspot::daemon {

struct RequestHead {
  std::string method, target;                  // the target is visible ASCII and begins with '/'
  std::map<std::string, std::string> headers;  // those in kKnownHeaders only, in lower case
  std::size_t content_length = 0;

  std::string_view path() const;  // of the target, not decoded
};

// `text` ends with the empty line.
Result<RequestHead, Problem> parse_request_head(std::string_view text, const HttpLimits& limits);

}  // namespace sweetspot::daemon
