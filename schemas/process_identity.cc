#include "schemas/process_identity.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace sweetspot {

std::optional<ProcessStat> process_stat(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;  // by getline: it does not throw when the process goes away between opening and reading
  if (!std::getline(file, line)) return std::nullopt;
  const auto name_end = line.rfind(')');  // field 2, the name, may hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream behind(line.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(behind), {}};  // from field 3 on
  if (fields.size() < 22) return std::nullopt;
  const auto number = [&](std::size_t field) { return std::stoll(fields[field - 3]); };
  return ProcessStat{.start = number(22), .busy = number(14) + number(15), .pages = number(24)};
}

std::optional<std::int64_t> process_start_time(std::int64_t pid) {
  const auto stat = process_stat(pid);
  return stat ? std::optional(stat->start) : std::nullopt;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace sweetspot
