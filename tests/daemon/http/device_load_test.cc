#include "daemon/device_load.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TEST(DeviceLoad, OfACpuSlotIsItsWorkersShareSinceItBegan) {
  DeviceLoad load;
  const Load first = load.of({{"cpu:0", 1}})[0];  // a process that is older than a second
  ASSERT_TRUE(first.utilization);
  EXPECT_GE(*first.utilization, 0);
  EXPECT_LE(*first.utilization, 1);
  EXPECT_TRUE(first.memory_used);
}

TEST(DeviceLoad, IsTheSameWithinASecondForWhoeverAsks) {
  DeviceLoad load;
  const Load first = load.of({{"cpu:0", 1}})[0], again = load.of({{"cpu:0", 1}})[0];
  EXPECT_EQ(first.utilization.has_value(), again.utilization.has_value());
}

TEST(DeviceLoad, IsNotKnownWithoutAWorkerOrGpu) {
  DeviceLoad load;
  for (const Load& none : load.of({{"cpu:0", 0}, {"cpu:1", 99999999}, {"cuda:99", 1}})) {
    EXPECT_EQ(none.utilization, std::nullopt);
    EXPECT_EQ(none.memory_used, std::nullopt);
  }
}

TEST(Nvml, SaysWhatEachGpuCanSay) {
  const auto gpus = Nvml(FAKE_NVML).read();
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].utilization, std::nullopt);
  EXPECT_EQ(gpus[1].utilization, 0.75);
  EXPECT_EQ(gpus[1].memory, 80'000'000'000);
  EXPECT_EQ(gpus[1].memory_used, 5);
  EXPECT_TRUE(Nvml("no-such-library.so").read().empty());
  EXPECT_TRUE(Nvml("libm.so.6").read().empty()) << "a library without these functions";
}

}  // namespace
}  // namespace sweetspot::daemon
