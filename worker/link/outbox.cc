#include "worker/link/outbox.h"

#include <algorithm>

namespace sweetspot::worker {

Grant grant_of(const WorkerMessage& message) {
  return std::visit(
      [](const auto& m) {
        if constexpr (requires { m.grant; }) return m.grant;
        else return Grant{};
      },
      message);
}

bool ends_grant(const WorkerMessage& message) {
  return std::holds_alternative<Done>(message) || std::holds_alternative<Failed>(message) ||
         std::holds_alternative<Stopped>(message);
}

void Outbox::put(WorkerMessage message) {
  if (!has(grant_of(message))) return;
  if (ends_grant(message)) progress_.erase(grant_of(message));
  kept_.push_back({.seq = ++last_seq_, .message = std::move(message)});
}

void Outbox::put_progress(const Progress& progress) {
  if (!has(progress.grant)) return;
  auto& newest = progress_[progress.grant];
  std::erase_if(newest, [&](const Progress& before) { return before.phase == progress.phase; });
  newest.push_back(progress);
}

void Outbox::acknowledge(std::int64_t seq) {
  while (!kept_.empty() && kept_.front().seq <= seq) {
    if (ends_grant(kept_.front().message)) grants_.erase(grant_of(kept_.front().message));
    kept_.pop_front();
  }
}

void Outbox::drop(const Grant& grant) {
  grants_.erase(grant);
  progress_.erase(grant);
  std::erase_if(kept_, [&](const WorkerFrame& frame) { return grant_of(frame.message) == grant; });
}

void Outbox::reconnected() {
  sent_ = 0;
  progress_.clear();
}

std::vector<WorkerFrame> Outbox::take(TimePoint now) {
  std::vector<WorkerFrame> frames;
  std::ranges::copy_if(kept_, std::back_inserter(frames),
                       [&](const WorkerFrame& f) { return f.seq > sent_; });
  sent_ = last_seq_;
  if (now >= next_progress_ && !progress_.empty()) {
    for (const auto& [grant, newest] : progress_)
      for (const Progress& progress : newest) frames.push_back({.seq = 0, .message = progress});
    progress_.clear();
    next_progress_ = now + kProgressPause;
  }
  return frames;
}

}  // namespace sweetspot::worker
