#include "daemon/store/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "daemon/store/directory_lock.h"
#include "daemon/store/migrations.h"
#include "daemon/store/store_impl.h"

namespace sweetspot::daemon {
namespace fs = std::filesystem;

namespace {
constexpr std::size_t kKept = 3;

Error file_error(const fs::path& file, const std::string& why) {
  return {"backup_failed", fmt::format("{}: {}", file.string(), why), "check that its directory is writable"};
}

void sync(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Status rename_durably(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::rename(from, to, failed);
  if (failed) return file_error(to, failed.message());
  sync(fs::absolute(to).parent_path());
  return success();
}

int version_of(const fs::path& backup) {
  return std::stoi(backup.filename().string().substr(sizeof "sweetspot-v" - 1));
}

void remove_older(const fs::path& directory) {
  std::vector<fs::path> backups;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename().string().starts_with("sweetspot-v") && entry.path().extension() == ".db")
      backups.push_back(entry.path());
  std::ranges::sort(backups, std::greater(), version_of);
  for (std::size_t i = kKept; i < backups.size(); ++i) fs::remove(backups[i]);
}
std::int64_t newest_fence_on_disk(const fs::path& state) {
  std::int64_t newest = 0;
  std::error_code none;
  for (fs::recursive_directory_iterator it(state / "runs", none), end; !none && it != end;
       it.increment(none)) {
    if (it.depth() == 0) continue;
    it.disable_recursion_pending();
    const std::string name = it->path().filename().string();
    if (name.size() > 1 && name.size() < 19 && name[0] == 'a' &&
        name.find_first_not_of("0123456789", 1) == name.npos)
      newest = std::max(newest, std::int64_t(std::stoll(name.substr(1))));
  }
  return newest;
}

// Fences and epochs never go back, also when the database does.
Status raise_counters(const fs::path& restored, const fs::path& state) {
  std::int64_t fence = newest_fence_on_disk(state), epoch = 0;
  if (auto old = Database::open_for_copying(state / kDatabaseFile)) {  // if it can still be read
    const auto old_fence = old->one<std::int64_t>("SELECT value FROM meta WHERE key = 'last_fence'");
    const auto old_epoch = old->one<std::int64_t>("SELECT value FROM meta WHERE key = 'epoch'");
    if (old_fence) fence = std::max(fence, old_fence->value_or(0));
    if (old_epoch) epoch = old_epoch->value_or(0);
  }
  auto database = Database::open_for_writing(restored);
  if (!database) return database.error();
  return database->run(
      "UPDATE meta SET value = max(value, iif(key = 'epoch', ?, ?)) WHERE key IN ('epoch', 'last_fence')",
      epoch, fence);
}

// Whole, ours, and of a version that this program can open.
Status check_backup(const fs::path& file) {
  const auto unfit = [&](const std::string& why) {
    return Error{"backup_damaged", fmt::format("{} {}", file.string(), why), "name another backup"};
  };
  if (!fs::is_regular_file(file)) return unfit("is no file");
  auto backup = Database::open_for_copying(file);
  if (!backup) return backup.error();
  const auto answer = backup->one<std::string>("PRAGMA integrity_check");
  if (!answer || answer->value_or("") != "ok") return unfit("is not a whole database");
  if (!backup->one<int>("SELECT value FROM meta WHERE key = 'epoch'"))
    return unfit("is no database of Sweetspot's");
  const auto version = schema_version(*backup);
  return version ? openable(*version) : Status(version.error());
}

// Restored a second time, what was there at first is still kept.
std::string name_for_the_old(const fs::path& database) {
  const std::string name = database.string() + ".before-restore";
  std::string free = name;
  for (int number = 2; fs::exists(free); ++number) free = fmt::format("{}-{}", name, number);
  return free;
}
}  // namespace

Status back_up(Database& database, const fs::path& file) {
  if (fs::exists(file)) return Error{"backup_exists", file.string() + " exists already", "name another file"};
  const fs::path part = file.string() + ".part";
  std::error_code ignored;
  fs::remove(part, ignored);
  if (Status copied = database.run("VACUUM INTO ?", part.string()); !copied) return copied;
  sync(part);
  return rename_durably(part, file);
}

Status back_up_state(const fs::path& state, const fs::path& file) {
  if (!fs::exists(state / kDatabaseFile))
    return Error{"database_missing", fmt::format("there is no {} in {}", kDatabaseFile, state.string()),
                 "name the daemon's state directory with --state"};
  auto database = Database::open_for_copying(state / kDatabaseFile);
  return database ? back_up(*database, file) : Status(database.error());
}

Status back_up_version(Database& database, const fs::path& state, int version) {
  const fs::path directory = state / "backups", file = directory / fmt::format("sweetspot-v{}.db", version);
  std::error_code failed;
  fs::create_directories(directory, failed);
  fs::remove(file, failed);  // of a migration that did not come to its end
  if (Status done = back_up(database, file); !done) return done;
  remove_older(directory);
  return success();
}

Status restore(const fs::path& file, const fs::path& state) {
  auto lock = DirectoryLock::take(state);
  if (!lock) return lock.error();
  if (Status fit = check_backup(file); !fit) return fit;
  const fs::path database = state / kDatabaseFile, part = database.string() + ".part";
  std::error_code failed;
  fs::copy_file(file, part, fs::copy_options::overwrite_existing, failed);
  if (failed) return file_error(part, failed.message());
  if (Status raised = raise_counters(part, state); !raised) return raised;
  sync(part);
  // The log goes with its database: beside another one it would be taken for that one's.
  const std::string kept = name_for_the_old(database);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const fs::path old = database.string() + suffix;
    if (fs::exists(old)) fs::rename(old, kept + suffix, failed);
    if (failed) return file_error(old, failed.message());
  }
  return rename_durably(part, database);
}

}  // namespace sweetspot::daemon
