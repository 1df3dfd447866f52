#include "schemas/json_text.h"

#include <set>

namespace sweetspot {

namespace {
// Refuses what nlohmann would accept silently: duplicate keys (the last would win) and unbounded depth.
class Limits {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= kMaxJsonDepth)
      fail("too_deep", "nested deeper than " + std::to_string(kMaxJsonDepth) + " levels", "write it flatter");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.empty() && !keys_.back().insert(parsed.get<std::string>()).second) {
      fail("duplicate_key", "key '" + parsed.get<std::string>() + "' occurs twice in one object",
           "write it once");
    }
    return true;
  }

 private:
  [[noreturn]] static void fail(const char* code, std::string message, const char* hint) {
    throw Error{code, std::move(message), hint, ""};
  }
  std::vector<std::set<std::string>> keys_;
};
}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  try {
    Limits limits;
    return nlohmann::json::parse(
        text, [&](int depth, auto event, auto& parsed) { return limits(depth, event, parsed); },
        /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const Error& error) {
    return error;
  } catch (const nlohmann::json::exception& e) {
    return Error{"malformed_json", e.what(), "the position is in the message; // comments are allowed", ""};
  }
}

std::string escape_pointer(std::string name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '~') name.replace(i++, 1, "~0");
    else if (name[i] == '/') name.replace(i++, 1, "~1");
  }
  return name;
}

std::string dump_json(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sweetspot
