#include "daemon/hub/blob.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "schemas/sha256.h"

namespace sweetspot::daemon {
namespace {

namespace fs = std::filesystem;
using Attempt = Result<std::monostate, HubFailure>;

constexpr std::chrono::milliseconds kLongestWait = std::chrono::seconds(30);

// An open file that is closed with its owner.
class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

Error unwritable(const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return {full ? "disk_full" : "cache_unwritable",
          fmt::format("cannot write {}: {}", path.string(), std::strerror(error)),
          full ? "free some space, or name another cache in HF_HUB_CACHE; what was fetched is kept"
               : "check its permissions, or name another cache in HF_HUB_CACHE",
          ""};
}

bool is_hex(const std::string& text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code ignored;
  const auto size = fs::file_size(path, ignored);
  return ignored ? 0 : size;
}

Error damaged(const char* code, const Blob& blob, const std::string& what) {
  return {code, fmt::format("{}: {}", blob.path, what),
          "fetch again; if it stays so, the hub's copy is at fault", ""};
}

// Bytes that the hub sends, appended to the file that grows.
class Growing {
 public:
  Growing(const Blob& blob, fs::path path, const Progress& progress)
      : blob_(blob), path_(std::move(path)), file_(path_, O_RDWR | O_CREAT), progress_(progress) {}

  Attempt resume(HubClient& hub) {
    if (!file_) return HubFailure{unwritable(path_, errno)};
    size_ = std::uint64_t(::lseek(file_.get(), 0, SEEK_END));
    if (blob_.facts.size && size_ == *blob_.facts.size) return success_();
    if (blob_.facts.size && size_ > *blob_.facts.size) restart();
    const auto reply = hub.download(blob_.path, size_,
                                    {.begin = [this](const HubReply& head) { return begin(head); },
                                     .piece = [this](std::string_view piece) { return append(piece); }});
    if (failure_) return *failure_;
    if (!reply) return reply.error();
    if (reply->status == 416) {
      restart();
      return HubFailure{damaged("download_size", blob_, "the hub has fewer bytes than were fetched"), true};
    }
    if (!blob_.facts.size || size_ == *blob_.facts.size) return success_();
    return HubFailure{
        damaged("download_cut", blob_, fmt::format("{} of {} bytes came", size_, *blob_.facts.size)), true};
  }

  Status keep() {
    if (::fsync(file_.get()) == 0) return success();
    return unwritable(path_, errno);
  }

 private:
  static Attempt success_() { return std::monostate{}; }

  void restart() {
    size_ = 0;
    if (::ftruncate(file_.get(), 0) != 0) failure_ = HubFailure{unwritable(path_, errno)};
  }

  // A server that does not know ranges, or answers with another one, sends the file from its start.
  bool begin(const HubReply& head) {
    const bool continues =
        head.status == 206 && head.header("content-range").starts_with(fmt::format("bytes {}-", size_));
    if (size_ == 0 || continues) return true;
    if (head.status == 206) {
      restart();
      failure_ =
          HubFailure{damaged("download_cut", blob_, "the hub sent another range than was asked for"), true};
      return false;
    }
    restart();
    return !failure_;
  }

  bool append(std::string_view piece) {
    if (blob_.facts.size && size_ + piece.size() > *blob_.facts.size) {
      restart();
      failure_ = HubFailure{
          damaged("download_size", blob_,
                  fmt::format("more came than the {} bytes that were announced", *blob_.facts.size))};
      return false;
    }
    for (std::size_t written = 0; written < piece.size();) {
      const auto count = ::pwrite(file_.get(), piece.data() + written, piece.size() - written, off_t(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure_ = HubFailure{unwritable(path_, errno)}, false;
      written += std::size_t(count), size_ += std::uint64_t(count);
    }
    progress_(size_, blob_.facts.size.value_or(0));
    return true;
  }

  const Blob& blob_;
  fs::path path_;
  File file_;
  const Progress& progress_;
  std::uint64_t size_ = 0;
  std::optional<HubFailure> failure_;  // of our own side
};

Status make_folders(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return unwritable(folder, error.value());
  }
  return success();
}

Status enough_space(const Blob& blob, const fs::path& incomplete) {
  std::error_code unknown;
  const auto space = fs::space(blob.folder, unknown);
  if (unknown || !blob.facts.size || *blob.facts.size <= size_of(incomplete) + space.available)
    return success();
  return Error{"disk_full",
               fmt::format("{} needs {} bytes more, and {} are free in {}", blob.path,
                           *blob.facts.size - size_of(incomplete), space.available, blob.folder.string()),
               "free some space, or name another cache in HF_HUB_CACHE", ""};
}

Status check_bytes(const Blob& blob, const fs::path& file) {
  if (blob.facts.size && size_of(file) != *blob.facts.size)
    return damaged("download_size", blob,
                   fmt::format("{} bytes came instead of {}", size_of(file), *blob.facts.size));
  if (!is_hex(blob.facts.etag, 64)) return success();
  const auto sum = sha256_file(file);
  if (!sum) return sum.error();
  if (*sum == blob.facts.etag) return success();
  return damaged("download_corrupt", blob, fmt::format("its SHA-256 is {}, not {}", *sum, blob.facts.etag));
}

// Fetches what is missing of the file and checks the whole.
Status fill(HubClient& hub, const Blob& blob, const fs::path& incomplete, const Progress& progress) {
  if (const Status space = enough_space(blob, incomplete); !space) return space;
  const Status fetched = with_retries(
      hub.options(), [&] { return Growing(blob, incomplete, progress).resume(hub); },
      [&] { return size_of(incomplete); });
  if (!fetched) return fetched;
  if (const Status kept = Growing(blob, incomplete, progress).keep(); !kept) return kept;
  return check_bytes(blob, incomplete);
}

}  // namespace

Result<FileFacts, HubFailure> file_facts(HubClient& hub, const std::string& path) {
  const auto reply = hub.head(path);
  if (!reply) return reply.error();
  const bool linked = !reply->header("x-linked-etag").empty();
  std::string etag = reply->header(linked ? "x-linked-etag" : "etag");
  if (etag.starts_with("W/")) etag.erase(0, 2);
  std::erase(etag, '"');
  const bool usable = !etag.empty() && etag.size() <= 128 && !etag.starts_with('.') &&
                      std::ranges::all_of(etag, [](unsigned char c) {
                        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
                      });
  if (!usable)
    return HubFailure{{"hub_failing",
                       fmt::format("{}: the hub names no usable entity tag ('{}')", path, etag),
                       "check HF_ENDPOINT", ""}};
  const auto linked_size = reply->number("x-linked-size");
  return FileFacts{.etag = etag,
                   .size = linked_size ? linked_size
                           : linked    ? std::nullopt
                                       : reply->number("content-length"),
                   .commit = reply->header("x-repo-commit")};
}

Status fetch_blob(HubClient& hub, const Blob& blob, const Progress& progress) {
  const fs::path blobs = blob.folder / "blobs", finished = blobs / blob.facts.etag;
  const fs::path incomplete = blobs / (blob.facts.etag + ".incomplete");
  const fs::path locks = blob.folder.parent_path() / ".locks" / blob.folder.filename();
  if (const Status made = make_folders({blobs, locks}); !made) return made;
  const File lock(locks / (blob.facts.etag + ".lock"), O_RDWR | O_CREAT);  // as huggingface_hub locks
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return unwritable(locks, errno);
  std::error_code failed;
  if (fs::exists(finished, failed)) return success();

  const bool resumed = size_of(incomplete) > 0;
  Status filled = fill(hub, blob, incomplete, progress);
  if (!filled && filled.error().code == "download_corrupt") {
    fs::remove(incomplete, failed);
    if (resumed) filled = fill(hub, blob, incomplete, progress);  // its first part may have been the bad one
    if (!filled && filled.error().code == "download_corrupt") fs::remove(incomplete, failed);
  }
  if (!filled) return filled;
  fs::rename(incomplete, finished, failed);
  return failed ? unwritable(finished, failed.value()) : success();
}

Status with_retries(const HubOptions& options, const std::function<Attempt()>& attempt,
                    const std::function<std::uint64_t()>& progress) {
  std::chrono::milliseconds wait = options.backoff;
  for (int tries = 1;; ++tries) {
    const std::uint64_t before = progress();
    const Attempt outcome = attempt();
    if (outcome) return success();
    if (progress() > before) tries = 1, wait = options.backoff;
    if (!outcome.error().transient || tries >= options.tries) return outcome.error().error;
    std::this_thread::sleep_for(std::max(wait, outcome.error().wait));
    wait = std::min(2 * wait, kLongestWait);
  }
}

}  // namespace sweetspot::daemon
