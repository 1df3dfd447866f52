#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "daemon/http/ascii.h"
#include "daemon/http/file_answer.h"
#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

json sample_view(const SampleRow& sample, RunId run) {
  const UtteranceResult& utterance = sample.utterance;
  return {{"number", sample.number},
          {"id", utterance.id},
          {"seconds", utterance.seconds},
          {"reference", utterance.reference},
          {"hypothesis", utterance.hypothesis},
          {"alignment", utterance.alignment},
          {"words", to_json(utterance.words)},
          {"characters", to_json(utterance.characters)},
          {"wer", utterance.words.rate()},
          {"cer", utterance.characters.rate()},
          {"audio_file", utterance.audio},
          {"audio", fmt::format("runs/{}/samples/{}/audio", to_string(run), sample.number)}};
}

// Only sound is handed out, whatever a corpus names.
std::optional<std::string_view> sound_type(const std::filesystem::path& file) {
  struct Kind {
    std::string_view extension, type;
  };
  constexpr std::array kKinds = {Kind{".wav", "audio/wav"}, Kind{".flac", "audio/flac"},
                                 Kind{".mp3", "audio/mpeg"}, Kind{".ogg", "audio/ogg"},
                                 Kind{".opus", "audio/ogg"}};
  const std::string extension = ascii_lower(file.extension().string());
  for (const auto& [known, type] : kKinds)
    if (known == extension) return type;
  return std::nullopt;
}

// A clip of the run's corpus, whose directory may be a symbolic link. A manifest may name sounds that lie
// elsewhere: they are found without any.
std::shared_ptr<const OpenFile> open_sound(const json& cell, const std::filesystem::path& sound) {
  const auto inside = sound.lexically_relative(cell.at("corpus").at("path").get<std::string>());
  if (!inside.empty() && *inside.begin() != "..")
    return open_beneath(cell["corpus"]["path"].get<std::string>(), inside);
  return open_beneath("/", sound.relative_path());
}

}  // namespace

Answer list_samples(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  const std::string sort = request.query_text("sort", "number");
  auto wanted = page_request(request, sort);
  if (!wanted) return wanted.error();
  const SampleQuery query{.run = run->id,
                          .sort = sort,
                          .contains = request.query_text("contains"),
                          .after = wanted->after,
                          .limit = wanted->limit};
  auto page = context.reader.samples(query);
  auto total = context.reader.count_samples(run->id, query.contains);
  if (!page) return problem_of(page.error());
  if (!total) return problem_of(total.error());
  json items = json::array();
  for (const SampleRow& sample : page->items) items.push_back(sample_view(sample, run->id));
  return page_response(request, sort, std::move(items), page->next, *total);
}

Answer get_sample_audio(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  const std::string& number = request.captures.at("number");
  auto path = context.reader.sample_audio(run->id, std::stoll(number));
  auto files = context.reader.run_files(run->id);
  if (!path) return problem_of(path.error());
  if (!files) return problem_of(files.error());
  if (!*path) return not_found("sample " + number + " of " + to_string(run->id));
  const auto type = sound_type(**path);
  auto sound = type ? open_sound(json::parse(files->cell), **path) : nullptr;
  if (!sound) return not_found("sound file that can be played for sample " + number);
  return file_answer(request, std::move(sound), std::string(*type));
}

}  // namespace sweetspot::daemon
