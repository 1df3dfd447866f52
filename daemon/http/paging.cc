#include "daemon/http/paging.h"

#include <cctype>
#include <cstdint>

#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  for (unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '_' || c == '.') result += char(c);
    else (result += '%') += {kHex[c >> 4], kHex[c & 15]};
  }
  return result;
}

std::string next_link(const Request& request, const std::string& cursor) {
  std::string link = "<" + request.path + "?";
  for (const auto& [name, value] : request.query)
    if (name != "cursor") link += percent_encoded(name) + "=" + percent_encoded(value) + "&";
  return link + "cursor=" + cursor + ">; rel=\"next\"";
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) text += kDigits[bits >> (held - 6) & 63];
  }
  if (held) text += kDigits[bits << (6 - held) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : text) {
    const auto digit = kDigits.find(c);
    if (digit == kDigits.npos) return std::nullopt;
    bits = bits << 6 | std::uint32_t(digit);
    if ((held += 6) >= 8) bytes += char(bits >> (held -= 8) & 255);
  }
  return bytes;
}

std::string encode_cursor(const std::string& sort, const Keyset& keyset) {
  return base64url(dump_json(json::array({sort, keyset.key, keyset.id})));
}

std::optional<Keyset> decode_cursor(const std::string& sort, const std::string& cursor) {
  const auto text = from_base64url(cursor);
  if (!text) return std::nullopt;
  const auto parts = parse_json(*text);
  if (!parts || !parts->is_array() || parts->size() != 3 || (*parts)[0] != sort) return std::nullopt;
  const json &key = (*parts)[1], &id = (*parts)[2];
  if (!(key.is_number() || key.is_string()) || !id.is_number_integer()) return std::nullopt;
  return Keyset{key, id.get<std::int64_t>()};
}

Result<PageRequest, Problem> page_request(const Request& request, const std::string& sort) {
  PageRequest page{.limit = int(request.query_integer("limit", kDefaultLimit))};
  const std::string cursor = request.query_text("cursor");
  if (cursor.empty()) return page;
  page.after = decode_cursor(sort, cursor);
  if (page.after) return page;
  return Problem{400,
                 {"bad_cursor", "The cursor is not one of this list and sort.",
                  "Leave `cursor` out to begin at the first page.", ""}};
}

Response page_response(const Request& request, const std::string& sort, json items,
                       const std::optional<Keyset>& next, std::optional<std::int64_t> total) {
  json body = {{"items", std::move(items)}, {"next_cursor", nullptr}};
  if (next) body["next_cursor"] = encode_cursor(sort, *next);
  if (total) body["total"] = *total;
  Response response = json_response(body);
  if (next) response.headers.emplace_back("Link", next_link(request, body["next_cursor"].get<std::string>()));
  return response;
}

Response json_response(const json& body, int status) {
  return {.status = status, .content_type = "application/json", .body = dump_json(body)};
}

}  // namespace sweetspot::daemon
