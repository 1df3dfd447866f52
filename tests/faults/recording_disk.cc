#include "tests/faults/recording_disk.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace sweetspot::faults {

namespace {
using Kind = RecordingDisk::Kind;
RecordingDisk* disk = nullptr;
sqlite3_vfs* real_vfs = nullptr;
constexpr std::size_t kSector = 512;

// What SQLite holds for an open file: ours in front, the real one behind.
struct File {
  sqlite3_file base;
  const char* name;  // null: not recorded
};
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}
const char* name_of(sqlite3_file* file) { return reinterpret_cast<File*>(file)->name; }

std::string last_component(const char* path) { return std::filesystem::path(path).filename().string(); }

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const char* name = name_of(file);
  if (name && disk && !disk->admits_write()) return SQLITE_FULL;
  const int code = real(file)->pMethods->xWrite(real(file), bytes, size, offset);
  if (code == SQLITE_OK && name && disk)
    disk->record(
        {Kind::write, last_component(name), offset, {static_cast<const char*>(bytes), std::size_t(size)}});
  return code;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK && name_of(file) && disk)
    disk->record({Kind::truncate, last_component(name_of(file)), size, {}});
  return code;
}
int sync(sqlite3_file* file, int flags) {
  const int code = real(file)->pMethods->xSync(real(file), flags);
  if (code == SQLITE_OK && name_of(file) && disk)
    disk->record({Kind::sync, last_component(name_of(file)), 0, {}});
  return code;
}

const sqlite3_io_methods kMethods = {
    .iVersion = 3,
    .xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); },
    .xRead = [](sqlite3_file* f, void* to, int n,
                sqlite3_int64 at) { return real(f)->pMethods->xRead(real(f), to, n, at); },
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return real(f)->pMethods->xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); },
    .xUnlock = [](sqlite3_file* f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); },
    .xCheckReservedLock = [](sqlite3_file* f,
                             int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
    .xFileControl = [](sqlite3_file* f, int op,
                       void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); },
    .xSectorSize = [](sqlite3_file*) { return int(kSector); },
    .xDeviceCharacteristics =
        [](sqlite3_file*) { return 0; },  // nothing is promised: no atomic write, no order
    .xShmMap =
        [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
          return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
        },
    .xShmLock = [](sqlite3_file* f, int at, int n,
                   int flags) { return real(f)->pMethods->xShmLock(real(f), at, n, flags); },
    .xShmBarrier = [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    .xFetch = [](sqlite3_file*, sqlite3_int64, int, void** out) { return *out = nullptr, SQLITE_OK; },
    .xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; },
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* ours = reinterpret_cast<File*>(file);
  const int code = real_vfs->xOpen(real_vfs, name, real(file), flags, out);
  ours->base.pMethods = real(file)->pMethods ? &kMethods : nullptr;
  ours->name = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL) ? name : nullptr;
  return code;
}
int remove(sqlite3_vfs*, const char* name, int sync_directory) {
  const int code = real_vfs->xDelete(real_vfs, name, sync_directory);
  if (code == SQLITE_OK && disk) {
    disk->record({Kind::remove, last_component(name), 0, {}});
    if (sync_directory) disk->record({Kind::sync, last_component(name), 0, {}});
  }
  return code;
}

sqlite3_vfs recording_vfs() {
  sqlite3_vfs vfs = *real_vfs;  // what is not replaced goes to the real one's functions, which want its data
  vfs.pNext = nullptr;
  vfs.zName = "recording";
  vfs.szOsFile = int(sizeof(File)) + real_vfs->szOsFile;
  vfs.xOpen = open;
  vfs.xDelete = remove;
  return vfs;
}
sqlite3_vfs our_vfs;

void put(std::string& file, std::int64_t offset, std::string_view bytes) {
  const auto end = std::size_t(offset) + bytes.size();
  if (file.size() < end) file.resize(end);
  std::memcpy(file.data() + offset, bytes.data(), bytes.size());
}

void apply(RecordingDisk::Files& files, const RecordingDisk::Operation& op) {
  switch (op.kind) {
    case Kind::write:
      return put(files[op.file], op.offset, op.bytes);
    case Kind::truncate:
      return files[op.file].resize(std::size_t(op.offset));
    case Kind::remove:
      files.erase(op.file);
      return;
    case Kind::sync:
      return;
  }
}

void apply_by_chance(RecordingDisk::Files& files, const RecordingDisk::Operation& op,
                     std::mt19937_64& random) {
  const auto dice = random() % 3;
  if (dice == 0) return;
  if (dice == 1 || op.kind != Kind::write) return apply(files, op);
  for (std::size_t at = 0; at < op.bytes.size(); at += kSector)
    if (random() % 2)
      put(files[op.file], op.offset + std::int64_t(at), std::string_view(op.bytes).substr(at, kSector));
}
}  // namespace

RecordingDisk::RecordingDisk() {
  real_vfs = sqlite3_vfs_find(nullptr);
  our_vfs = recording_vfs();
  sqlite3_vfs_register(&our_vfs, 1);
  disk = this;
}
RecordingDisk::~RecordingDisk() {
  disk = nullptr;
  sqlite3_vfs_unregister(&our_vfs);
}

bool RecordingDisk::admits_write() {
  if (!writes_left_) return true;
  if ((*writes_left_)-- > 0) return true;
  writes_left_ = 0, ++refused_;
  return false;
}

RecordingDisk::Files RecordingDisk::after(std::size_t n) const {
  Files files;
  for (std::size_t i = 0; i < n; ++i) apply(files, operations_[i]);
  return files;
}

RecordingDisk::Files RecordingDisk::after_power_cut(std::size_t n, std::mt19937_64& random) const {
  std::map<std::string, std::size_t> synced;  // the operation of the last sync of each file
  for (std::size_t i = 0; i < n; ++i)
    if (operations_[i].kind == Kind::sync) synced[operations_[i].file] = i;
  Files files;
  for (std::size_t i = 0; i < n; ++i) {
    const auto last = synced.find(operations_[i].file);
    if (last != synced.end() && i < last->second) apply(files, operations_[i]);
    else apply_by_chance(files, operations_[i], random);
  }
  return files;
}

void RecordingDisk::lay_out(const Files& files, const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  for (const auto& [name, bytes] : files) std::ofstream(directory / name, std::ios::binary) << bytes;
}

}  // namespace sweetspot::faults
