#include "daemon/http/file_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sweetspot::daemon {
namespace {

std::optional<std::int64_t> number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value < 0) return std::nullopt;
  return value;
}

struct Part {
  std::int64_t first, last;  // both within
};

// "bytes=5-", "bytes=5-9", "bytes=-3". nullopt: it does not say one range, so the whole is sent. A part that
// begins at or after the end cannot be sent.
std::optional<Part> wanted_part(std::string_view range, std::int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  const auto dash = range.find('-');
  if (!range.starts_with(kUnit) || dash == range.npos) return std::nullopt;
  const auto first = number(range.substr(kUnit.size(), dash - kUnit.size())),
             last = number(range.substr(dash + 1));
  if (dash == kUnit.size())
    return last ? std::optional(Part{*last ? std::max<std::int64_t>(0, size - *last) : size, size - 1})
                : std::nullopt;
  if (!first || (!last && dash + 1 != range.size()) || (last && *last < *first)) return std::nullopt;
  return Part{*first, std::min(last.value_or(size - 1), size - 1)};
}

}  // namespace

Answer file_answer(const Request& request, std::shared_ptr<const OpenFile> file, std::string content_type) {
  const std::int64_t size = file->size();
  Response response{
      .content_type = std::move(content_type),
      .headers = {
          {"ETag", file->etag()}, {"Accept-Ranges", "bytes"}, {"Cache-Control", "private, max-age=3600"}}};
  if (request.header("if-none-match") == file->etag()) {
    response.status = 304;
    return response;
  }
  Part part{0, size - 1};
  const auto range = request.method == "GET" ? request.header("range") : std::nullopt;
  const bool same_file = request.header("if-range").value_or(file->etag()) == file->etag();
  if (const auto wanted = range && same_file ? wanted_part(*range, size) : std::nullopt) {
    if (wanted->first >= size)
      return Problem{416,
                     {"range_not_satisfiable", fmt::format("The file has {} bytes.", size),
                      "Ask for a part of them.", ""},
                     {},
                     {{"Content-Range", fmt::format("bytes */{}", size)}}};
    part = *wanted;
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  fmt::format("bytes {}-{}/{}", part.first, part.last, size));
  }
  response.file = FileBody{std::move(file), part.first, part.last - part.first + 1};
  return response;
}

}  // namespace sweetspot::daemon
