#include "daemon/client/sweep_file.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

#include "daemon/client/input_file.h"
#include "schemas/json_text.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr std::array kAxes = {"encoder", "layers", "language", "lora", "seed"};

void make_absolute(json& value, const fs::path& directory) {
  if (value.is_array()) {
    for (json& element : value) make_absolute(element, directory);
  }
  if (!value.is_string()) return;
  std::string text = value.get<std::string>();
  if (const char* home = std::getenv("HOME"); home && text.starts_with("~/")) text.replace(0, 1, home);
  const fs::path path = text;
  if (text.empty()) return;
  std::error_code ignored;
  const bool is_path = path.is_absolute() || text == "." || text == ".." || text.starts_with("./") ||
                       text.starts_with("../") || fs::exists(directory / path, ignored);
  if (!is_path) return;
  fs::path absolute = (directory / path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "dir/" and "dir" name the same model
  value = absolute.string();
}

void make_member_absolute(json& object, const char* name, const fs::path& directory) {
  if (object.is_object() && object.contains(name)) make_absolute(object[name], directory);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// Where a name given to --set leads: "corpora.en.path" three levels down; "layers", as "axes.train.lr", to an
// axis, whose own name may hold dots.
std::vector<std::string> path_of(const std::string& name) {
  if (std::find(kAxes.begin(), kAxes.end(), name) != kAxes.end()) return {"axes", name};
  if (name.starts_with("axes.")) return {"axes", name.substr(5)};
  return split(name, '.');
}

json json_or_text(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

// A list as an axis takes it: a JSON array or range as it is, else what stands between the commas.
json axis_values(const std::string& text) {
  const json whole = json_or_text(text);
  if (whole.is_structured()) return whole;
  json values = json::array();
  for (const std::string& part : split(text, ',')) values.push_back(json_or_text(part));
  return values;
}

Result<std::string> read_source(const std::string& file) {
  auto text = read_input(file);
  if (text) return *std::move(text);
  return Error{
      "sweep_file_unreadable", "the sweep file " + file + " cannot be read",
      "give the path of a sweep file such as examples/first-sweep/sweep.json, or - for standard input", ""};
}

}  // namespace

void make_paths_absolute(json& sweep, const fs::path& directory) {
  if (!sweep.is_object()) return;
  make_member_absolute(sweep, "llm", directory);
  if (sweep.contains("axes")) make_member_absolute(sweep["axes"], "encoder", directory);
  if (sweep.contains("exclude") && sweep["exclude"].is_array()) {
    for (json& exclusion : sweep["exclude"]) make_member_absolute(exclusion, "encoder", directory);
  }
  if (sweep.contains("corpora") && sweep["corpora"].is_object()) {
    for (json& corpus : sweep["corpora"]) make_member_absolute(corpus, "path", directory);
  }
}

Status apply_override(json& sweep, const std::string& override_text, const fs::path& directory) {
  const std::size_t equals = override_text.find('=');
  const std::vector<std::string> path = path_of(override_text.substr(0, equals));
  if (equals == std::string::npos || path.empty() || std::find(path.begin(), path.end(), "") != path.end()) {
    return Error{"bad_override", "--set " + override_text + " is not NAME=VALUE",
                 "for example --set train.epochs=3 or --set encoder=DIR,DIR", ""};
  }
  const std::string text = override_text.substr(equals + 1);
  json change = path.front() == "axes" ? axis_values(text) : json_or_text(text);
  for (auto part = path.rbegin(); part != path.rend(); ++part) change = json{{*part, std::move(change)}};
  make_paths_absolute(change, directory);
  sweep.update(change, true);  // merges objects, replaces everything else
  return success();
}

Result<json> load_sweep(const SweepSource& source) {
  const auto text = read_source(source.file);
  if (!text) return text.error();
  auto sweep = parse_json(*text);
  if (!sweep) return sweep.error();
  if (!sweep->is_object()) {
    return Error{"not_an_object", "the sweep file holds no JSON object", "it starts with { and ends with }",
                 ""};
  }
  const fs::path working_directory = fs::current_path();
  make_paths_absolute(*sweep,
                      source.file == "-" ? working_directory : fs::absolute(source.file).parent_path());
  for (const std::string& override_text : source.overrides) {
    const Status applied = apply_override(*sweep, override_text, working_directory);
    if (!applied) return applied.error();
  }
  return std::move(*sweep);
}

}  // namespace sweetspot::daemon
