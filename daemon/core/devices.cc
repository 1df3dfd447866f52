#include "daemon/core/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace sweetspot::daemon {

namespace {
Error bad(std::string message) {
  return {"bad_devices", std::move(message),
          "use cpu:N for N slots, cuda for every GPU, or cuda:0,1 for some", "/devices"};
}

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<DeviceSpec> shared_out(const std::string& kind, const std::vector<int>& numbers, int cores) {
  const int threads = std::max(1, cores / int(numbers.size()));
  std::vector<DeviceSpec> devices;
  for (int number : numbers) devices.push_back({fmt::format("{}:{}", kind, number), threads});
  return devices;
}

std::vector<int> first(int count) {
  std::vector<int> numbers(count);
  for (int i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

Result<std::vector<DeviceSpec>> cpu_slots(std::string_view count, int cores) {
  const auto slots = parse_number(count);
  if (!slots || *slots < 1 || *slots > 1024)
    return bad(fmt::format("'cpu:{}' is not a number of slots from 1 to 1024", count));
  return shared_out("cpu", first(*slots), cores);
}

Result<std::vector<DeviceSpec>> gpus(std::string_view list, Machine machine) {
  std::vector<int> numbers;
  for (std::size_t begin = 0, end; begin <= list.size(); begin = end + 1) {
    end = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, end - begin);
    const auto number = parse_number(name);
    if (!number) return bad(fmt::format("'{}' is not the number of a GPU", name));
    if (*number >= machine.gpus)
      return bad(fmt::format("there is no cuda:{}: this machine has {} GPUs", *number, machine.gpus));
    if (std::ranges::find(numbers, *number) != numbers.end())
      return bad(fmt::format("cuda:{} is named twice: one worker a device", *number));
    numbers.push_back(*number);
  }
  return shared_out("cuda", numbers, machine.cores);
}
}  // namespace

Result<std::vector<DeviceSpec>> parse_devices(std::string_view text, Machine machine) {
  if (text.empty())
    return machine.gpus > 0 ? shared_out("cuda", first(machine.gpus), machine.cores)
                            : shared_out("cpu", {0}, machine.cores);
  if (text == "cpu") return shared_out("cpu", {0}, machine.cores);
  if (text.starts_with("cpu:")) return cpu_slots(text.substr(4), machine.cores);
  if (text == "cuda") {
    if (machine.gpus == 0) return bad("this machine has no GPU that the NVIDIA driver knows of");
    return shared_out("cuda", first(machine.gpus), machine.cores);
  }
  if (text.starts_with("cuda:")) return gpus(text.substr(5), machine);
  return bad(fmt::format("'{}' names no device", text));
}

}  // namespace sweetspot::daemon
