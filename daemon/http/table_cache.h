// Answers with tables as they were last made, kept until what they are made of changes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/http/message.h"

namespace sweetspot::daemon {

class TableCache {
 public:
  using Shared = std::shared_ptr<const Response>;

  // The answer of this name if it was made of this, null otherwise. Any thread.
  Shared find(const std::string& name, const std::string& made_of) const;
  void keep(const std::string& name, const std::string& made_of, Shared answer);

 private:
  static constexpr std::size_t kMostAnswers = 64, kMostBytes = 32 << 20;

  std::size_t bytes() const;

  mutable std::mutex mutex_;
  std::map<std::string, std::pair<std::string, Shared>> answers_;  // by name: what it was made of, and it
};

}  // namespace sweetspot::daemon
