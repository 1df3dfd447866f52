#include "daemon/formats/nemo.h"

namespace sweetspot::daemon {

using nlohmann::json;

json nemo_line(const json& sample, const std::string& language) {
  const json& words = sample.at("words");
  const double hits = words.at("hits"), substitutions = words.at("substitutions"),
               deletions = words.at("deletions"), insertions = words.at("insertions"),
               tokens = hits + substitutions + deletions;
  const std::string file = sample.value("audio_file", "");
  json line = {{"audio_filepath", file.empty() ? sample.at("id") : json(file)},
               {"duration", sample.at("seconds")},
               {"text", sample.at("reference")},
               {"pred_text", sample.at("hypothesis")},
               {"lang", language},
               {"tokens", std::int64_t(tokens)}};
  if (tokens > 0)
    line.update({{"wer", (substitutions + deletions + insertions) / tokens},
                 {"sub_rate", substitutions / tokens},
                 {"ins_rate", insertions / tokens},
                 {"del_rate", deletions / tokens}});
  return line;
}

}  // namespace sweetspot::daemon
