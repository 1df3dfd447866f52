// Tokens that stand in text as such, like <|endoftext|>.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace sweetspot::worker {

// Finds added tokens in text: from the left, and at each place the longest.
class AddedTokens {
 public:
  void add(const std::string& token, std::int64_t id) {
    ids_[token] = id;
    longest_ = std::max(longest_, token.size());
    first_bytes_.insert(token.front());
  }

  // Calls on_text for what lies between added tokens and on_token for each of them, in order.
  void visit(std::string_view text, auto on_text, auto on_token) const {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto match = longest_at(text.substr(at));
      if (match == ids_.end()) {
        ++at;
        continue;
      }
      if (begin < at) on_text(text.substr(begin, at - begin));
      on_token(match->second);
      begin = at += match->first.size();
    }
    if (begin < text.size()) on_text(text.substr(begin));
  }

 private:
  using Map = std::unordered_map<std::string, std::int64_t>;

  Map::const_iterator longest_at(std::string_view text) const {
    if (!first_bytes_.contains(text.front())) return ids_.end();
    for (std::size_t length = std::min(longest_, text.size()); length > 0; --length) {
      if (auto found = ids_.find(std::string(text.substr(0, length))); found != ids_.end()) return found;
    }
    return ids_.end();
  }

  Map ids_;
  std::size_t longest_ = 0;
  std::unordered_set<char> first_bytes_;
};

}  // namespace sweetspot::worker
