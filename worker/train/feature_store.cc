#include "worker/train/feature_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "worker/model/safetensors.h"
#include "worker/train/checksum.h"

namespace sweetspot::worker {

namespace {
namespace fs = std::filesystem;
constexpr std::size_t kMaxOpen = 20'000;  // the system allows a process some 65,000 mappings
constexpr auto kAfterFailure = std::chrono::minutes(1);

std::string clip_name(std::size_t i) { return fmt::format("{:04}", i); }

std::string sum_of(const FeatureStore::Clips& clips) {
  std::uint64_t sum = 0;
  for (const torch::Tensor& clip : clips)
    sum = checksum({static_cast<const char*>(clip.data_ptr()), clip.nbytes()}, sum);
  return fmt::format("{:016x}", sum);
}

// The clips of a file that is what it says; nullopt: there is none, it is cut short, or a bit has flipped.
std::optional<FeatureStore::Clips> read(const fs::path& path, const std::string& name) {
  const auto opened = SafetensorsFile::open(path);
  if (!opened) return std::nullopt;
  const auto& metadata = opened->metadata();
  const auto stated = metadata.find("name"), sum = metadata.find("checksum");
  if (stated == metadata.end() || stated->second != name || sum == metadata.end()) return std::nullopt;
  FeatureStore::Clips clips;
  for (const auto& [clip, entry] : opened->entries()) clips.push_back(opened->view(clip));
  if (sum_of(clips) != sum->second) return std::nullopt;
  return clips;
}
}  // namespace

Claim::~Claim() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FeatureStore::FeatureStore(FeatureStoreOptions options) : options_(std::move(options)) {
  std::error_code ignored;  // what cannot be made cannot be written to, and that is said
  fs::create_directories(options_.directory / "claims", ignored);
}

bool FeatureStore::takes(std::int64_t bytes) const {
  const bool failing = failed_ && std::chrono::steady_clock::now() - *failed_ < kAfterFailure;
  return bytes <= options_.cap && !failing;
}

fs::path FeatureStore::file(const std::string& name) const {
  return options_.directory / (name + ".safetensors");
}

bool FeatureStore::contains(const std::string& name) const {
  std::error_code ignored;
  return open_.contains(name) || fs::exists(file(name), ignored);
}

const FeatureStore::Clips* FeatureStore::find(const std::string& name) {
  if (const auto found = open_.find(name); found != open_.end()) return &found->second;
  auto clips = read(file(name), name);
  if (!clips) return nullptr;
  std::error_code ignored;
  fs::last_write_time(file(name), fs::file_time_type::clock::now(), ignored);  // used just now
  if (open_.size() >= kMaxOpen) open_.clear();
  return &(open_[name] = std::move(*clips));
}

Status FeatureStore::put(const std::string& name, const Clips& clips) {
  std::int64_t bytes = 0;
  NamedTensors tensors;
  for (const torch::Tensor& clip : clips) {
    bytes += std::int64_t(clip.nbytes());
    tensors.emplace_back(clip_name(tensors.size()), clip);
  }
  make_room(bytes);
  auto written = write_safetensors(file(name), tensors, {{"name", name}, {"checksum", sum_of(clips)}});
  if (!written) failed_ = std::chrono::steady_clock::now();
  return written;
}

// Takes the files that were not used longest, what dead writers left among them.
void FeatureStore::make_room(std::int64_t bytes) {
  const auto lock = this->lock("room", Wait::yes);
  struct Stored {
    fs::file_time_type used;
    std::int64_t bytes;
    fs::path path;
  };
  std::vector<Stored> files;
  std::error_code error;
  for (fs::directory_iterator it(options_.directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    Stored stored = {it->last_write_time(gone), std::int64_t(it->file_size(gone)), it->path()};
    if (gone || !it->is_regular_file(gone)) continue;
    bytes += stored.bytes;
    files.push_back(std::move(stored));
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.used < b.used; });
  for (auto oldest = files.begin(); oldest != files.end() && bytes > options_.cap; ++oldest)
    if (fs::remove(oldest->path, error)) bytes -= oldest->bytes;
}

// Files that are never removed, so that whoever opens one locks the same one as everybody else.
std::optional<Claim> FeatureStore::lock(const std::string& lock_name, Wait wait) const {
  const fs::path path = options_.directory / "claims" / lock_name;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return std::nullopt;
  Claim claim(descriptor);
  int locked = -1;
  do locked = ::flock(descriptor, LOCK_EX | (wait == Wait::no ? LOCK_NB : 0));
  while (locked != 0 && errno == EINTR);
  if (locked != 0) return std::nullopt;
  return claim;
}

std::optional<Claim> FeatureStore::claim(const std::string& name, Wait wait) {
  return lock(name.substr(0, 2), wait);
}

}  // namespace sweetspot::worker
