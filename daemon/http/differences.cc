#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

struct Difference {
  std::int64_t number = 0;
  int change = 0;  // word errors there minus here
};

Result<RunRow, Problem> find_other(Context& context, const Request& request) {
  const std::string name = request.query_text("with");
  auto run = context.reader.run(parse_id<RunTag>(name).value_or(RunId{}));
  if (!run) return problem_of(run.error());
  if (!*run) return not_found("run " + name);
  return **std::move(run);
}

// A run without utterances has no test split; two of other words cannot be put beside each other.
Result<TestSplitRow, Problem> split_of(Context& context, const RunRow& run) {
  if (run.words) {
    auto split = context.reader.test_split(run.id);
    if (!split) return problem_of(split.error());
    if (!split->words.empty()) return *std::move(split);
  }
  return Problem{409,
                 {"no_utterances", fmt::format("{} has no utterances to compare.", to_string(run.id)),
                  "Compare runs that succeeded.", ""}};
}

std::vector<Difference> differences(const TestSplitRow& here, const TestSplitRow& there) {
  std::vector<Difference> list;
  for (std::size_t i = 0; i < here.errors.size(); ++i)
    if (const int change = int(there.errors[i]) - int(here.errors[i]))
      list.push_back({std::int64_t(i), change});
  return list;
}

void sort_by(const std::string& sort, std::vector<Difference>& list) {
  const int sign = sort == "change" ? 1 : -1;
  std::stable_sort(list.begin(), list.end(), [&](const Difference& a, const Difference& b) {
    return sign * a.change < sign * b.change;
  });
}

json heard(const UtteranceResult& utterance) {
  return {{"hypothesis", utterance.hypothesis},
          {"alignment", utterance.alignment},
          {"words", to_json(utterance.words)},
          {"wer", utterance.words.rate()}};
}

json difference_view(RunId run, const Difference& difference, const UtteranceResult& here,
                     const UtteranceResult& there) {
  return {{"number", difference.number},
          {"id", here.id},
          {"seconds", here.seconds},
          {"reference", here.reference},
          {"change", difference.change},
          {"here", heard(here)},
          {"there", heard(there)},
          {"audio", fmt::format("runs/{}/samples/{}/audio", to_string(run), difference.number)}};
}

Result<UtteranceResult, Problem> utterance_of(Context& context, RunId run, std::int64_t number) {
  auto utterances = context.reader.utterances(run, {number});
  if (!utterances) return problem_of(utterances.error());
  return std::move(utterances->at(0));
}

}  // namespace

Answer list_differences(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto other = find_other(context, request);
  if (!other) return other.error();
  const std::string sort = request.query_text("sort", "-change");
  auto wanted = page_request(request, sort);
  if (!wanted) return wanted.error();
  auto here = split_of(context, *run), there = split_of(context, *other);
  if (!here) return here.error();
  if (!there) return there.error();
  if (here->references_sha256 != there->references_sha256)
    return Problem{409,
                   {"other_test_set",
                    fmt::format("{} and {} were tested on different utterances.", to_string(run->id),
                                to_string(other->id)),
                    "Compare runs of one language and one test split.", ""}};

  std::vector<Difference> all = differences(*here, *there);
  sort_by(sort, all);
  const std::size_t begin = std::min(all.size(), std::size_t(wanted->after ? wanted->after->id : 0));
  const std::size_t end = std::min(all.size(), begin + std::size_t(wanted->limit));
  json items = json::array();
  for (std::size_t i = begin; i < end; ++i) {
    auto ours = utterance_of(context, run->id, all[i].number);
    auto theirs = utterance_of(context, other->id, all[i].number);
    if (!ours) return ours.error();
    if (!theirs) return theirs.error();
    items.push_back(difference_view(run->id, all[i], *ours, *theirs));
  }
  const auto better =
      std::count_if(all.begin(), all.end(), [](const Difference& one) { return one.change < 0; });
  const json next = end < all.size() ? json(encode_cursor(sort, {0, std::int64_t(end)})) : json();
  return json_response({{"items", std::move(items)},
                        {"next_cursor", next},
                        {"better", better},
                        {"worse", std::int64_t(all.size()) - better},
                        {"same", here->errors.size() - all.size()}});
}

}  // namespace sweetspot::daemon
