#include "daemon/formats/tensorboard.h"

#include <ctime>
#include <limits>
#include <map>
#include <set>

#include "daemon/formats/event_file.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;

// What tensorboard/plugins/hparams/api.proto calls DataType and Status.
enum DataType : std::uint64_t { kString = 1, kBool = 2, kNumber = 3 };
enum Status : std::uint64_t { kSuccess = 1, kFailure = 2 };

constexpr const char* kMetricTags[] = {"test/wer", "test/cer", "validation/wer", "train/epoch_loss"};

DataType type_of(const json& value) {
  return value.is_boolean() ? kBool : value.is_number() ? kNumber : kString;
}

// google.protobuf.Value
Message value_message(const json& value) {
  switch (type_of(value)) {
    case kBool:
      return Message().integer(4, value.get<bool>());
    case kNumber:
      return Message().real(2, value.get<double>());
    case kString:
      break;
  }
  return Message().text(3, value.is_string() ? value.get<std::string>() : dump_json(value));
}

// What tells a run of a sweep from the others.
std::map<std::string, json> settings_of(const json& run) {
  std::map<std::string, json> settings;
  for (const char* axis : {"encoder", "layers", "language", "lora", "seed"}) settings[axis] = run.at(axis);
  settings.merge(run.at("settings").get<std::map<std::string, json>>());
  return settings;
}

// HParamsPluginData: 2 experiment, 3 session_start_info, 4 session_end_info
std::string hparams_record(double wall_time, const std::string& what, int field, const Message& message) {
  return plugin_record(wall_time, "_hparams_/" + what, "hparams", Message().message(field, message));
}

// SessionStartInfo: 1 hparams (a map: entries of 1 key, 2 value), 5 start_time_secs
std::string session_start(double wall_time, const json& run) {
  Message info;
  for (const auto& [name, value] : settings_of(run))
    info.message(1, Message().text(1, name).message(2, value_message(value)));
  return hparams_record(wall_time, "session_start_info", 3, info.real(5, wall_time));
}

// SessionEndInfo: 1 status, 2 end_time_secs. A run that is not over has none.
std::string session_end(double wall_time, const json& run) {
  const std::string state = run.at("state");
  const bool failed = state == "failed" || state == "quarantined" || state == "cancelled";
  if (state != "succeeded" && !failed) return "";
  return hparams_record(wall_time, "session_end_info", 4,
                        Message().integer(1, failed ? kFailure : kSuccess).real(2, wall_time));
}

// When each step was taken: known where an epoch ended, in proportion between.
class Clock {
 public:
  Clock(double start, const json& events) {
    known_[0] = start;
    for (const json& event : events) {
      const double at = seconds_of(event.at("at"));
      const bool of_this_attempt = at >= start;
      if (event.at("type") == "epoch" && of_this_attempt)
        known_[event.at("data").at("step").get<std::int64_t>()] = at;
    }
  }
  double at(std::int64_t step) const {
    const auto after = known_.lower_bound(step);
    if (after == known_.end()) return last();
    if (after->first == step) return after->second;
    const auto before = std::prev(after);
    const double share = double(step - before->first) / double(after->first - before->first);
    return before->second + share * (after->second - before->second);
  }
  double last() const { return known_.rbegin()->second; }

 private:
  std::map<std::int64_t, double> known_;  // step -> seconds; 0 is among them
};

float number(const json& value) {
  return value.is_number() ? value.get<float>() : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

double seconds_of(const json& time) {
  std::tm parts{};
  const std::string text = time.is_string() ? time.get<std::string>() : "";
  const char* fraction = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return fraction ? double(::timegm(&parts)) + std::strtod(fraction, nullptr) : 0;
}

std::string tensorboard_events(const json& run, const json& metrics, const json& events) {
  const double start = seconds_of(run.at("started_at"));
  const Clock clock(start, events);
  std::string file = opening_record(start) + session_start(start, run);
  const auto add = [&](std::int64_t step, const std::string& tag, const json& value) {
    file += scalar_record(clock.at(step), step, tag, number(value));
  };
  for (const auto& [name, points] : metrics.at("series").items())
    for (const json& point : points) add(point[0], "train/" + name, point[1]);
  for (const json& epoch : metrics.at("epochs")) {
    add(epoch.at("step"), "train/epoch_loss", epoch.at("train_loss"));
    add(epoch.at("step"), "validation/wer", epoch.at("val_wer"));
  }
  const double end = run.at("ended_at").is_null() ? clock.last() : seconds_of(run.at("ended_at"));
  if (const json& result = run.at("result"); !result.is_null())
    for (const char* rate : {"wer", "cer", "batch_mean_wer"})
      if (const json value = result.value(rate, json()); !value.is_null())
        file += scalar_record(end, result.at("steps"), std::string("test/") + rate, number(value));
  return file + session_end(end, run);
}

// Experiment: 4 hparam_infos (1 name, 4 type, 5 domain_discrete), 5 metric_infos (1 name (2 tag)), 6 name
std::string tensorboard_experiment(const json& sweep, const json& runs) {
  std::map<std::string, std::set<json>> domains;
  for (const json& run : runs)
    for (const auto& [name, value] : settings_of(run)) domains[name].insert(value);
  const double created = seconds_of(sweep.at("created_at"));
  Message experiment;
  experiment.real(3, created);
  for (const auto& [name, values] : domains) {
    Message list;  // google.protobuf.ListValue
    for (const json& value : values) list.message(1, value_message(value));
    experiment.message(4, Message().text(1, name).integer(4, type_of(*values.begin())).message(5, list));
  }
  for (const char* tag : kMetricTags) experiment.message(5, Message().message(1, Message().text(2, tag)));
  experiment.text(6, sweep.at("name").get<std::string>());
  return opening_record(created) + hparams_record(created, "experiment", 2, experiment);
}

}  // namespace sweetspot::daemon
