#include "schemas/metrics.h"

#include <algorithm>

#include "schemas/metrics_fields.h"

namespace sweetspot {

namespace {
template <class T>
Result<T> read_strictly(const nlohmann::json& document) {
  try {
    T value;
    fields::read(document, value, fields::Missing::refuse);
    return value;
  } catch (const std::exception& e) {
    return Error{.code = "malformed", .message = e.what(), .hint = "worker and daemon must be of one build"};
  }
}
}  // namespace

std::string normalizer_with_version(std::string name) {
  constexpr std::string_view kWithout = "paper-wer";
  const bool alone = name.starts_with(kWithout) && (name + ",")[kWithout.size()] == ',';
  return alone ? name.replace(0, kWithout.size(), kWordNormalizer) : name;
}

double batch_mean_rate(std::span<const EditCounts> utterances, std::size_t batch) {
  double sum = 0;
  std::size_t batches = 0;
  for (; !utterances.empty(); ++batches) {
    const auto head = utterances.first(std::min(batch, utterances.size()));
    utterances = utterances.subspan(head.size());
    EditCounts total;
    for (const EditCounts& counts : head) total += counts;
    sum += total.rate();
  }
  return batches ? sum / double(batches) : 0;
}

double batch_mean_wer(std::span<const UtteranceResult> utterances) {
  std::vector<EditCounts> words;
  for (const UtteranceResult& utterance : utterances) words.push_back(utterance.words);
  return batch_mean_rate(words, kPaperTestBatch);
}

nlohmann::json to_json(const UtteranceResult& u) { return fields::write(u); }
nlohmann::json to_json(const EpochMetrics& e) { return fields::write(e); }
nlohmann::json to_json(const Timing& t) { return fields::write(t); }
nlohmann::json to_json(const RunResult& r) { return fields::write(r); }
Result<UtteranceResult> utterance_result_from_json(const nlohmann::json& j) {
  return read_strictly<UtteranceResult>(j);
}
Result<EpochMetrics> epoch_metrics_from_json(const nlohmann::json& j) {
  return read_strictly<EpochMetrics>(j);
}
Result<Timing> timing_from_json(const nlohmann::json& j) { return read_strictly<Timing>(j); }
Result<RunResult> run_result_from_json(const nlohmann::json& j) { return read_strictly<RunResult>(j); }

}  // namespace sweetspot
