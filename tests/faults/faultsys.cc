// Loaded into a program before libc (LD_PRELOAD): spoils what it asks of the system. What, the environment
// says:
//   FAULTSYS_COUNT    file of two numbers of 8 bytes: calls of the kind that is spoiled, and those that were
//   FAULTSYS_MEMORY   file: while it exists, the n-th allocation fails, n being the number in it
//   FAULTSYS_THREADS  file: while it exists, there is room for no further thread and no further process
//   FAULTSYS_CLOCK    file: the wall clock is wrong by the number of seconds in it
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

extern "C" {
void* __libc_malloc(size_t);
}

namespace {
struct Counts {
  std::atomic<std::int64_t> calls{0}, spoiled{0};
};
Counts own_counts;
std::atomic<Counts*> counts{nullptr};

// Without an allocation, which might be the one that is to fail.
Counts& counted() {
  Counts* known = counts.load();
  if (known) return *known;
  known = &own_counts;
  const char* file = ::getenv("FAULTSYS_COUNT");
  const int descriptor = file ? ::open(file, O_RDWR | O_CLOEXEC) : -1;
  if (descriptor >= 0) {
    void* address = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (address != MAP_FAILED) known = static_cast<Counts*>(address);
  }
  counts = known;
  return *known;
}

bool exists(const char* variable) {
  const char* file = ::getenv(variable);
  return file && ::access(file, F_OK) == 0;
}
// The number in the file that a variable names; 0: there is none.
std::int64_t number_in(const char* variable) {
  const char* file = ::getenv(variable);
  const int descriptor = file ? ::open(file, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return 0;
  char text[32] = {};
  (void)!::read(descriptor, text, sizeof text - 1);
  ::close(descriptor);
  return ::atoll(text);
}

bool memory_is_out() {
  static const bool asked = ::getenv("FAULTSYS_MEMORY") != nullptr;
  if (!asked || !exists("FAULTSYS_MEMORY")) return false;
  if (++counted().calls != number_in("FAULTSYS_MEMORY")) return false;
  ++counted().spoiled;
  errno = ENOMEM;
  return true;
}
bool too_many() {
  if (!exists("FAULTSYS_THREADS")) return false;
  ++counted().spoiled;
  return true;
}
std::int64_t wrong_by() {
  const std::int64_t seconds = number_in("FAULTSYS_CLOCK");
  if (seconds != 0) ++counted().spoiled;
  return seconds;
}
}  // namespace

extern "C" {
void* malloc(size_t size) noexcept { return memory_is_out() ? nullptr : __libc_malloc(size); }

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  if (too_many()) return EAGAIN;
  static const auto real =
      reinterpret_cast<decltype(&::pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
  return real(thread, attributes, start, argument);
}
int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* files,
                const posix_spawnattr_t* attributes, char* const arguments[], char* const environment[]) {
  if (too_many()) return EAGAIN;
  static const auto real = reinterpret_cast<decltype(&::posix_spawn)>(::dlsym(RTLD_NEXT, "posix_spawn"));
  return real(pid, path, files, attributes, arguments, environment);
}

int clock_gettime(clockid_t clock, struct timespec* now) noexcept {
  static const auto real = reinterpret_cast<decltype(&::clock_gettime)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int code = real(clock, now);
  if (code == 0 && clock == CLOCK_REALTIME) now->tv_sec += wrong_by();
  return code;
}
time_t time(time_t* out) noexcept {
  struct timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
int gettimeofday(struct timeval* now, void*) noexcept {
  struct timespec precise;
  ::clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec, now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
}
