// A sweep's runs as its picture needs them, in one answer: a column of values for each field, and what is the
// same in all of them said once. Of 10,000 runs it is a fifteenth of what the list of runs says.
#include <fmt/format.h>

#include <array>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "schemas/json_text.h"
#include "schemas/or_null.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

struct Field {
  const char* name;
  json (*of)(const RunRow&);
};

const std::array kFields = {
    Field{"id", [](const RunRow& run) -> json { return to_string(run.id); }},
    Field{"position", [](const RunRow& run) -> json { return run.position; }},
    Field{"state", [](const RunRow& run) -> json { return to_string(run.state); }},
    Field{"encoder", [](const RunRow& run) -> json { return run.encoder; }},
    Field{"layers", [](const RunRow& run) -> json { return run.layers; }},
    Field{"language", [](const RunRow& run) -> json { return run.language; }},
    Field{"lora", [](const RunRow& run) -> json { return run.lora; }},
    Field{"seed", [](const RunRow& run) -> json { return run.seed; }},
    Field{"settings", [](const RunRow& run) -> json { return json::parse(run.settings); }},
    Field{"wer", [](const RunRow& run) -> json { return or_null(run.wer); }},
    Field{"val_wer", [](const RunRow& run) -> json { return or_null(run.val_wer); }},
    Field{"reason_code", [](const RunRow& run) -> json { return run.reason_code; }},
    Field{"reason", [](const RunRow& run) -> json { return run.reason; }},
    Field{"hint", [](const RunRow& run) -> json { return run.hint; }},
    Field{"phase", [](const RunRow& run) -> json { return run.phase; }},
    Field{"step", [](const RunRow& run) -> json { return run.step; }},
    Field{"steps", [](const RunRow& run) -> json { return run.steps; }},
    Field{"epoch", [](const RunRow& run) -> json { return run.epoch; }},
    Field{"device", [](const RunRow& run) -> json { return run.device; }},
    Field{"attempt", [](const RunRow& run) -> json { return run.attempt; }},
    Field{"started_at", [](const RunRow& run) -> json { return or_null(run.started_at); }},
    Field{"ended_at", [](const RunRow& run) -> json { return or_null(run.ended_at); }},
};

// As text from the start: as one document, the values of 100,000 runs would take ten times the memory.
class Column {
 public:
  void add(const std::string& value) {
    if (runs_ == 0) first_ = value;
    if (rest_.empty() && value != first_)
      for (int i = 1; i < runs_; ++i) rest_ += "," + first_;
    if (++runs_ > 1 && (!rest_.empty() || value != first_)) rest_ += "," + value;
  }
  bool is_same() const { return rest_.empty(); }
  std::string text() const { return is_same() ? first_ : "[" + first_ + rest_ + "]"; }

 private:
  int runs_ = 0;
  std::string first_, rest_;
};

}  // namespace

Answer get_sweep_grid(Context& context, const Request& request) {
  const SweepId id = sweep_id(request);
  auto sweep = find_sweep(context, id);
  if (!sweep) return sweep.error();
  std::array<Column, kFields.size()> columns;
  int runs = 0;
  const Status read = context.reader.each_in_grid(id, [&](const RunRow& run) {
    for (std::size_t i = 0; i < kFields.size(); ++i) columns[i].add(dump_json(kFields[i].of(run)));
    ++runs;
  });
  if (!read) return problem_of(read.error());
  std::string same = fmt::format(R"("imported":{})", !sweep->source.empty()), different;
  for (std::size_t i = 0; runs > 0 && i < kFields.size(); ++i) {
    std::string& where = columns[i].is_same() ? same : different;
    where += fmt::format(R"({}"{}":{})", where.empty() ? "" : ",", kFields[i].name, columns[i].text());
  }
  Response response = json_response(json::object());
  response.body = fmt::format(R"({{"sweep":"{}","runs":{},"same":{{{}}},"columns":{{{}}}}})", to_string(id),
                              runs, same, different);
  return response;
}

}  // namespace sweetspot::daemon
