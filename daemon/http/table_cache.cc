#include "daemon/http/table_cache.h"

namespace sweetspot::daemon {

TableCache::Shared TableCache::find(const std::string& name, const std::string& made_of) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(name);
  return found != answers_.end() && found->second.first == made_of ? found->second.second : nullptr;
}

void TableCache::keep(const std::string& name, const std::string& made_of, Shared answer) {
  const std::lock_guard lock(mutex_);
  answers_.erase(name);
  if (answer->body.size() > kMostBytes) return;
  while (answers_.size() >= kMostAnswers || bytes() + answer->body.size() > kMostBytes)
    answers_.erase(answers_.begin());
  answers_[name] = {made_of, std::move(answer)};
}

std::size_t TableCache::bytes() const {
  std::size_t sum = 0;
  for (const auto& [name, answer] : answers_) sum += answer.second->body.size();
  return sum;
}

}  // namespace sweetspot::daemon
