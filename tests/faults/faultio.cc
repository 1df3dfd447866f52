// Loaded into a program before libc (LD_PRELOAD): spoils what it asks of the disk. Which calls, the
// environment says:
//   FAULTIO_PATH   only files whose path contains this
//   FAULTIO_COUNT  file of two numbers of 8 bytes: such calls so far, and those that were spoiled
//   FAULTIO_EXIT   the process ends in place of the call of this number, as if it were killed
//   FAULTIO_ERROR  the call of this number fails (EIO); with FAULTIO_ALL, all that follow too
//   FAULTIO_FULL   while this file exists, writes find the disk full (ENOSPC)
//   FAULTIO_ERRNO  in place of EIO and ENOSPC
//   FAULTIO_SHORT  every write that can be is cut in half, and every other one is interrupted first (EINTR)
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {
template <class Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
#define REAL(name) real(&::name, #name)

struct Counts {
  std::atomic<std::int64_t> calls{0}, spoiled{0};
};
Counts& counts() {
  static Counts& shared = []() -> Counts& {
    static Counts here;
    const char* file = std::getenv("FAULTIO_COUNT");
    const int descriptor = file ? ::open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (descriptor < 0) return here;
    void* address = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor,
                           0);  // made by the test
    ::close(descriptor);
    return address == MAP_FAILED ? here : *static_cast<Counts*>(address);
  }();
  return shared;
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
bool given(const char* variable, std::int64_t call) {
  const char* number = std::getenv(variable);
  return number && std::atoll(number) == call;
}

bool fails_with(int error) {
  ++counts().spoiled;
  const char* other = std::getenv("FAULTIO_ERRNO");
  errno = other ? std::atoi(other) : error;
  return true;
}

// Counts the call; true: it is to fail, errno says why.
bool spoiled() {
  const std::int64_t call = ++counts().calls;
  if (given("FAULTIO_EXIT", call)) {
    ++counts().spoiled;
    ::_exit(137);
  }
  const char* first = std::getenv("FAULTIO_ERROR");
  if (given("FAULTIO_ERROR", call) || (first && std::getenv("FAULTIO_ALL") && call > std::atoll(first)))
    return fails_with(EIO);
  return false;
}
bool full() {
  const char* flag = std::getenv("FAULTIO_FULL");
  return flag && ::access(flag, F_OK) == 0 && fails_with(ENOSPC);
}

// The size to write; -1 with errno: nothing.
ssize_t admitted(int descriptor, size_t size) {
  if (!concerns(descriptor)) return ssize_t(size);
  if (spoiled() || full()) return -1;
  if (!std::getenv("FAULTIO_SHORT") || size < 2) return ssize_t(size);
  if (counts().calls.load() % 2) return fails_with(EINTR), -1;
  return ssize_t(size / 2);
}
}  // namespace

extern "C" {
ssize_t write(int descriptor, const void* bytes, size_t size) {
  const ssize_t some = admitted(descriptor, size);
  return some < 0 ? -1 : REAL(write)(descriptor, bytes, size_t(some));
}
ssize_t writev(int descriptor, const struct iovec* parts, int number) {
  if (concerns(descriptor) && (spoiled() || full())) return -1;
  return REAL(writev)(descriptor, parts, number);
}
ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const ssize_t some = admitted(descriptor, size);
  return some < 0 ? -1 : REAL(pwrite)(descriptor, bytes, size_t(some), offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  const ssize_t some = admitted(descriptor, size);
  return some < 0 ? -1 : REAL(pwrite64)(descriptor, bytes, size_t(some), offset);
}
size_t fwrite(const void* bytes, size_t size, size_t number, FILE* stream) {  // std::cerr's
  if (concerns(::fileno(stream)) && full()) return 0;
  return REAL(fwrite)(bytes, size, number, stream);
}
int fsync(int descriptor) { return concerns(descriptor) && spoiled() ? -1 : REAL(fsync)(descriptor); }
int fdatasync(int descriptor) { return concerns(descriptor) && spoiled() ? -1 : REAL(fdatasync)(descriptor); }
int ftruncate(int descriptor, off_t size) noexcept {
  return concerns(descriptor) && spoiled() ? -1 : REAL(ftruncate)(descriptor, size);
}
int ftruncate64(int descriptor, off64_t size) noexcept {
  return concerns(descriptor) && spoiled() ? -1 : REAL(ftruncate64)(descriptor, size);
}
int rename(const char* from, const char* to) noexcept {
  return concerns(to) && spoiled() ? -1 : REAL(rename)(from, to);
}
int renameat2(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) noexcept {
  return concerns(to) && spoiled() ? -1 : REAL(renameat2)(from_directory, from, to_directory, to, flags);
}
int unlink(const char* path) noexcept { return concerns(path) && spoiled() ? -1 : REAL(unlink)(path); }
int mkdir(const char* path, mode_t mode) noexcept {
  return concerns(path) && spoiled() ? -1 : REAL(mkdir)(path, mode);
}
}
