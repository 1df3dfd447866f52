#include <fmt/format.h>

#include <algorithm>

#include "daemon/http/files.h"
#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

RunQuery run_query(const Request& request, const PageRequest& page) {
  RunQuery query{.sort = request.query_text("sort", "position"), .after = page.after, .limit = page.limit};
  RunFilter& filter = query.filter;
  filter.sweep = parse_id<SweepTag>(request.query_text("sweep"));
  for (const std::string& word : request.query_list("state")) filter.states.push_back(*parse_run_state(word));
  filter.encoders = request.query_list("encoder");
  filter.languages = request.query_list("language");
  for (const std::string& text : request.query_list("layers")) filter.layers.push_back(std::stoll(text));
  for (const std::string& text : request.query_list("seed")) filter.seeds.push_back(std::stoll(text));
  if (const auto lora = request.query_text("lora"); !lora.empty()) filter.lora = lora == "true";
  filter.tags = request.query_list("tag");
  return query;
}

json attempt_view(const AttemptRow& attempt) {
  return {{"number", attempt.number},
          {"fence", attempt.fence.value},
          {"worker", to_string(attempt.worker)},
          {"device", attempt.device},
          {"started_at", attempt.started_at},
          {"ended_at", or_null(attempt.ended_at)},
          {"outcome", attempt.outcome},
          {"reason", attempt.reason}};
}

json epoch_view(const EpochRow& epoch) {
  return {{"epoch", epoch.epoch},
          {"step", epoch.step},
          {"train_loss", or_null(epoch.train_loss)},
          {"lr", or_null(epoch.lr)},
          {"val_wer", or_null(epoch.val_wer)},
          {"seconds", epoch.seconds},
          {"best", epoch.best}};
}

json split_view(const SplitSize& split) {
  return {{"utterances", split.utterances},
          {"seconds", split.seconds},
          {"skipped", split.skipped},
          {"reasons", split.reasons}};
}

// What the contract shows of a stored RunResult.
json result_view(const std::string& document) {
  auto result = run_result_from_json(json::parse(document));
  if (!result) throw std::runtime_error("a stored result cannot be read: " + result.error().message);
  json skipped = json::array();
  for (const SkippedClip& clip : result->skipped)
    skipped.push_back(
        {{"split", clip.split}, {"id", clip.id}, {"reason", clip.reason}, {"detail", clip.detail}});
  return {{"words", to_json(result->words)},
          {"characters", to_json(result->characters)},
          {"wer", result->words.rate()},
          {"cer", result->characters.rate()},
          {"batch_mean_wer", or_null(result->batch_mean_wer)},
          {"utterances", result->utterances},
          {"seconds", result->audio_seconds},
          {"best_epoch", result->best_epoch},
          {"epochs", result->epochs},
          {"steps", result->steps},
          {"train_seconds", result->train_seconds},
          {"evaluate_seconds", result->evaluate_seconds},
          {"train", split_view(result->train)},
          {"dev", split_view(result->dev)},
          {"test", split_view(result->test)},
          {"precision", result->precision},
          {"build", result->build},
          {"skipped", std::move(skipped)}};
}

Answer act_on_run(Context& context, const Request& request, Action action) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto outcome = context.site.commands.act_on_run(run->id, action);
  if (!outcome) return problem_of(outcome.error());
  if (!outcome->changed)
    return Problem{409,
                   {"run_unchanged", to_string(run->id) + " was not changed: " + outcome->why_not,
                    "GET the run to see its state.", ""}};
  return json_response({{"run", to_string(outcome->run)}, {"changed", true}, {"why_not", ""}});
}

}  // namespace

Answer list_runs(Context& context, const Request& request) {
  auto wanted = page_request(request, request.query_text("sort", "position"));
  if (!wanted) return wanted.error();
  const RunQuery query = run_query(request, *wanted);
  auto page = context.reader.runs(query);
  auto total = context.reader.count_runs(query.filter);
  if (!page) return problem_of(page.error());
  if (!total) return problem_of(total.error());
  json items = json::array();
  const bool timed = request.query_text("timing") == "true";
  for (const RunRow& run : page->items) {
    items.push_back(to_json(run));
    if (!timed) continue;
    auto timing = context.reader.timing(run.id);
    if (!timing) return problem_of(timing.error());
    items.back()["timing"] = to_json(*timing);
  }
  return page_response(request, query.sort, std::move(items), page->next, *total);
}

Answer get_run(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto files = context.reader.run_files(run->id);
  auto attempts = context.reader.attempts(run->id);
  auto timing = context.reader.timing(run->id);
  if (!files) return problem_of(files.error());
  if (!attempts) return problem_of(attempts.error());
  if (!timing) return problem_of(timing.error());
  json document = to_json(*run);
  document["cell"] = json::parse(files->cell);
  document["result"] = files->result ? result_view(*files->result) : json();
  document["timing"] = to_json(*timing);
  document["attempts"] = json::array();
  for (const AttemptRow& attempt : *attempts) document["attempts"].push_back(attempt_view(attempt));
  Response response = json_response(document);
  response.headers.emplace_back("ETag", fmt::format("\"r{}\"", run->revision));
  return response;
}

Answer edit_run(Context& context, const Request& request) {
  auto document = context.site.contract.body("edit_run", request);
  if (!document) return document.error();
  RunEdit edit;
  if (document->contains("note")) edit.note = (*document)["note"].get<std::string>();
  if (document->contains("tags")) edit.tags = (*document)["tags"].dump();
  Status status = context.site.commands.edit_run(run_id(request), std::move(edit));
  return status ? get_run(context, request) : Answer(problem_of(status.error()));
}

Answer get_run_metrics(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto curve = context.reader.curve(run->id, run->fence);
  auto epochs = context.reader.epochs(run->id, run->fence);
  if (!curve) return problem_of(curve.error());
  if (!epochs) return problem_of(epochs.error());

  const auto names = request.query_list("name");
  json series = json::object();
  for (const auto& [name, points] : *curve) {
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    json& list = series[name] = json::array();
    for (const auto& [step, value] : thinned(points, std::size_t(request.query_integer("points", 1000))))
      list.push_back(json::array({step, or_null(value)}));
  }
  json epoch_list = json::array();
  for (const EpochRow& epoch : *epochs) epoch_list.push_back(epoch_view(epoch));
  return json_response({{"run", to_string(run->id)},
                        {"attempt", run->attempt},
                        {"series", std::move(series)},
                        {"epochs", std::move(epoch_list)}});
}

Answer get_run_log(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto attempts = context.reader.attempts(run->id);
  if (!attempts) return problem_of(attempts.error());
  const std::int64_t number = request.query_integer("attempt", 0);
  auto attempt = std::find_if(attempts->rbegin(), attempts->rend(),
                              [&](const AttemptRow& row) { return number == 0 || row.number == number; });
  if (number != 0 && attempt == attempts->rend())
    return not_found(fmt::format("attempt {} of {}", number, to_string(run->id)));

  const auto fence = attempt == attempts->rend() ? Fence{} : attempt->fence;
  const auto file = open_beneath(context.site.state, std::filesystem::path("runs") / to_string(run->id) /
                                                         fmt::format("a{}", fence.value) / kLogFile);
  FilePart part;
  if (file) {
    const auto limit = std::size_t(request.query_integer("limit", 262144));
    const auto tail = request.query_integer("tail", 0);
    part = tail ? read_tail(*file, tail, limit) : read_part(*file, request.query_integer("offset", 0), limit);
  }
  return Response{
      .content_type = "text/plain; charset=utf-8",
      .body = part.bytes,
      .headers = {{"Log-Size", std::to_string(part.size)},
                  {"Log-Offset", std::to_string(part.offset)},
                  {"Next-Offset", std::to_string(part.offset + std::int64_t(part.bytes.size()))}}};
}

Answer list_run_events(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto wanted = page_request(request, "seq");
  if (!wanted) return wanted.error();
  auto page = context.reader.run_events(run->id, wanted->after, wanted->limit);
  if (!page) return problem_of(page.error());
  json items = json::array();
  for (const StoredEvent& event : page->items) items.push_back(to_json(event));
  return page_response(request, "seq", std::move(items), page->next);
}

Answer cancel_run(Context& context, const Request& request) {
  return act_on_run(context, request, Action::cancel);
}
Answer retry_run(Context& context, const Request& request) {
  auto document = context.site.contract.body("retry_run", request);
  if (!document) return document.error();
  return act_on_run(context, request,
                    document->value("from_scratch", false) ? Action::restart : Action::retry);
}

}  // namespace sweetspot::daemon
