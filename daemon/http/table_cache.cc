#include "daemon/http/table_cache.h"

namespace sweetspot::daemon {

TableCache::Shared TableCache::find(const std::string& name, const std::string& made_of) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(name);
  return found != answers_.end() && found->second.first == made_of ? found->second.second : nullptr;
}

void TableCache::keep(const std::string& name, const std::string& made_of, Shared answer) {
  const std::lock_guard lock(mutex_);
  if (answers_.size() >= kMostAnswers && !answers_.contains(name)) answers_.erase(answers_.begin());
  answers_[name] = {made_of, std::move(answer)};
}

}  // namespace sweetspot::daemon
