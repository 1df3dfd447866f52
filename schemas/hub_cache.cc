#include "schemas/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace sweetspot {

namespace {
namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 255;

bool is_word(std::string_view text, std::string_view also) {
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || also.find(char(c)) != also.npos);
  });
}

// huggingface_hub's rule for one part of "org/name".
bool is_name(std::string_view part) {
  const auto plain = [](char c) { return c != '-' && c != '.'; };
  return is_word(part, "-_.") && plain(part.front()) && plain(part.back()) && part.find("..") == part.npos &&
         part.find("--") == part.npos;
}

bool is_id(std::string_view id) {
  const auto slash = id.find('/');
  if (slash == id.npos) return is_name(id);
  return is_name(id.substr(0, slash)) && is_name(id.substr(slash + 1));
}

bool is_revision(std::string_view revision) {
  return is_word(revision, "-_./") && revision.find("..") == revision.npos && revision.front() != '/' &&
         revision.back() != '/' && revision.size() <= kLongestName;
}

bool is_commit(std::string_view text) { return is_word(text, ""); }

bool is_true(const char* name) {
  std::string value = std::getenv(name) ? std::getenv(name) : "";
  std::ranges::transform(value, value.begin(), [](unsigned char c) { return char(std::toupper(c)); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}
}  // namespace

fs::path path_from_environment(const char* name) {
  const char* value = std::getenv(name);
  const std::string text = value ? value : "";
  if (text != "~" && !text.starts_with("~/")) return text;
  const char* home = std::getenv("HOME");
  return std::string(home ? home : "") + text.substr(1);
}

fs::path hub_home() {
  if (const fs::path home = path_from_environment("HF_HOME"); !home.empty()) return home;
  if (const fs::path xdg = path_from_environment("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "huggingface";
  return path_from_environment("HOME") / ".cache" / "huggingface";
}

fs::path hub_cache() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const fs::path cache = path_from_environment(name); !cache.empty()) return cache;
  return hub_home() / "hub";
}

bool hub_offline() { return is_true("HF_HUB_OFFLINE") || is_true("TRANSFORMERS_OFFLINE"); }

Result<HubModel> parse_hub_model(const std::string& model) {
  const auto at = model.find('@');
  HubModel parsed{.id = model.substr(0, at)};
  if (at != model.npos) parsed.revision = model.substr(at + 1);
  if (is_id(parsed.id) && is_revision(parsed.revision)) return parsed;
  return Error{"model_name_invalid", "'" + model + "' is neither an absolute path nor a model's id",
               "ids are org/name or org/name@revision, such as openai/whisper-small@main", ""};
}

fs::path hub_folder(const HubModel& model) {
  std::string folder = "models--" + model.id;
  if (const auto slash = folder.find('/'); slash != folder.npos) folder.replace(slash, 1, "--");
  return hub_cache() / folder;
}

std::optional<std::string> cached_commit(const HubModel& model) {
  const fs::path folder = hub_folder(model);
  std::string commit;
  std::getline(std::ifstream(folder / "refs" / model.revision) >> std::ws, commit);
  commit.erase(commit.find_last_not_of(" \r") + 1);
  if (is_commit(commit)) return commit;
  std::error_code ignored;
  if (is_commit(model.revision) && fs::is_directory(folder / "snapshots" / model.revision, ignored))
    return model.revision;
  return std::nullopt;
}

}  // namespace sweetspot
