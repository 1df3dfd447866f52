// What a Store consists of; shared by store.cc and store_load.cc.
#pragma once

#include <filesystem>

#include "daemon/store/directory_lock.h"
#include "daemon/store/sqlite.h"
#include "daemon/store/store.h"

namespace sweetspot::daemon {

inline constexpr const char* kDatabaseFile = "sweetspot.db";

struct Store::Impl {
  std::filesystem::path directory;
  DirectoryLock lock;
  Database database;
  std::int64_t epoch = 0;
  std::chrono::nanoseconds last_sync{0};

  // The database may have been deleted: its file is there until it is closed, for nobody to find.
  Status still_there() const;
  // A write transaction, refused then, and when a later daemon has begun its epoch (the lock file may have
  // been deleted).
  Result<Transaction> begin();
};

}  // namespace sweetspot::daemon
