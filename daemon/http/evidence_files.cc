#include "daemon/http/evidence_files.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <string_view>
#include <thread>

#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;
namespace {

// Changes with what is computed as well as with how it is written down.
constexpr std::string_view kVersion = "sweetspot evidence 1\n";
constexpr std::size_t kHash = 64;  // SHA-256 in hex, which ends the file

// Numbers lie in the file as they do in memory: the file is for this machine alone.
template <class Number>
void put(std::string& bytes, const std::vector<Number>& numbers) {
  const std::uint64_t size = numbers.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes.append(reinterpret_cast<const char*>(numbers.data()), size * sizeof(Number));
}

template <class Number>
bool take(std::string_view& bytes, std::vector<Number>& numbers) {
  std::uint64_t size = 0;
  if (bytes.size() < sizeof size) return false;
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  if (size > bytes.size() / sizeof(Number)) return false;
  numbers.resize(size);
  std::memcpy(numbers.data(), bytes.data(), size * sizeof(Number));
  bytes.remove_prefix(size * sizeof(Number));
  return true;
}

// Empty: there is no such file.
std::string bytes_at(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  std::string bytes(failed ? 0 : std::size_t(size), '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), std::streamsize(bytes.size()));
  return bytes;
}

std::string head_of(const std::string& result) { return fmt::format("{}{}\n", kVersion, result); }

std::string bytes_of(const std::string& result, const Evidence& evidence) {
  std::string bytes = head_of(result);
  const double factor = evidence.real_time_factor.value_or(std::numeric_limits<double>::quiet_NaN());
  put(bytes, std::vector<char>(evidence.test_set.begin(), evidence.test_set.end()));
  put(bytes, std::vector<double>{factor});
  put(bytes, evidence.words);
  put(bytes, evidence.errors);
  put(bytes, evidence.resampled);
  return bytes + sha256_hex(bytes);
}

std::optional<Evidence> evidence_in(std::string_view bytes) {
  Evidence evidence;
  std::vector<char> test_set;
  std::vector<double> factor;
  const bool whole = take(bytes, test_set) && take(bytes, factor) && take(bytes, evidence.words) &&
                     take(bytes, evidence.errors) && take(bytes, evidence.resampled);
  if (!whole || !bytes.empty() || factor.size() != 1) return std::nullopt;
  evidence.test_set.assign(test_set.begin(), test_set.end());
  if (!std::isnan(factor[0])) evidence.real_time_factor = factor[0];
  return evidence;
}

}  // namespace

std::optional<Evidence> EvidenceFiles::read(RunId run, const std::string& result) const {
  const std::string bytes = bytes_at(file_of(run)), head = head_of(result);
  if (bytes.size() < head.size() + kHash || !bytes.starts_with(head)) return std::nullopt;
  const std::string_view said(bytes.data(), bytes.size() - kHash);
  if (sha256_hex(said) != bytes.substr(said.size())) return std::nullopt;
  return evidence_in(said.substr(head.size()));
}

bool EvidenceFiles::has(RunId run) const {
  std::error_code failed;
  return fs::exists(file_of(run), failed);
}

void EvidenceFiles::write(RunId run, const std::string& result, const Evidence& evidence) const {
  std::error_code failed;
  fs::create_directories(directory_, failed);
  const auto thread = std::hash<std::thread::id>()(std::this_thread::get_id());
  const fs::path part = directory_ / fmt::format("{}.{:x}.part", to_string(run), thread);
  std::ofstream stream(part, std::ios::binary);
  stream << bytes_of(result, evidence);
  stream.close();
  if (stream) fs::rename(part, file_of(run), failed);
  else fs::remove(part, failed);
}

void EvidenceFiles::keep_only(const std::vector<RunId>& runs) const {
  std::set<std::string> names;
  for (RunId run : runs) names.insert(to_string(run));
  std::error_code failed;
  std::vector<fs::path> others;
  fs::directory_iterator entry(directory_, failed);
  for (const fs::directory_iterator end; !failed && entry != end; entry.increment(failed))
    if (!names.contains(entry->path().filename().string())) others.push_back(entry->path());
  for (const fs::path& path : others) fs::remove(path, failed);
}

}  // namespace sweetspot::daemon
