// The reading side of the database: what handlers, streams and tables ask for. Plain rows, keyset pages,
// whitelisted filters and sorts; every value is bound.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/sqlite.h"
#include "schemas/ids.h"
#include "schemas/metrics.h"
#include "schemas/result.h"
#include "schemas/run_state.h"

namespace sweetspot::daemon {

struct SweepRow {
  SweepId id;
  std::string name, note, spec, created_at;
  int priority = 0;
  bool paused = false;
  std::int64_t revision = 0;
  std::array<std::int64_t, kRunStates.size()> counts{};  // by RunState
  std::optional<double> best_wer;
  std::optional<double> seconds_a_run;  // of a device; absent when none is to come, or paused
  double under_way = 0;                 // runs' worth of steps that running ones have done
  std::string source;                   // where imported results come from; empty: own runs
  std::string tags = "[]";              // JSON array of text
  std::int64_t count(RunState state) const { return counts[static_cast<std::size_t>(state)]; }
  std::int64_t total() const;
};

struct RunRow {
  RunId id;
  SweepId sweep;
  std::int64_t position = 0;
  std::string encoder, language, settings;  // settings: JSON object
  int layers = 0;
  bool lora = false;
  std::int64_t seed = 0;
  RunState state = RunState::queued;
  std::string reason_code, reason, hint;
  Fence fence;
  int attempt = 0;
  std::string device, phase;
  std::int64_t step = 0, steps = 0, epoch = 0;
  std::optional<double> val_wer, wer;
  std::optional<std::string> started_at, ended_at;
  std::int64_t revision = 0;
  std::optional<ParameterCounts> params;
  std::optional<EditCounts> words;  // of the test split; absent, too, where only a WER was imported
  std::optional<double> reduction;  // as published
  bool imported = false;
  std::string cell_hash;          // the identity of its cell
  std::string result;             // SHA-256 of its utterances; empty: there are none
  std::string resumed;            // see resumption_of(); of the attempt that gave the result
  std::string build;              // of the worker that did it; empty: none did, or it is not known
  std::string note, tags = "[]";  // what people say of it; tags: JSON array of text
};
struct FinishedRun {  // with a result
  RunId run;
  std::string result;  // SHA-256 of its utterances
};
struct RunFiles {  // what only one run's page shows
  std::string cell;
  std::optional<std::string> result;  // RunResult, JSON
};

// Keyset paging: a page begins after `key` and `id` of the last row before it.
struct Keyset {
  nlohmann::json key;  // number or string
  std::int64_t id = 0;
};
template <class Item>
struct Page {
  std::vector<Item> items;
  std::optional<Keyset> next;  // absent: there is no more
};

struct SweepFilter {
  std::string contains;           // in name or id, whatever its case; empty: all
  std::vector<std::string> tags;  // all of them
};
struct RunFilter {
  std::optional<SweepId> sweep;
  std::vector<std::string> tags;  // all of them
  std::vector<RunState> states;
  std::vector<std::string> encoders, languages;
  std::vector<std::int64_t> layers, seeds;
  std::optional<bool> lora;
};
struct RunQuery {
  RunFilter filter;
  std::string sort = "position";  // as in openapi.json; anything else is an error
  std::optional<Keyset> after;
  int limit = 100;
};

struct AttemptRow {
  int number = 0;
  Fence fence;
  WorkerId worker;
  std::string device, started_at, outcome, reason;
  std::optional<std::string> ended_at;
};

using Point = std::pair<std::int64_t, std::optional<double>>;  // step, value (absent: not finite)
struct EpochRow {
  int epoch = 0;
  std::int64_t step = 0;
  std::optional<double> train_loss, lr, val_wer;
  double seconds = 0;
  bool best = false;
};

// Seconds. `spent` is what the worker of the result says.
struct RunTiming {
  std::optional<double> wait;  // in the queue, before each attempt; nullopt: none has begun
  std::optional<Timing> spent;
};
struct SweepTiming {
  Timing spent;           // of all its runs that say so;
  std::int64_t runs = 0;  // so many
  double wait = 0;        // of all runs
  double device = 0;      // that its attempts had a worker
};

struct SampleRow {
  std::int64_t number = 0;
  UtteranceResult utterance;
};
struct SampleQuery {
  RunId run;
  std::string sort = "number";  // or "-errors"
  std::string contains;         // in reference or hypothesis; empty: all
  std::optional<Keyset> after;
  int limit = 100;
};

// A finished run's test split, utterance by utterance, in order.
struct TestSplitRow {
  std::string references_sha256;             // of the references, one a line
  std::vector<std::uint16_t> words, errors;  // [U] reference words; S + D + I
  double evaluate_seconds = 0, audio_seconds = 0;
};

// A split of a corpus as runs of one language had it.
struct SplitRow {
  std::string language, split;
  std::int64_t utterances = 0;
  double seconds = 0;
  std::int64_t skipped = 0;
  std::map<std::string, std::int64_t> reasons;  // how many were skipped for each
  std::int64_t runs = 0;
};

struct StoredEvent {
  std::int64_t seq = 0;
  std::string at, type, data;  // data: JSON object
  std::optional<SweepId> sweep;
  std::optional<RunId> run;
};

struct ArtifactRow {
  std::string name, sha256;
  std::int64_t size = 0;
  Fence fence;
};
struct WorkerRow {
  WorkerId id;
  std::string device, state, build, started_at;
  std::int64_t pid = 0;
  std::optional<std::string> ended_at;
  std::vector<RunId> runs;  // held now
};
struct DeviceRow {
  std::string name;
  bool drained = false;
  std::optional<WorkerId> worker;
  std::string worker_state;  // empty: no worker
  std::int64_t pid = 0;      // of that worker; 0: not known
  std::string problem;       // why its last worker ended before it was ready; empty: it was
  std::vector<RunId> runs;
};

// At most `limit` points, the extremes of every stretch kept; in order of step.
std::vector<Point> thinned(const std::vector<Point>& points, std::size_t limit);

// One connection that cannot write; for one thread at a time.
class Reader {
 public:
  static Result<Reader> open(const std::filesystem::path& state_directory);

  Result<std::optional<SweepRow>> sweep(SweepId id);  // with its spec
  Result<Page<SweepRow>> sweeps(const SweepFilter& filter, std::optional<Keyset> after,
                                int limit);  // newest first, without their specs
  Result<std::int64_t> busy_devices();       // devices with a worker

  Result<std::optional<RunRow>> run(RunId id);
  Result<RunFiles> run_files(RunId id);  // of a run that exists
  Result<Page<RunRow>> runs(const RunQuery& query);
  Result<std::int64_t> count_runs(const RunFilter& filter);
  // By position; what results and people say of them is left out.
  Status each_in_grid(SweepId sweep, const std::function<void(const RunRow&)>& visit);
  Result<std::vector<AttemptRow>> attempts(RunId run);  // oldest first

  Result<RunTiming> timing(RunId run);
  Result<SweepTiming> timing(SweepId sweep);
  Result<std::map<std::string, std::vector<Point>>> curve(RunId run, Fence fence);  // by name
  Result<std::vector<EpochRow>> epochs(RunId run, Fence fence);
  Result<Page<SampleRow>> samples(const SampleQuery& query);
  Result<std::int64_t> count_samples(RunId run, const std::string& contains);
  Result<std::optional<std::string>> sample_audio(RunId run, std::int64_t number);  // path of the sound file
  Result<std::vector<ArtifactRow>> artifacts(RunId run);

  Result<std::vector<FinishedRun>> finished_runs();
  // Every run of a sweep with what tables need of it, in the sweep's order.
  Status each_cell(SweepId sweep, const std::function<void(RunRow&&)>& visit);
  Result<TestSplitRow> test_split(RunId run);           // of a run with a result
  Result<std::vector<SplitRow>> splits(SweepId sweep);  // of its finished runs
  Result<std::vector<UtteranceResult>> utterances(RunId run, const std::vector<std::int64_t>& numbers);

  Result<Page<StoredEvent>> run_events(RunId run, std::optional<Keyset> after, int limit);
  Result<std::vector<StoredEvent>> events_after(std::int64_t seq, int limit);
  Result<std::int64_t> newest_change(SweepId sweep);  // seq of an event of it or of a run's state; 0: none
  Result<std::pair<std::int64_t, std::int64_t>> event_range();  // oldest and newest seq; 0, 0: none

  Result<std::vector<WorkerRow>> workers();  // newest first, at most 1000
  Result<std::vector<DeviceRow>> devices();
  Result<std::int64_t> schema_version();
  Result<std::map<std::string, std::int64_t>> runs_by_state();

 private:
  explicit Reader(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace sweetspot::daemon
