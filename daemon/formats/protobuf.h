// Protocol Buffers' wire format, as far as writing a message needs it: fields in the order they are put.
// Specification: https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sweetspot::daemon {

class Message {
 public:
  // int32, int64, bool and enums; not negative here.
  Message& integer(int field, std::uint64_t value) {
    tag(field, 0);
    varint(value);
    return *this;
  }
  Message& real(int field, double value) { return fixed(field, 1, value); }
  Message& single(int field, float value) { return fixed(field, 5, value); }
  // string and bytes; also a message within this one.
  Message& text(int field, std::string_view value) {
    tag(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void tag(int field, std::uint64_t wire_type) { varint(std::uint64_t(field) << 3 | wire_type); }
  // Seven bits a byte, the lowest first; the eighth says that more follow.
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += char(value | 0x80);
    bytes_ += char(value);
  }
  // Little-endian, as this machine is.
  template <class T>
  Message& fixed(int field, std::uint64_t wire_type, T value) {
    tag(field, wire_type);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }

  std::string bytes_;
};

}  // namespace sweetspot::daemon
