#include "daemon/formats/event_file.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

using namespace std::string_literals;

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[std::uint8_t(byte) >> 4];
    text += kDigits[std::uint8_t(byte) & 15];
  }
  return text;
}

// RFC 3720, B.4, and the check value of the catalogue of CRCs.
TEST(Crc32c, GivesThePublishedValues) {
  std::string rising, falling;
  for (int i = 0; i < 32; ++i) rising += char(i), falling += char(31 - i);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  EXPECT_EQ(crc32c(rising), 0x46DD794Eu);
  EXPECT_EQ(crc32c(falling), 0x113FDB5Cu);
}

TEST(Protobuf, WritesEachKindOfField) {
  EXPECT_EQ(hex(Message().integer(1, 150).bytes()), "089601");  // the specification's own example
  EXPECT_EQ(hex(Message().text(2, "testing").bytes()), "120774657374696e67");
  EXPECT_EQ(hex(Message().message(3, Message().integer(1, 150)).bytes()), "1a03089601");
  EXPECT_EQ(hex(Message().real(1, 1.0).bytes()), "09000000000000f03f");
  EXPECT_EQ(hex(Message().single(2, 1.0F).bytes()), "150000803f");
  EXPECT_EQ(hex(Message().integer(16, 1).bytes()), "800101");  // a tag of two bytes
}

// Written by tensorboard 2.21's EventFileWriter.
TEST(EventFile, EqualsTensorBoardsOwnBytes) {
  EXPECT_EQ(hex(opening_record(1.5)),
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c");
  EXPECT_EQ(hex(scalar_record(2.5, 300, "loss", 0.25F)),
            "1b000000000000001a0d9e1309000000000000044010ac022a0d0a0b0a046c6f7373150000803e20"
            "5d3896");
}

TEST(EventFile, SaysWhosePluginAMessageIsFor) {
  const std::string bytes = plugin_record(0, "tag", "hparams", Message().integer(1, 1));
  EXPECT_NE(bytes.find("\x4a\x0f\x0a\x0d\x0a\x07hparams\x12\x02\x08\x01"s), bytes.npos) << hex(bytes);
}

}  // namespace
}  // namespace sweetspot::daemon
