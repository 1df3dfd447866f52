#include "worker/train/resume_point.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include "schemas/attempt_files.h"
#include "schemas/json_text.h"
#include "schemas/sha256.h"
#include "worker/model/atomic_file.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char *kState = "state.json", *kTensors = "tensors.safetensors", *kManifest = "manifest.json";
constexpr std::size_t kHashLetters = 16;  // of the manifest's SHA-256 in the directory's name

// "000012-0123456789abcdef" -> 12; nullopt: something else, such as one that was never finished.
std::optional<std::int64_t> number_of(const fs::path& place) {
  const std::string name = place.filename().string();
  const auto dash = name.find('-');
  if (dash == 0 || dash == name.npos || name.find_first_not_of("0123456789") != dash) return std::nullopt;
  return std::stoll(name);
}

// Finished ones in a directory, the newest first.
std::vector<fs::path> listed(const fs::path& directory) {
  std::vector<fs::path> places;
  std::error_code none;
  for (fs::directory_iterator it(directory, none), end; !none && it != end; it.increment(none))
    if (number_of(it->path())) places.push_back(it->path());
  std::ranges::sort(places, std::greater(), number_of);
  return places;
}

std::uintmax_t bytes_of(const ResumePoint& point) {
  std::uintmax_t bytes = 0;
  for (const auto& [name, tensor] : point.tensors) bytes += tensor.nbytes();
  return bytes;
}

Status enough_space(const fs::path& directory, std::uintmax_t needed, std::uintmax_t floor) {
  std::error_code failed;
  const fs::space_info space = fs::space(directory, failed);
  if (failed || space.available >= needed + needed / 5 + floor) return success();
  return Error{"disk_full",
               fmt::format("{}: {} MiB are free, a checkpoint needs {} and {} stay free", directory.string(),
                           space.available >> 20, (needed + needed / 5) >> 20, floor >> 20),
               "free space on the disk that holds the state directory", ""};
}

// Writes the three files; returns the SHA-256 of the manifest.
Result<std::string> write_files(const fs::path& place, const ResumePoint& point) {
  if (auto done = write_safetensors(place / kTensors, point.tensors); !done) return done.error();
  if (auto done = write_file(place / kState, dump_json(point.state)); !done) return done.error();
  json files = json::object();
  for (const char* name : {kState, kTensors}) {
    const auto sha256 = sha256_file(place / name);
    if (!sha256) return sha256.error();
    files[name] = {{"bytes", fs::file_size(place / name)}, {"sha256", *sha256}};
  }
  const std::string manifest = dump_json({{"format", 1}, {"files", files}});
  if (auto done = write_file(place / kManifest, manifest); !done) return done.error();
  return sha256_hex(manifest);
}

Error damaged(const fs::path& place, const std::string& what) {
  return {"checkpoint_damaged", place.string() + ": " + what, "", ""};
}

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Result<ResumePoint> read(const fs::path& place) {
  const std::string manifest = contents(place / kManifest), name = place.filename().string();
  if (!name.ends_with(fmt::format("-{}", sha256_hex(manifest).substr(0, kHashLetters))))
    return damaged(place, "manifest.json is not the one that was written");
  const auto document = parse_json(manifest);
  if (!document) return damaged(place, "manifest.json: " + document.error().message);
  if (document->value("format", 0) != 1) return damaged(place, "it has another format");
  for (const auto& [file, expected] : document->at("files").items()) {
    const auto sha256 = sha256_file(place / file);
    if (!sha256) return damaged(place, file + " cannot be read");
    if (*sha256 != expected.at("sha256")) return damaged(place, file + " is not the one that was written");
  }
  const auto state = parse_json(contents(place / kState));
  if (!state) return damaged(place, "state.json: " + state.error().message);
  const auto tensors = SafetensorsFile::open(place / kTensors);
  if (!tensors) return damaged(place, tensors.error().message);
  ResumePoint point{*state, {}};
  for (const auto& [tensor, entry] : tensors->entries())
    point.tensors.emplace_back(tensor, tensors->view(tensor));
  return point;
}
}  // namespace

ResumePoints::ResumePoints(fs::path attempt, ResumePointOptions options)
    : directory_(std::move(attempt) / kCheckpointDirectory), options_(options) {}

bool ResumePoints::due() const {
  const std::chrono::duration<double> passed = Clock::now() - last_;
  return passed >= options_.pause && passed * options_.share >= cost_;
}

Status ResumePoints::save(const ResumePoint& point) {
  const auto began = last_ = Clock::now();  // also when it fails: the next try comes after a pause
  const fs::path part = directory_ / ".part";
  std::error_code failed;
  fs::remove_all(part, failed);
  fs::create_directories(part, failed);
  if (failed) return unwritable(part, failed.value());
  if (auto enough = enough_space(directory_, bytes_of(point), options_.free_bytes); !enough) return enough;
  const auto hash = write_files(part, point);
  if (!hash) {
    fs::remove_all(part, failed);
    return hash.error();
  }
  sync_directory(part);
  const fs::path place = directory_ / fmt::format("{:06}-{}", number_ + 1, hash->substr(0, kHashLetters));
  if (::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) != 0)
    return unwritable(place, errno);
  sync_directory(directory_);
  ++number_;
  remove_old();
  last_ = Clock::now();
  cost_ = last_ - began;
  return success();
}

void ResumePoints::remove_old() const {
  const auto places = listed(directory_);
  std::error_code ignored;  // one that stays takes space and nothing else
  for (std::size_t i = options_.kept; i < places.size(); ++i) fs::remove_all(places[i], ignored);
}

ResumePoints::Found ResumePoints::newest(std::span<const fs::path> attempts) {
  Found found;
  for (const fs::path& attempt : attempts) {
    for (const fs::path& place : listed(attempt / kCheckpointDirectory)) {
      number_ = std::max(number_, *number_of(place));
      auto point = read(place);
      if (!point) {
        found.rejected.push_back(point.error().message);
        continue;
      }
      found.point = std::move(*point), found.place = place;
      return found;
    }
  }
  return found;
}

}  // namespace sweetspot::worker
