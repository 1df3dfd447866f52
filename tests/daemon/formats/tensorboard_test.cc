// That TensorBoard reads these files is for interop_oracle.py to show; here, which points and times they
// hold.
#include "daemon/formats/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "daemon/formats/event_file.h"

namespace sweetspot::daemon {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json run(const std::string& state) {
  return {{"id", "run_7"},        {"encoder", "small"}, {"layers", 8},
          {"language", "da"},     {"lora", true},       {"seed", 42},
          {"state", state},       {"attempt", 1},       {"settings", {{"train.lr", 0.5}}},
          {"result", nullptr},    {"ended_at", nullptr}, {"started_at", "2026-03-01T00:00:10.000Z"}};
}

json epoch_event(const char* at, int step) {
  return {{"type", "epoch"}, {"at", at}, {"data", {{"step", step}}}};
}

const json kMetrics = {
    {"series", {{"loss", {{2, 4.0}, {5, nullptr}, {20, 1.0}}}}},
    {"epochs", {{{"step", 10}, {"train_loss", 2.0}, {"val_wer", 0.5}}}}};
constexpr double kStart = 1772323210;  // 2026-03-01T00:00:10Z

TEST(Times, AreReadFromRfc3339) {
  EXPECT_DOUBLE_EQ(seconds_of("2026-03-01T00:00:10.250Z"), kStart + 0.25);
  EXPECT_DOUBLE_EQ(seconds_of("2026-03-01T00:00:10Z"), kStart);
  EXPECT_EQ(seconds_of(nullptr), 0);
}

TEST(TensorBoard, HasEveryPointAtTheTimeThatItsEpochsSay) {
  const json events = {epoch_event("2026-02-28T23:00:00.000Z", 10),  // of an attempt before
                       epoch_event("2026-03-01T00:00:20.000Z", 10)};
  const std::string file = tensorboard_events(run("running"), kMetrics, events);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(file.find(opening_record(kStart)), 0u);
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 2, 2, "train/loss", 4)));
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 5, 5, "train/loss", nan)));
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 10, 20, "train/loss", 1))) << "no later epoch is known";
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 10, 10, "validation/wer", 0.5)));
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 10, 10, "train/epoch_loss", 2)));
  EXPECT_THAT(file, Not(HasSubstr("session_end_info")));
}

TEST(TensorBoard, EndsWithTheResultAndHowItEnded) {
  json whole = run("succeeded");
  whole["ended_at"] = "2026-03-01T00:01:00.000Z";
  whole["result"] = {{"wer", 0.25}, {"cer", 0.125}, {"batch_mean_wer", nullptr}, {"steps", 20}};
  const std::string file = tensorboard_events(whole, kMetrics, json::array());
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 50, 20, "test/wer", 0.25)));
  EXPECT_THAT(file, HasSubstr(scalar_record(kStart + 50, 20, "test/cer", 0.125)));
  EXPECT_THAT(file, Not(HasSubstr("test/batch_mean_wer")));
  const Message success = Message().message(4, Message().integer(1, 1).real(2, kStart + 50));
  EXPECT_TRUE(file.ends_with(plugin_record(kStart + 50, "_hparams_/session_end_info", "hparams", success)));
}

}  // namespace
}  // namespace sweetspot::daemon
