// TensorBoard's event files: TFRecords, each of which holds one Event message.
//   record   length (u64 LE), masked CRC-32C of those 8 bytes, data, masked CRC-32C of the data (u32 LE)
//   Event    tensorboard/compat/proto/event.proto: 1 wall_time, 2 step, 3 file_version, 5 summary
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/formats/protobuf.h"

namespace sweetspot::daemon {

// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as RFC 3720 has it.
std::uint32_t crc32c(std::string_view bytes);

// One TFRecord.
std::string record(std::string_view data);

// The record that opens a file. Times are seconds since 1970.
std::string opening_record(double wall_time);

// One point of a curve: a Summary with one simple_value.
std::string scalar_record(double wall_time, std::int64_t step, std::string_view tag, float value);

// A Summary that carries a plugin's message in its metadata and no value.
std::string plugin_record(double wall_time, std::string_view tag, std::string_view plugin,
                          const Message& content);

}  // namespace sweetspot::daemon
