#include "worker/recipe/pack.h"

#include <algorithm>
#include <new>
#include <set>
#include <utility>

namespace sweetspot::worker {

namespace {
// A GPU's launches cost the same whatever their size. On a CPU what pays is fewer operations on small
// tensors, until the tensors outgrow its caches: measured with the nano models, cells of 106 tokens took 0.75
// of the time in sixes, cells of 424 tokens 0.95 in twos and 1.05 in fours.
constexpr std::size_t kTokensTogetherOnCpu = 800, kTokensTogetherOnGpu = 16384;

// What went wrong in the code that has just thrown.
Failure current_failure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    const std::string what = torch_error ? torch_error->what_without_backtrace() : error.what();
    if (is_out_of_memory(error))
      return {ErrorClass::out_of_memory,
              {"out_of_memory", what, "lower train.batch or eval.batch, or use a larger device", ""}};
    if (is_device_lost(error))
      return {ErrorClass::infrastructure, {kDeviceLost, what, "see the system's log", ""}};
    return {ErrorClass::internal, {"internal", what, "see the worker's log", ""}};
  }
}
}  // namespace

Pack::Pack(std::span<const PackMember> members, std::span<Reporter* const> reporters, torch::Device device)
    : tokens_(device.is_cuda() ? kTokensTogetherOnGpu : kTokensTogetherOnCpu) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    members_.push_back({std::make_unique<CellRun>(members[i], *reporters[i]), reporters[i], {}});
    order_.push_back(i);
  }
  // The deepest first, so that an encoder is loaded once.
  std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
    return members[a].cell.layers > members[b].cell.layers;
  });
}

template <class Step>
void Pack::guarded(Member& member, Step step) {
  try {
    step(*member.cell);
  } catch (...) {
    end(member, current_failure());
  }
}

void Pack::end(Member& member, CellOutcome outcome) {
  member.cell->release();
  member.outcome = std::move(outcome);
  member.reporter->ended(*member.outcome);
}

void Pack::each(CellRun::Work work, const std::function<void(CellRun&)>& step) {
  for (const std::size_t i : order_)
    if (!members_[i].outcome) guarded(members_[i], step);
  lap(work, going());
}

std::vector<Pack::Member*> Pack::going() {
  std::vector<Member*> members;
  for (Member& member : members_)
    if (!member.outcome) members.push_back(&member);
  return members;
}

void Pack::lap(CellRun::Work work, std::span<Member* const> takers) {
  const auto share = [](CellRun::Work kind, double seconds, std::span<Member* const> cells) {
    for (Member* member : cells) member->cell->charge(kind, seconds / double(cells.size()));
  };
  const auto now = std::chrono::steady_clock::now();
  double seconds = std::chrono::duration<double>(now - std::exchange(lap_, now)).count();
  std::map<const SpeechEncoder*, std::vector<Member*>> users;
  for (Member* member : going()) users[member->cell->encoder()].push_back(member);
  for (const auto& [encoder, cells] : users) {
    const EncoderWork done = encoder->work();
    const EncoderWork before = std::exchange(charged_.try_emplace(encoder, done).first->second, done);
    const double audio = done.audio_seconds - before.audio_seconds;
    const double encode = done.encode_seconds - before.encode_seconds;
    share(&Timing::audio, audio, cells), share(&Timing::encode, encode, cells);
    seconds -= audio + encode;
  }
  share(work, seconds, takers);
}

void Pack::finish(const std::function<bool(const CellRun&)>& which,
                  const std::function<RunResult(CellRun&)>& result) {
  for (Member& member : members_)
    if (!member.outcome && which(*member.cell))
      guarded(member, [&](CellRun& cell) { end(member, result(cell)); });
  lap(&Timing::other, {});  // is nobody's: their results are written
}

std::vector<std::vector<Pack::Member*>> Pack::groups(
    const std::function<std::optional<StepShape>(const CellRun&)>& next) {
  std::vector<std::pair<StepShape, std::vector<Member*>>> groups;
  for (Member& member : members_) {
    if (member.outcome) continue;
    const auto shape = next(*member.cell);
    if (!shape) continue;
    auto group = std::ranges::find_if(groups, [&](const auto& one) {
      return one.first == *shape && (one.second.size() + 1) * shape->tokens() <= tokens_;
    });
    if (group == groups.end()) group = groups.insert(group, {*shape, {}});
    group->second.push_back(&member);
  }
  std::vector<std::vector<Member*>> all;
  for (auto& [shape, group] : groups) all.push_back(std::move(group));
  return all;
}

template <class Outcome>
void Pack::take(const Stage<Outcome>& stage, std::span<Member* const> group) {
  std::vector<CellRun*> cells;
  for (const Member* member : group) cells.push_back(member->cell.get());
  std::vector<Outcome> outcomes;
  try {
    if (cells.size() > 1) outcomes = stage.together(cells);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) tokens_ = stage.next(*cells[0])->tokens() * cells.size() / 2;
    for (CellRun* cell : cells) cell->forget_gradients();
  } catch (const Failure&) {  // of one of them
    for (CellRun* cell : cells) cell->forget_gradients();
  }
  for (std::size_t i = 0; i < group.size(); ++i)
    guarded(*group[i], [&](CellRun& cell) {
      stage.end(cell, outcomes.empty() ? stage.alone(cell) : std::move(outcomes[i]));
    });
  lap(stage.work, group);
}

template <class Outcome>
void Pack::run(const Stage<Outcome>& stage) {
  while (true) {
    const auto all = groups(stage.next);
    if (all.empty()) return;
    for (const auto& group : all) take(stage, group);
  }
}
template void Pack::run(const Stage<double>&);
template void Pack::run(const Stage<std::vector<std::string>>&);

bool Pack::running() const {
  return std::ranges::any_of(members_, [](const Member& member) { return !member.outcome; });
}

std::vector<int> Pack::depths(const CellRun& cell) const {
  std::set<int> depths;
  for (const Member& member : members_)
    if (!member.outcome && member.cell->encoder() == cell.encoder())
      depths.insert(member.cell->cell().layers);
  return {depths.begin(), depths.end()};
}

std::vector<CellOutcome> Pack::outcomes() const {
  std::vector<CellOutcome> all;
  for (const Member& member : members_) all.push_back(*member.outcome);
  return all;
}

}  // namespace sweetspot::worker
