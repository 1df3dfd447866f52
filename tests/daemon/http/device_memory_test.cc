#include "daemon/device_memory.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TEST(DeviceMemory, OfGpusIsWhatTheLibrarySays) {
  EXPECT_EQ(gpu_memory(FAKE_NVML), (std::vector<std::int64_t>{8'000'000'000, 80'000'000'000}));
  EXPECT_TRUE(gpu_memory("no-such-library.so").empty());
  EXPECT_TRUE(gpu_memory("libm.so.6").empty()) << "a library without these functions";
}

TEST(DeviceMemory, OfCpuSlotsIsTheirShare) {
  const auto one = device_memory({"cpu:0"}), two = device_memory({"cpu:0", "cpu:1"});
  ASSERT_TRUE(one[0] && two[0] && two[1]);
  EXPECT_GT(*one[0], std::int64_t(100) << 20);
  EXPECT_EQ(*two[0], *one[0] / 2);
  EXPECT_EQ(two[0], two[1]);
  EXPECT_EQ(device_memory({"cuda:99"})[0], std::nullopt);
  EXPECT_TRUE(device_memory({}).empty());
}

}  // namespace
}  // namespace sweetspot::daemon
