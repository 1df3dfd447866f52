#include "daemon/client/run_files.h"

#include <fmt/format.h>

#include <fstream>

#include "daemon/client/table.h"
#include "daemon/formats/nemo.h"
#include "daemon/formats/tensorboard.h"
#include "daemon/formats/trn.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

using Done = Result<std::monostate, Failure>;

Error not_written(const fs::path& file) {
  return {"not_written", fmt::format("{} could not be written", file.string()),
          "give --out a directory that you may write to and that has space", ""};
}

std::string path_of(const json& run, const std::string& below = "") {
  return fmt::format("/api/v1/runs/{}{}", run.at("id").get<std::string>(), below);
}

std::string label_of(const json& run) {
  std::string label = fmt::format(
      "{}-L{}-{}{}-{}", run.at("encoder").get<std::string>(), run.at("layers").get<int>(),
      run.at("language").get<std::string>(), run.at("lora") ? "-lora" : "", run.at("id").get<std::string>());
  for (char& c : label)
    if (c == '/' || std::uint8_t(c) <= ' ') c = '_';
  return label;
}

// What an utterance is told apart by and what was counted in it: one flat line of utterances.csv.
json flat_utterance(const json& run, const json& sample) {
  json line = {{"run", run.at("id")},    {"encoder", run.at("encoder")},   {"layers", run.at("layers")},
               {"lora", run.at("lora")}, {"language", run.at("language")}, {"seed", run.at("seed")}};
  for (const char* key : {"number", "id", "seconds", "reference", "hypothesis", "alignment"})
    line[key] = sample.at(key);
  line.update(sample.at("words"));
  return line;
}

class RunFiles {
 public:
  RunFiles(Api& api, fs::path directory)
      : api_(api),
        directory_(std::move(directory)),
        lines_(open("utterances.jsonl")),
        table_(open("utterances.csv")) {
    table_ << render(table_of(json::array(), Format::csv, kKeys), Format::csv);
  }

  Done add_utterances(const json& run) {
    const auto samples = api_.get_all(path_of(run, "/samples"), {});
    if (!samples) return samples.error();
    json flat = json::array();
    std::string nemo, references, hypotheses;
    for (const json& sample : *samples) {
      flat.push_back(flat_utterance(run, sample));
      lines_ << dump_json(flat.back()) << '\n';
      nemo += dump_json(nemo_line(sample, run.at("language"))) + "\n";
      const int number = sample.at("number");
      const std::string id = sample.at("id");
      references += trn_line(sample.at("reference").get<std::string>(), number, id);
      hypotheses += trn_line(sample.at("hypothesis").get<std::string>(), number, id);
    }
    const std::string rows = render(table_of(flat, Format::csv, kKeys), Format::csv);
    table_ << rows.substr(rows.find('\n') + 1);
    const std::string label = label_of(run);
    for (const auto& [name, text] : {std::pair("nemo/" + label + ".test.json", nemo),
                                     std::pair("trn/" + label + ".ref.trn", references),
                                     std::pair("trn/" + label + ".hyp.trn", hypotheses)})
      if (auto done = write(name, text); !done) return done;
    return std::monostate{};
  }

  Done add_curves(const json& run) {
    const auto whole = api_.get(path_of(run)), metrics = api_.get(path_of(run, "/metrics"));
    if (!whole || !metrics) return (whole ? metrics : whole).error();
    const auto events = api_.get_all(path_of(run, "/events"), {});
    if (!events) return events.error();
    return write(fmt::format("tensorboard/{}/events.out.tfevents.{:010}.sweetspot", label_of(run),
                             std::int64_t(seconds_of(whole->at("started_at")))),
                 tensorboard_events(*whole, *metrics, *events));
  }

  Done add_experiment(const json& sweep, const json& runs) {
    return write("tensorboard/events.out.tfevents.0000000000.sweetspot", tensorboard_experiment(sweep, runs));
  }

  Result<std::vector<fs::path>, Failure> finish() {
    lines_.close(), table_.close();
    if (lines_ && table_) return std::move(written_);
    return fail(ExitCode::failed, not_written(written_.front()));
  }

 private:
  inline static const std::vector<std::string> kKeys = {
      "run",    "encoder", "layers",    "lora",       "language",  "seed", "number",        "id",
      "seconds", "reference", "hypothesis", "alignment", "hits", "substitutions", "deletions", "insertions"};

  std::ofstream open(const std::string& name) {
    written_.push_back(directory_ / name);
    return std::ofstream(written_.back(), std::ios::binary);
  }
  Done write(const std::string& name, const std::string& text) {
    written_.push_back(directory_ / name);
    if (const Status done = write_file(written_.back(), text); !done)
      return fail(ExitCode::failed, done.error());
    return std::monostate{};
  }

  Api& api_;
  fs::path directory_;
  std::vector<fs::path> written_;
  std::ofstream lines_, table_;
};

}  // namespace

Status write_file(const fs::path& file, const std::string& text) {
  std::error_code refused;  // is told by the stream
  fs::create_directories(file.parent_path(), refused);
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  return stream ? success() : not_written(file);
}

Result<std::vector<fs::path>, Failure> write_run_files(Api& api, const json& sweep, const json& runs,
                                                       const fs::path& directory) {
  RunFiles files(api, directory);
  bool has_curves = false;
  for (const json& run : runs) {
    if (run.at("state") == "succeeded")
      if (const auto done = files.add_utterances(run); !done) return done.error();
    if (run.at("imported") || run.at("attempt") == 0) continue;
    has_curves = true;
    if (const auto done = files.add_curves(run); !done) return done.error();
  }
  if (has_curves)
    if (const auto done = files.add_experiment(sweep, runs); !done) return done.error();
  return files.finish();
}

}  // namespace sweetspot::daemon
