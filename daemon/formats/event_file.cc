#include "daemon/formats/event_file.h"

#include <array>

namespace sweetspot::daemon {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
    table[byte] = crc;
  }
  return table;
}

template <class T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += char(value >> 8 * i);
  return bytes;
}

// CRCs of data that itself holds CRCs are masked; from TensorFlow's lib/hash/crc32c.h.
std::string masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian((crc >> 15 | crc << 17) + 0xA282EAD8u);
}

std::string summary_record(double wall_time, std::int64_t step, const Message& value) {
  Message event;
  event.real(1, wall_time);
  if (step) event.integer(2, std::uint64_t(step));
  return record(event.message(5, Message().message(1, value)).bytes());
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = make_table();
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ std::uint8_t(byte)) & 0xFF];
  return ~crc;
}

std::string record(std::string_view data) {
  const std::string length = little_endian(std::uint64_t(data.size()));
  return length + masked_crc(length) + std::string(data) + masked_crc(data);
}

std::string opening_record(double wall_time) {
  return record(Message().real(1, wall_time).text(3, "brain.Event:2").bytes());
}

std::string scalar_record(double wall_time, std::int64_t step, std::string_view tag, float value) {
  return summary_record(wall_time, step, Message().text(1, tag).single(2, value));
}

std::string plugin_record(double wall_time, std::string_view tag, std::string_view plugin,
                          const Message& content) {
  const Message data = Message().text(1, plugin).message(2, content);
  return summary_record(wall_time, 0, Message().text(1, tag).message(9, Message().message(1, data)));
}

}  // namespace sweetspot::daemon
