#include "daemon/http/request_head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/http/ascii.h"

namespace sweetspot::daemon {
namespace {

using namespace std::string_view_literals;

// Everything else a client sends is dropped here and seen by nobody: Range, X-Forwarded-For, Accept-Encoding
// of bodies, and names that httplib would believe, such as REMOTE_ADDR.
constexpr std::array kKnownHeaders = {"accept-encoding"sv,
                                      "authorization"sv,
                                      "content-encoding"sv,
                                      "content-length"sv,
                                      "content-type"sv,
                                      "host"sv,
                                      "if-match"sv,
                                      "if-none-match"sv,
                                      "if-range"sv,
                                      "idempotency-key"sv,
                                      "last-event-id"sv,
                                      "origin"sv,
                                      "range"sv,
                                      "sec-fetch-mode"sv,
                                      "sec-fetch-site"sv,
                                      "transfer-encoding"sv};

Problem refusal(int status, std::string code, std::string detail, std::string hint = "") {
  return {status, {std::move(code), std::move(detail), std::move(hint), ""}};
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           "!#$%&'*+-.^_`|~"sv.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the next line, which must end in CR LF and hold no other CR or LF.
bool next_line(std::string_view& text, std::string_view& line) {
  const auto end = text.find('\n');
  if (end == text.npos || end == 0 || text[end - 1] != '\r') return false;
  line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return line.find('\r') == line.npos;
}

Result<RequestHead, Problem> parse_request_line(std::string_view line, const HttpLimits& limits) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last)
    return refusal(400, "bad_request_line", "The request line is not `METHOD TARGET HTTP/1.1`.");
  RequestHead head{.method = std::string(line.substr(0, first)),
                   .target = std::string(line.substr(first + 1, last - first - 1))};
  const auto version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refusal(400, "bad_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  if (!is_token(head.method) || head.method.size() > 16)
    return refusal(400, "bad_method", "The method is not a token of at most 16 characters.");
  if (head.target.size() > limits.target_bytes || head.path().size() > 3 * limits.path_bytes)
    return refusal(414, "uri_too_long",
                   "The target is longer than " + std::to_string(limits.target_bytes) +
                       " bytes or its path than " + std::to_string(limits.path_bytes) + ".");
  if (!head.target.starts_with('/') || !is_visible(head.target) || head.target.find('#') != std::string::npos)
    return refusal(400, "bad_target",
                   "The target must be an absolute path in visible ASCII, without a fragment.");
  return head;
}

// What says how long the body is must be said once, plainly.
Result<std::size_t, Problem> body_length(const RequestHead& head, const HttpLimits& limits) {
  if (head.headers.contains("transfer-encoding"))
    return refusal(411, "length_required", "Transfer-Encoding is not accepted.", "Send a Content-Length.");
  auto coding = head.headers.find("content-encoding");
  if (coding != head.headers.end() && coding->second != "identity")
    return refusal(415, "encoded_body", "Bodies with Content-Encoding are not accepted.",
                   "Send it as it is.");
  auto field = head.headers.find("content-length");
  if (field == head.headers.end()) return std::size_t{0};
  const std::string& text = field->second;
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos)
    return refusal(400, "bad_content_length", "Content-Length is not a number.");
  std::size_t length = 0;
  const bool fits = std::from_chars(text.data(), text.data() + text.size(), length).ec == std::errc{};
  const auto most = head.path() == "/api/v1/results" ? limits.results_bytes : limits.body_bytes;
  if (!fits || length > most)
    return refusal(413, "body_too_large", "The body is larger than " + std::to_string(most) + " bytes.");
  return length;
}

}  // namespace

std::string_view RequestHead::path() const { return std::string_view(target).substr(0, target.find('?')); }

Result<RequestHead, Problem> parse_request_head(std::string_view text, const HttpLimits& limits) {
  const auto bad_line = [] { return refusal(400, "bad_line", "Lines of the head must end in CR LF."); };
  std::string_view line;
  if (!next_line(text, line)) return bad_line();
  auto head = parse_request_line(line, limits);
  if (!head) return head;

  for (std::size_t count = 1;; ++count) {
    if (!next_line(text, line)) return bad_line();
    if (line.empty()) break;
    if (count > limits.header_lines)
      return refusal(431, "too_many_headers",
                     "More than " + std::to_string(limits.header_lines) + " header lines.");
    const auto colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)) || !is_field_value(line.substr(colon + 1)))
      return refusal(400, "bad_header", "A header line is not `Name: value`.");
    std::string name = ascii_lower(line.substr(0, colon));
    if (std::find(kKnownHeaders.begin(), kKnownHeaders.end(), name) == kKnownHeaders.end()) continue;
    if (!head->headers.emplace(name, trimmed(line.substr(colon + 1))).second)
      return refusal(400, "double_header", "The header " + name + " is there twice.");
  }
  auto length = body_length(*head, limits);
  if (!length) return length.error();
  head->content_length = *length;
  return head;
}

}  // namespace sweetspot::daemon
