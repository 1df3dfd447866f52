#include "daemon/core/devices.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

using Devices = std::vector<DeviceSpec>;
constexpr Machine kLaptop{.cores = 8, .gpus = 0}, kServer{.cores = 32, .gpus = 4};

Devices devices(std::string_view text, Machine machine) {
  const auto parsed = parse_devices(text, machine);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Devices{};
}

TEST(Devices, AreEveryGpuOrOneCpuSlotUnlessSaid) {
  EXPECT_EQ(devices("", kLaptop), (Devices{{"cpu:0", 8}}));
  EXPECT_EQ(devices("", kServer), (Devices{{"cuda:0", 8}, {"cuda:1", 8}, {"cuda:2", 8}, {"cuda:3", 8}}));
  EXPECT_EQ(devices("cuda", kServer), devices("", kServer));
  EXPECT_EQ(devices("cpu", kServer), (Devices{{"cpu:0", 32}}));
}

TEST(Devices, ShareTheCoresEvenlyAndHaveAtLeastOne) {
  EXPECT_EQ(devices("cpu:3", kLaptop), (Devices{{"cpu:0", 2}, {"cpu:1", 2}, {"cpu:2", 2}}));
  EXPECT_EQ(devices("cuda:3,1", kServer), (Devices{{"cuda:3", 16}, {"cuda:1", 16}}));
  EXPECT_EQ(devices("cpu:9", kLaptop).back(), (DeviceSpec{"cpu:8", 1}));
}

TEST(Devices, ThatAreNotThereAreRefusedByName) {
  const auto says = [](std::string_view text, Machine machine, std::string_view words) {
    const auto parsed = parse_devices(text, machine);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "bad_devices");
    EXPECT_NE(parsed.error().message.find(words), std::string::npos) << parsed.error().message;
    EXPECT_FALSE(parsed.error().hint.empty());
  };
  says("cuda", kLaptop, "no GPU");
  says("cuda:0", kLaptop, "no cuda:0");
  says("cuda:0,4", kServer, "no cuda:4");
  says("cuda:1,1", kServer, "twice");
  says("cuda:1,x", kServer, "'x'");
  says("cuda:-1", kServer, "'-1'");
  says("cpu:0", kLaptop, "cpu:0");
  says("cpu:", kLaptop, "cpu:");
  says("cpu:2x", kLaptop, "2x");
  says("cpu:1025", kLaptop, "1024");
  says("cpu:99999999999", kLaptop, "1024");
  says("tpu", kLaptop, "'tpu'");
  says("cuda:", kServer, "''");
  says("CUDA", kServer, "'CUDA'");
}

TEST(Devices, AListMayNotEndInAComma) {
  EXPECT_FALSE(parse_devices("cuda:0,", kServer));
  EXPECT_FALSE(parse_devices("cuda:,0", kServer));
  EXPECT_FALSE(parse_devices("cuda:0,,1", kServer));
}

}  // namespace
}  // namespace sweetspot::daemon
