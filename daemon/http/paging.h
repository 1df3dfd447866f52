// Cursors: where the next page begins, opaque to clients. A cursor belongs to the sort it was made with.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "daemon/http/message.h"
#include "daemon/store/queries.h"

namespace sweetspot::daemon {

inline constexpr int kDefaultLimit = 100;

std::string base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

std::string encode_cursor(const std::string& sort, const Keyset& keyset);
std::optional<Keyset> decode_cursor(const std::string& sort, const std::string& cursor);

// `limit` and `cursor` of a request.
struct PageRequest {
  std::optional<Keyset> after;
  int limit = kDefaultLimit;
};
Result<PageRequest, Problem> page_request(const Request& request, const std::string& sort);

// {items, next_cursor} with a Link to the next page, and `total` where it is known.
Response page_response(const Request& request, const std::string& sort, nlohmann::json items,
                       const std::optional<Keyset>& next, std::optional<std::int64_t> total = {});
Response json_response(const nlohmann::json& body, int status = 200);

}  // namespace sweetspot::daemon
