// Strong ids: a RunId is not a SweepId, although both are integers. Shown with a prefix ("sw_3", "run_17"),
// the same in the database's exports, API, CLI, dashboard and logs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sweetspot {

template <class Tag>
struct Id {
  std::int64_t value = 0;  // 0: none
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

struct SweepTag {
  static constexpr std::string_view prefix = "sw_";
};
struct RunTag {
  static constexpr std::string_view prefix = "run_";
};
struct WorkerTag {
  static constexpr std::string_view prefix = "wk_";
};
using SweepId = Id<SweepTag>;
using RunId = Id<RunTag>;
using WorkerId = Id<WorkerTag>;

// A fence is the number of one grant of one run to one worker. It is taken from a counter that never rewinds,
// so of two writers the one with the older fence is always told apart.
struct FenceTag {
  static constexpr std::string_view prefix = "f_";
};
using Fence = Id<FenceTag>;

template <class Tag>
std::string to_string(Id<Tag> id) {
  return std::string(Tag::prefix) + std::to_string(id.value);
}

// "run_17" or "17" -> RunId; anything else -> nullopt.
template <class Tag>
std::optional<Id<Tag>> parse_id(std::string_view text) {
  if (text.starts_with(Tag::prefix)) text.remove_prefix(Tag::prefix.size());
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != text.npos)
    return std::nullopt;
  Id<Tag> id{std::stoll(std::string(text))};
  return id ? std::optional(id) : std::nullopt;
}

}  // namespace sweetspot

template <class Tag>
struct std::hash<sweetspot::Id<Tag>> {
  std::size_t operator()(sweetspot::Id<Tag> id) const { return std::hash<std::int64_t>()(id.value); }
};
