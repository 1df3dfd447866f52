#include "tests/fake_worker/script.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sweetspot::fake {
namespace {

template <class T>
std::optional<T> optional_field(const nlohmann::json& object, const char* name) {
  return object.contains(name) ? std::optional<T>(object.at(name).get<T>()) : std::nullopt;
}

Fault read_fault(const nlohmann::json& object) {
  return {.what = object.at("do"),
          .layers = optional_field<int>(object, "layers"),
          .language = optional_field<std::string>(object, "language"),
          .lora = optional_field<bool>(object, "lora"),
          .attempts = optional_field<int>(object, "attempts"),
          .at_step = object.value("at_step", 1)};
}

}  // namespace

bool Fault::concerns(const Assignment& assignment) const {
  const Cell& cell = assignment.cell;
  return layers.value_or(cell.layers) == cell.layers && language.value_or(cell.language) == cell.language &&
         lora.value_or(cell.lora.has_value()) == cell.lora.has_value() &&
         assignment.attempt <= attempts.value_or(assignment.attempt);
}

std::optional<Fault> Script::fault_of(const Assignment& assignment) const {
  const auto found = std::ranges::find_if(faults, [&](const Fault& f) { return f.concerns(assignment); });
  return found == faults.end() ? std::nullopt : std::optional(*found);
}

Script read_script(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return {};
  std::ifstream stream(file);
  const auto document = nlohmann::json::parse(stream);
  Script script;
  script.epochs = document.value("epochs", script.epochs);
  script.steps = document.value("steps", script.steps);
  script.step_ms = document.value("step_ms", script.step_ms);
  script.utterances = document.value("utterances", script.utterances);
  script.hold = document.value("hold", script.hold);
  for (const auto& fault : document.value("faults", nlohmann::json::array()))
    script.faults.push_back(read_fault(fault));
  return script;
}

}  // namespace sweetspot::fake
