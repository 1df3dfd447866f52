// The files that runs left.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/http/file_answer.h"
#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

std::string type_of(const std::filesystem::path& name) {
  if (name.extension() == ".json") return "application/json";
  return name.extension() == ".jsonl" ? "application/jsonl" : "application/octet-stream";
}

}  // namespace

Answer list_run_artifacts(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto artifacts = context.reader.artifacts(run->id);
  if (!artifacts) return problem_of(artifacts.error());
  json items = json::array();
  for (const ArtifactRow& artifact : *artifacts)
    items.push_back({{"name", artifact.name},
                     {"size", artifact.size},
                     {"sha256", artifact.sha256},
                     {"fence", artifact.fence.value}});
  return json_response({{"items", std::move(items)}});
}

// Only what the store lists, and only as it was when its hash was taken.
Answer get_run_artifact(Context& context, const Request& request) {
  auto run = find_run(context, request);
  if (!run) return run.error();
  auto artifacts = context.reader.artifacts(run->id);
  if (!artifacts) return problem_of(artifacts.error());
  const std::string& name = request.captures.at("artifact");
  const auto listed = std::ranges::find(*artifacts, name, &ArtifactRow::name);
  if (listed == artifacts->end()) return not_found(fmt::format("file {} of {}", name, to_string(run->id)));
  auto file = open_beneath(context.site.state, std::filesystem::path("runs") / to_string(run->id) /
                                                   fmt::format("a{}", listed->fence.value) / name);
  if (!file || file->size() != listed->size)
    return not_found(fmt::format("file {} of {} as it was stored", name, to_string(run->id)));
  Answer answer = file_answer(request, std::move(file), type_of(name));
  if (answer)
    answer->headers.emplace_back("Content-Disposition",
                                 fmt::format("attachment; filename=\"{}-{}\"", to_string(run->id), name));
  return answer;
}

}  // namespace sweetspot::daemon
