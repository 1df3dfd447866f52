#include <fmt/format.h>
#include <malloc.h>

#include <charconv>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/plan_view.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

constexpr std::size_t kManyCells = 10'000;

Problem invalid_sweep(const Errors& errors) {
  return {422,
          {"invalid_sweep",
           fmt::format("The sweep cannot run as it is: {} ({} in all).", errors[0].message, errors.size()),
           errors[0].hint, ""},
          errors};
}

Answer plan_answer(Context& context, const Plan& plan) {
  const auto devices = present_devices(context);
  if (!devices) return problem_of(devices.error());
  std::vector<std::string> names;
  for (const DeviceRow& device : *devices) names.push_back(device.name);
  return json_response(plan_view(plan, names));
}

std::string etag(const SweepRow& sweep) { return "\"r" + std::to_string(sweep.revision) + "\""; }

Answer sweep_answer(Context& context, SweepId id, int status) {
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  auto devices = context.reader.busy_devices();
  if (!devices) return problem_of(devices.error());
  Response response = json_response(to_json(*sweep, *devices), status);
  response.headers.emplace_back("ETag", etag(*sweep));
  if (status == 201) response.headers.emplace_back("Location", "/api/v1/sweeps/" + to_string(id));
  return response;
}

// If-Match: "r4", a list of such, or *; nullopt: any revision will do.
Result<std::optional<std::int64_t>, Problem> wanted_revision(const Request& request, const SweepRow& sweep) {
  const auto field = request.header("if-match");
  if (!field || *field == "*") return std::optional<std::int64_t>();
  const auto at = field->find(etag(sweep));
  const bool weak = at != field->npos && at >= 2 && field->substr(at - 2, 2) == "W/";
  if (at != field->npos && !weak) return std::optional(sweep.revision);
  return Problem{412,
                 {"revision_conflict", "The sweep is at " + etag(sweep) + ", not at " + *field + ".",
                  "Read it again and repeat the change.", ""}};
}

Answer outcomes_answer(SweepId id, std::string_view word, const std::vector<RunOutcome>& outcomes) {
  json list = json::array();
  int changed = 0;
  for (const RunOutcome& outcome : outcomes) {
    changed += outcome.changed;
    list.push_back(
        {{"run", to_string(outcome.run)}, {"changed", outcome.changed}, {"why_not", outcome.why_not}});
  }
  return json_response(
      {{"sweep", to_string(id)}, {"action", word}, {"changed", changed}, {"outcomes", std::move(list)}});
}

Answer act_on_sweep(Context& context, const Request& request, Action action, std::string_view word,
                    std::vector<RunState> states = {}) {
  const SweepId id = sweep_id(request);
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  auto outcomes = context.site.commands.act_on_sweep(id, action, std::move(states));
  return outcomes ? outcomes_answer(id, word, *outcomes) : Answer(problem_of(outcomes.error()));
}

// Only the runs named, which must be of this sweep.
Answer retry_runs(Context& context, const Request& request, const json& names, Action action) {
  const SweepId id = sweep_id(request);
  if (auto sweep = find_sweep(context, id); !sweep) return sweep.error();
  std::vector<RunOutcome> outcomes;
  for (const json& name : names) {
    const RunId run = parse_id<RunTag>(name.get<std::string>()).value_or(RunId{});
    auto row = context.reader.run(run);
    if (!row) return problem_of(row.error());
    if (!*row || (*row)->sweep != id)
      return not_found(fmt::format("run {} in {}", name.get<std::string>(), to_string(id)));
    auto outcome = context.site.commands.act_on_run(run, action);
    if (!outcome) return problem_of(outcome.error());
    outcomes.push_back(*std::move(outcome));
  }
  return outcomes_answer(id, "retry", outcomes);
}

}  // namespace

Answer submit_sweep(Context& context, const Request& request) {
  auto document = context.site.contract.body("submit_sweep", request);
  if (!document) return document.error();
  auto spec = parse_sweep(*document);
  if (!spec) return invalid_sweep(spec.error());
  Plan plan = make_plan(*spec);
  if (request.query_text("dry_run") == "1") return plan_answer(context, plan);

  Errors errors = plan.grid.errors;
  errors.insert(errors.end(), plan.missing.begin(), plan.missing.end());
  if (plan.grid.cells.empty() && errors.empty())
    errors.push_back({"no_cells", "every cell is excluded", "Loosen `exclude`.", "/exclude"});
  if (!errors.empty()) return invalid_sweep(errors);

  const bool is_large = plan.grid.cells.size() >= kManyCells;
  SubmitRequest submission{
      .spec = *std::move(spec), .document = dump_json(*document), .cells = std::move(plan.grid.cells)};
  if (auto key = request.header("idempotency-key"))
    submission.idempotency = {*key, sha256_hex(request.method + "\n" + request.path + "\n" + request.body)};
  // The store knows the key of an earlier request and gives its sweep again.
  auto made = context.site.commands.submit(std::move(submission));
  if (is_large) malloc_trim(0);  // of what its cells took, little is kept
  return made ? sweep_answer(context, *made, 201) : Answer(problem_of(made.error()));
}

Answer list_sweeps(Context& context, const Request& request) {
  auto wanted = page_request(request, "-id");
  if (!wanted) return wanted.error();
  auto page = context.reader.sweeps({request.query_text("contains"), request.query_list("tag")},
                                    wanted->after, wanted->limit);
  auto devices = context.reader.busy_devices();
  if (!page) return problem_of(page.error());
  if (!devices) return problem_of(devices.error());
  json items = json::array();
  for (const SweepRow& sweep : page->items) items.push_back(to_json(sweep, *devices));
  return page_response(request, "-id", std::move(items), page->next);
}

Answer get_sweep(Context& context, const Request& request) {
  return sweep_answer(context, sweep_id(request), 200);
}

Answer get_sweep_timing(Context& context, const Request& request) {
  auto sweep = find_sweep(context, sweep_id(request));
  if (!sweep) return sweep.error();
  auto timing = context.reader.timing(sweep->id);
  return timing ? Answer(json_response(to_json(*timing))) : problem_of(timing.error());
}

Answer edit_sweep(Context& context, const Request& request) {
  auto sweep = find_sweep(context, sweep_id(request));
  if (!sweep) return sweep.error();
  auto document = context.site.contract.body("edit_sweep", request);
  if (!document) return document.error();
  auto revision = wanted_revision(request, *sweep);
  if (!revision) return revision.error();

  SweepEdit edit{.if_revision = *revision};
  if (document->contains("name")) edit.name = (*document)["name"].get<std::string>();
  if (document->contains("note")) edit.note = (*document)["note"].get<std::string>();
  if (document->contains("tags")) edit.tags = (*document)["tags"].dump();
  if (document->contains("priority")) edit.priority = (*document)["priority"].get<int>();
  Status status = context.site.commands.edit_sweep(sweep->id, std::move(edit));
  return status ? sweep_answer(context, sweep->id, 200) : Answer(problem_of(status.error()));
}

Answer remove_sweep(Context& context, const Request& request) {
  Status status = context.site.commands.remove_sweep(sweep_id(request));
  if (!status) return problem_of(status.error());
  malloc_trim(0);  // of its runs
  return Response{.status = 204};
}

Answer pause_sweep(Context& context, const Request& request) {
  return act_on_sweep(context, request, Action::pause, "pause");
}
Answer resume_sweep(Context& context, const Request& request) {
  return act_on_sweep(context, request, Action::resume, "resume");
}
Answer cancel_sweep(Context& context, const Request& request) {
  return act_on_sweep(context, request, Action::cancel, "cancel");
}

Answer retry_sweep(Context& context, const Request& request) {
  auto document = context.site.contract.body("retry_sweep", request);
  if (!document) return document.error();
  const Action action = document->value("from_scratch", false) ? Action::restart : Action::retry;
  if (document->contains("runs")) return retry_runs(context, request, (*document)["runs"], action);
  std::vector<RunState> states;
  for (const json& word : document->value("states", json::array()))
    states.push_back(*parse_run_state(word.get<std::string>()));
  return act_on_sweep(context, request, action, "retry", std::move(states));
}

}  // namespace sweetspot::daemon
