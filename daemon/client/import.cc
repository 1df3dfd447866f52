// `sweetspot import`: published or foreign results, as a sweep of their own.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "daemon/client/input_file.h"
#include "daemon/client/result_file.h"
#include "daemon/client/verbs.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
using nlohmann::json;
namespace {

struct ImportOptions {
  std::string file, name, source, into, normalizer;
  std::string encoder, language;  // of the cell, where the file holds utterances
  int layers = 0;
  bool lora = false;
  std::int64_t seed = 0;
};

// The one cell that a file of utterances is about.
Result<json> document_of_utterances(const ImportOptions& options, std::string_view text) {
  if (options.encoder.empty() || options.language.empty() || options.layers == 0)
    return Error{"cell_not_named", fmt::format("{} holds utterances of one cell", options.file),
                 "say which: --encoder NAME --layers N --language LANGUAGE [--lora] [--seed N]", ""};
  auto utterances = read_utterances(text);
  if (!utterances) return utterances.error();
  json cell = {{"encoder", options.encoder},   {"layers", options.layers},
               {"language", options.language}, {"lora", options.lora},
               {"seed", options.seed},         {"utterances", *std::move(utterances)}};
  const std::string stem = std::filesystem::path(options.file).stem().string();
  return json{{"name", stem.empty() || options.file == "-" ? "import" : stem},
              {"source", options.file},
              {"cells", {cell}}};
}

Result<json> document_of(const ImportOptions& options) {
  const auto text = read_input(options.file);
  if (!text)
    return Error{"file_unreadable", fmt::format("{} cannot be read", options.file), "check the path", ""};
  auto document = is_results_document(*text) ? parse_json(*text) : document_of_utterances(options, *text);
  if (!document) return document;
  for (const auto& [key, value] :
       {std::pair("name", options.name), std::pair("source", options.source), std::pair("into", options.into),
        std::pair("normalizer", options.normalizer)})
    if (!value.empty()) (*document)[key] = value;
  return document;
}

Outcome import_file(const Settings& settings, const ImportOptions& options, Api& api) {
  const auto document = document_of(options);
  if (!document) return fail(ExitCode::failed, document.error());
  const auto sweep = api.post("/api/v1/results", *document);
  if (!sweep) return sweep.error();
  const std::string id = sweep->at("id");
  if (settings.format() == Format::json) std::cout << sweep->dump(2) << std::endl;
  else std::cout << id << std::endl;
  note(settings,
       fmt::format("{} cells imported; see them: sweetspot tables {} wer", document->at("cells").size(), id));
  return ExitCode::ok;
}

void add_cell_options(CLI::App& verb, ImportOptions& options) {
  verb.add_option("--encoder", options.encoder, "Of utterances: the encoder");
  verb.add_option("--layers", options.layers, "Of utterances: its kept layers")->check(CLI::PositiveNumber);
  verb.add_option("--language", options.language, "Of utterances: the language");
  verb.add_flag("--lora", options.lora, "Of utterances: with LoRA");
  verb.add_option("--seed", options.seed, "Of utterances: the seed")->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_import(Program& program, SharedSettings settings) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App& verb = program.add_verb(
      {"import",
       "Import published WERs, or references and hypotheses of another system; prints the sweep's id",
       {"sweetspot import examples/paper/published.json",
        "sweetspot import pred.jsonl --encoder openai/whisper-small --layers 12 --language da",
        "sweetspot import hyp.csv --encoder whisper --layers 10 --language da --lora --into sw_3"},
       with_api(settings, [=](Api& api) { return import_file(*settings, *options, api); })});
  verb.add_option(
          "FILE", options->file,
          "Results as openapi.json describes them; or JSON lines or CSV of reference and hypothesis, or a "
          "NeMo manifest with pred_text; - reads standard input")
      ->required();
  verb.add_option("--name", options->name, "Name of the sweep that is made");
  verb.add_option("--source", options->source, "Where the results come from; otherwise the file's name");
  verb.add_option("--into", options->into, "Add to this import; cells that are there are replaced")
      ->type_name("SWEEP");
  verb.add_option("--normalizer", options->normalizer,
                  "What to do to texts before words are compared: paper-wer (as own runs do), plain-words, "
                  "training-text, paper-cer, or none (as they are given); of WERs alone, what was done");
  add_cell_options(verb, *options);
}

}  // namespace sweetspot::daemon
