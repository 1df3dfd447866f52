#include "schemas/metrics.h"

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

nlohmann::json to_json(const UtteranceResult& u) { return fields::write(u); }
nlohmann::json to_json(const EpochMetrics& e) { return fields::write(e); }
nlohmann::json to_json(const RunResult& r) { return fields::write(r); }
Result<UtteranceResult> utterance_result_from_json(const nlohmann::json& j) {
  return read_strictly<UtteranceResult>(j);
}
Result<EpochMetrics> epoch_metrics_from_json(const nlohmann::json& j) {
  return read_strictly<EpochMetrics>(j);
}
Result<RunResult> run_result_from_json(const nlohmann::json& j) { return read_strictly<RunResult>(j); }

}  // namespace sweetspot
