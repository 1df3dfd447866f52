#include "daemon/http/message.h"

#include <charconv>

namespace sweetspot::daemon {

std::string Request::query_text(const std::string& name, std::string otherwise) const {
  auto found = query.find(name);
  if (found != query.end()) return found->second;
  return otherwise;
}

std::int64_t Request::query_integer(const std::string& name, std::int64_t otherwise) const {
  const std::string text = query_text(name);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

std::vector<std::string> Request::query_list(const std::string& name) const {
  std::vector<std::string> values;
  auto [begin, end] = query.equal_range(name);
  for (auto it = begin; it != end; ++it) values.push_back(it->second);
  return values;
}

std::optional<std::string> Request::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sweetspot::daemon
