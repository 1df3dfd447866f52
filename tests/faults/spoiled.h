// What a test does to the daemon that it starts: faultio.cc under its disk, faultsys.cc under the rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/chances.h"

namespace sweetspot::faults {

// Given to World::start_daemon as its environment; one a daemon. Workers have an environment of their own.
class Spoiled {
 public:
  // `path`: what the path of every file that is spoiled contains.
  static Spoiled disk(const std::filesystem::path& directory, const std::string& path) {
    Spoiled spoiled(directory, "FAULTIO", FAULTIO_LIBRARY);
    spoiled.set("FAULTIO_PATH", path);
    return spoiled;
  }
  // `what`: MEMORY, THREADS or CLOCK, which write() then spoils.
  static Spoiled system(const std::filesystem::path& directory, const std::string& what) {
    Spoiled spoiled(directory, "FAULTSYS", FAULTSYS_LIBRARY);
    spoiled.set("FAULTSYS_" + what, spoiled.flag_);
    return spoiled;
  }

  void set(const std::string& name, const std::string& value) { environment_.push_back(name + "=" + value); }
  const std::vector<std::string>& environment() const { return environment_; }

  // The disk is full while the flag is written; else the flag's text says how the system is spoiled.
  void set_up_full() { set("FAULTIO_FULL", flag_); }
  void write(const std::string& what) { std::ofstream(flag_) << what; }
  void remove() { std::filesystem::remove(flag_); }

  std::int64_t calls() const { return count(0); }
  std::int64_t spoiled() const { return count(1); }

 private:
  Spoiled(const std::filesystem::path& directory, const std::string& library, const std::string& file)
      : count_file_(directory / (library + ".count")), flag_(directory / (library + ".flag")) {
    std::ofstream(count_file_, std::ios::binary) << std::string(16, '\0');
    remove();
    set("LD_PRELOAD", file), set(library + "_COUNT", count_file_);
  }
  std::int64_t count(int which) const {
    std::int64_t numbers[2] = {};
    std::ifstream(count_file_, std::ios::binary).read(reinterpret_cast<char*>(numbers), sizeof numbers);
    return numbers[which];
  }

  std::filesystem::path count_file_, flag_;
  std::vector<std::string> environment_;
};

}  // namespace sweetspot::faults
