// Loaded into a program before libc (LD_PRELOAD): spoils its writes, syncs, truncations and renames. Which,
// the environment says:
//   FAULTIO_PATH   only files whose path contains this
//   FAULTIO_COUNT  file of 8 bytes in which such calls are counted
//   FAULTIO_EXIT   the process ends in place of the call of this number, as if it were killed
//   FAULTIO_FULL   while this file exists, writes find the disk full (ENOSPC)
//   FAULTIO_SHORT  every write that can be is cut in half, and every other one is interrupted first (EINTR)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {
template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::atomic<std::int64_t>* counter() {
  static auto* const counted = []() -> std::atomic<std::int64_t>* {
    static std::atomic<std::int64_t> here{0};
    const char* file = std::getenv("FAULTIO_COUNT");
    const int descriptor = file ? ::open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (descriptor < 0 || ::ftruncate(descriptor, 8) != 0) return &here;
    void* address = ::mmap(nullptr, 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    return address == MAP_FAILED ? &here : static_cast<std::atomic<std::int64_t>*>(address);
  }();
  return counted;
}

bool concerns(const char* path) {
  const char* wanted = std::getenv("FAULTIO_PATH");
  return wanted && path && std::strstr(path, wanted);
}
bool concerns(int descriptor) {
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = 0;
  return concerns(path);
}

void count() {
  const char* end = std::getenv("FAULTIO_EXIT");
  if (++*counter() == (end ? std::atoll(end) : -1)) ::_exit(137);
}
bool full() {
  const char* flag = std::getenv("FAULTIO_FULL");
  return flag && ::access(flag, F_OK) == 0;
}

// The size to write; -1 with errno: nothing.
ssize_t admitted(int descriptor, size_t size) {
  if (!concerns(descriptor)) return ssize_t(size);
  count();
  if (full()) return errno = ENOSPC, -1;
  if (!std::getenv("FAULTIO_SHORT") || size < 2) return ssize_t(size);
  if (counter()->load() % 2) return errno = EINTR, -1;
  return ssize_t(size / 2);
}
}  // namespace

extern "C" {
ssize_t write(int descriptor, const void* bytes, size_t size) {
  const ssize_t some = admitted(descriptor, size);
  return some < 0 ? -1
                  : real<ssize_t (*)(int, const void*, size_t)>("write")(descriptor, bytes, size_t(some));
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const ssize_t some = admitted(descriptor, size);
  if (some < 0) return -1;
  return real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite")(descriptor, bytes, size_t(some),
                                                                      offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  const ssize_t some = admitted(descriptor, size);
  if (some < 0) return -1;
  return real<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64")(descriptor, bytes, size_t(some),
                                                                          offset);
}
int fsync(int descriptor) {
  if (concerns(descriptor)) count();
  return real<int (*)(int)>("fsync")(descriptor);
}
int fdatasync(int descriptor) {
  if (concerns(descriptor)) count();
  return real<int (*)(int)>("fdatasync")(descriptor);
}
int ftruncate64(int descriptor, off64_t size) noexcept {
  if (concerns(descriptor)) count();
  return real<int (*)(int, off64_t)>("ftruncate64")(descriptor, size);
}
int rename(const char* from, const char* to) noexcept {
  if (concerns(to)) count();
  return real<int (*)(const char*, const char*)>("rename")(from, to);
}
}
