#include "worker/link/outbox.h"

#include <gtest/gtest.h>

namespace sweetspot::worker {
namespace {

constexpr Grant kFirst{RunId{1}, Fence{10}}, kSecond{RunId{2}, Fence{11}};

std::vector<std::int64_t> numbers(const std::vector<WorkerFrame>& frames) {
  std::vector<std::int64_t> seqs;
  for (const WorkerFrame& frame : frames) seqs.push_back(frame.seq);
  return seqs;
}

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { outbox.begin(kFirst), outbox.begin(kSecond); }
  Outbox outbox;
  Outbox::TimePoint now{std::chrono::hours(1)};
};

TEST_F(OutboxTest, SendsOnceInOrder) {
  outbox.put(Started{kFirst});
  outbox.put(Done{kFirst, {}});
  EXPECT_EQ(numbers(outbox.take(now)), (std::vector<std::int64_t>{1, 2}));
  EXPECT_TRUE(outbox.take(now).empty());
}

TEST_F(OutboxTest, SendsWhatWasNotAcknowledgedAgainAfterAReconnect) {
  for (int i = 0; i < 3; ++i) outbox.put(EpochDone{kFirst, {}});
  outbox.take(now);
  outbox.acknowledge(1);
  outbox.reconnected();
  outbox.put(Started{kSecond});
  EXPECT_EQ(numbers(outbox.take(now)), (std::vector<std::int64_t>{2, 3, 4}));
}

TEST_F(OutboxTest, GrantIsOursUntilItsEndIsAcknowledged) {
  outbox.put(Started{kFirst});
  outbox.put(Done{kFirst, {}});
  outbox.acknowledge(1);
  EXPECT_TRUE(outbox.has(kFirst));
  outbox.acknowledge(2);
  EXPECT_FALSE(outbox.has(kFirst));
  EXPECT_EQ(outbox.grants(), std::vector{kSecond});
}

TEST_F(OutboxTest, NothingMoreIsSaidOfAStaleGrant) {
  outbox.put(Started{kFirst});
  outbox.put(Started{kSecond});
  outbox.put_progress({.grant = kFirst});
  outbox.drop(kFirst);
  outbox.put(Done{kFirst, {}});
  EXPECT_EQ(numbers(outbox.take(now)), std::vector<std::int64_t>{2});
}

TEST_F(OutboxTest, OnlyTheNewestProgressIsSentAndNotTooOften) {
  outbox.put_progress({.grant = kFirst, .step = 1});
  outbox.put_progress({.grant = kFirst, .step = 2});
  const auto sent = outbox.take(now);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(std::get<Progress>(sent[0].message).step, 2);
  EXPECT_EQ(sent[0].seq, 0);
  outbox.put_progress({.grant = kFirst, .step = 3});
  EXPECT_TRUE(outbox.take(now + Outbox::kProgressPause / 2).empty());
  EXPECT_EQ(outbox.take(now + Outbox::kProgressPause).size(), 1u);
}

TEST_F(OutboxTest, AValidationDoesNotHideTheLossBeforeIt) {
  std::int64_t step = 0;
  for (const char* phase : {"training", "validating", "training", "validating", "validating"})
    outbox.put_progress({.grant = kFirst, .phase = phase, .step = ++step});
  const auto sent = outbox.take(now);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(std::get<Progress>(sent[0].message).step, 3);
  EXPECT_EQ(std::get<Progress>(sent[1].message).step, 5) << "where it is now comes last";
}

TEST_F(OutboxTest, ProgressDoesNotOutliveItsRunOrItsConnection) {
  outbox.put_progress({.grant = kFirst});
  outbox.put(Failed{kFirst, {}, {}});
  EXPECT_EQ(numbers(outbox.take(now)), std::vector<std::int64_t>{1});
  outbox.put_progress({.grant = kSecond});
  outbox.reconnected();
  for (const WorkerFrame& frame : outbox.take(now + std::chrono::seconds(1))) EXPECT_NE(frame.seq, 0);
}

}  // namespace
}  // namespace sweetspot::worker
