#include "schemas/worker_message.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

namespace sweetspot {
namespace {

// Random messages: every field takes other values each time, the limits of its type among them.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  std::int64_t number() {
    constexpr std::int64_t edges[] = {0,
                                      1,
                                      -1,
                                      1L << 53,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min()};
    return below(2) ? edges[below(std::size(edges))] : std::int64_t(random_());
  }
  int small() { return int(below(1000)); }
  double real() {
    constexpr double edges[] = {0.0, -0.0, 0.1, 1e-4, 1e300, 5e-324, -1.5, 1.0 / 3};
    return below(2) ? edges[below(std::size(edges))] : std::ldexp(double(random_()), -int(below(80)));
  }
  std::optional<double> maybe() { return below(2) ? std::optional(real()) : std::nullopt; }
  std::string text() {
    static const std::string samples[] = {"",       "da",    "rødgrød med fløde",    "a\"b\\c\n\t\x01",
                                          "\u0000", "// no", std::string(3000, 'x'), "😀"};
    return samples[below(std::size(samples))];
  }
  Grant grant() { return {RunId{number()}, Fence{number()}}; }
  EditCounts counts() { return {number(), number(), number(), number()}; }
  SplitSize split() { return {number(), real(), number()}; }
  EpochMetrics epoch() { return {small(), number(), real(), real(), real(), real(), below(2) == 0}; }
  RunResult result() {
    RunResult r{.words = counts(),
                .characters = counts(),
                .batch_mean_wer = maybe(),
                .utterances = number(),
                .utterances_sha256 = text(),
                .best_epoch = small(),
                .epochs = small(),
                .steps = number(),
                .validation_wer = real(),
                .train_seconds = real(),
                .evaluate_seconds = real(),
                .audio_seconds = real(),
                .timing = timing(),
                .parameters = {number(), number(), number(), number()},
                .train = split(),
                .dev = split(),
                .test = split(),
                .precision = text(),
                .build = text()};
    for (std::size_t i = below(3); i > 0; --i) r.skipped.push_back({text(), text(), text(), text()});
    return r;
  }
  std::optional<Timing> timing() {
    if (below(2)) return std::nullopt;
    return Timing{real(), real(), real(), real(), real(), real(), maybe()};
  }
  Error error() { return {text(), text(), text(), text()}; }
  Cell cell() {
    Cell c{.encoder = text(), .layers = small(), .language = text(), .seed = number(), .llm = text()};
    c.corpus.path = text(), c.corpus.filter_seconds = {real(), real()}, c.train.lr = real();
    if (below(2)) c.lora = LoraSpec{.r = small(), .lr = real()};
    if (below(2)) c.train.early_stop.reset();
    if (below(2)) c.corpus.limit_dev = small();
    return c;
  }
  std::vector<Grant> grants() {
    std::vector<Grant> out(below(4));
    for (Grant& g : out) g = grant();
    return out;
  }
  std::vector<WorkerMessage> worker_messages() {
    constexpr ErrorClass classes[] = {ErrorClass::infrastructure, ErrorClass::out_of_memory,
                                      ErrorClass::diverged,       ErrorClass::bad_input,
                                      ErrorClass::protocol,       ErrorClass::internal};
    return {Hello{small(), WorkerId{number()}, text(), number(), number(), text(), grants()},
            Started{grant()},
            Progress{grant(), text(), number(), number(), real(), real(), maybe()},
            EpochDone{grant(), epoch()},
            Done{grant(), result()},
            Failed{grant(), classes[below(std::size(classes))], error()},
            Stopped{grant()},
            Heartbeat{number()}};
  }
  std::vector<DaemonMessage> daemon_messages() {
    std::vector<Assignment> pack(below(3));
    for (Assignment& a : pack) a = {grant(), small(), text(), {text(), text()}, cell(), {small(), small()}};
    return {Welcome{small()}, Start{pack}, Cancel{grant()}, Ack{number()}, Stale{grant()}, Exit{text()}};
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }
  std::mt19937_64 random_;
};

TEST(WorkerMessage, OfEveryKindReadsBackEqual) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Draw draw(seed);
    const auto messages = draw.worker_messages();
    ASSERT_EQ(messages.size(), std::variant_size_v<WorkerMessage>);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      ASSERT_EQ(messages[i].index(), i);
      const WorkerFrame frame{draw.number(), messages[i]};
      const std::string line = encode(frame);
      EXPECT_EQ(line.find('\n'), line.npos);
      const auto read = decode_worker_frame(line);
      ASSERT_TRUE(read) << "seed " << seed << ": " << read.error().message;
      EXPECT_EQ(*read, frame) << "seed " << seed << ": " << line;
    }
  }
}

TEST(DaemonMessage, OfEveryKindReadsBackEqual) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    const auto messages = Draw(seed).daemon_messages();
    ASSERT_EQ(messages.size(), std::variant_size_v<DaemonMessage>);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      ASSERT_EQ(messages[i].index(), i);
      const std::string line = encode(messages[i]);
      EXPECT_EQ(line.find('\n'), line.npos);
      const auto read = decode_daemon_message(line);
      ASSERT_TRUE(read) << "seed " << seed << ": " << read.error().message;
      EXPECT_EQ(*read, messages[i]) << "seed " << seed << ": " << line;
    }
  }
}

TEST(WorkerMessage, CarriesALossThatIsNotANumber) {
  for (double loss : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    const EpochDone epoch{{RunId{1}, Fence{2}}, {.epoch = 3, .train_loss = loss, .lr = 0.5}};
    const auto read = decode_worker_frame(encode(WorkerFrame{1, epoch}));
    ASSERT_TRUE(read);
    const auto& metrics = std::get<EpochDone>(read->message).metrics;
    EXPECT_TRUE(std::isnan(metrics.train_loss));
    EXPECT_EQ(metrics.lr, 0.5);
  }
}

TEST(WorkerMessage, WithBrokenTextIsSentAllTheSame) {
  const Failed failed{{RunId{1}, Fence{1}}, ErrorClass::bad_input, {"bad", "caf\xe9", "", ""}};
  const auto read = decode_worker_frame(encode(WorkerFrame{1, failed}));
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<Failed>(read->message).error.message, "caf\xEF\xBF\xBD");
}

TEST(WorkerMessage, GarbageIsRefusedWithoutThrowing) {
  const std::string started = R"({"type":"started","seq":1,"grant":{"run":1,"fence":2}})";
  ASSERT_TRUE(decode_worker_frame(started));
  for (const std::string& line : {
           std::string(),
           std::string("\0", 1),
           std::string("null"),
           std::string("[]"),
           std::string("7"),
           std::string(R"({"type":"started"})"),
           std::string(R"({"seq":1})"),
           std::string(R"({"type":"started","seq":1,"grant":{"run":1}})"),
           std::string(R"({"type":"started","seq":1,"grant":7})"),
           std::string(R"({"type":"started","seq":1,"grant":{"run":"1","fence":2}})"),
           std::string(R"({"type":"started","seq":1,"grant":{"run":true,"fence":2}})"),
           std::string(R"({"type":"started","seq":"1","grant":{"run":1,"fence":2}})"),
           std::string(R"({"type":"launch","seq":1,"grant":{"run":1,"fence":2}})"),
           std::string(R"({"type":3,"seq":1})"),
           std::string(R"({"type":"started","seq":1,"seq":2,"grant":{"run":1,"fence":2}})"),
           std::string(R"({"type":"failed","seq":1,"grant":{"run":1,"fence":2},"error_class":"bored",)"
                       R"("error":{"code":"","message":"","hint":"","pointer":""}})"),
           started + started,
           started.substr(0, started.size() - 1),
           std::string(100000, '['),
       }) {
    const auto read = decode_worker_frame(line);
    ASSERT_FALSE(read) << line;
    EXPECT_FALSE(read.error().code.empty());
    EXPECT_LT(read.error().message.size(), 1000u) << "the line is quoted in full";
  }
  EXPECT_FALSE(decode_daemon_message(started));
  EXPECT_FALSE(decode_worker_frame(encode(DaemonMessage(Welcome{}))));
}

// 1.5 or 1e30 where a whole number belongs would otherwise be cut down silently, and a fence with it.
TEST(WorkerMessage, RefusesNumbersThatDoNotFit) {
  for (const char* number : {"1.5", "1e30", "18446744073709551615", "-1e19"}) {
    const std::string line =
        std::string(R"({"type":"started","seq":1,"grant":{"run":1,"fence":)") + number + "}}";
    EXPECT_FALSE(decode_worker_frame(line)) << number;
  }
  EXPECT_FALSE(decode_worker_frame(
      R"({"type":"hello","seq":0,"protocol":4294967297,"worker":1,"device":"cpu:0","pid":1,"start_time":1,)"
      R"("build":"","grants":[]})"));
}

TEST(WorkerMessage, RefusesAListThatIsNone) {
  for (const char* grants : {"null", "7", "{}", R"({"a":{"run":1,"fence":1}})", R"("x")"}) {
    const std::string line =
        std::string(
            R"({"type":"hello","seq":0,"protocol":1,"worker":1,"device":"cpu:0","pid":1,"start_time":1,)"
            R"("build":"","grants":)") +
        grants + "}";
    EXPECT_FALSE(decode_worker_frame(line)) << grants;
  }
}

TEST(WorkerMessage, FieldsOfANewerWorkerAreSkipped) {
  EXPECT_TRUE(decode_worker_frame(R"({"type":"heartbeat","seq":0,"steps":7,"temperature":61})"));
}

TEST(WorkerMessage, FieldsThatMayBeNullMayBeLeftOutByAnOlderWorker) {
  const auto read = decode_worker_frame(
      R"({"type":"progress","seq":0,"grant":{"run":1,"fence":2},"phase":"training","step":3,"steps":9,)"
      R"("loss":1.5,"lr":0.1})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(std::get<Progress>(read->message).gradient_norm, std::nullopt);
}

// The largest there is: a result that names 1,000 skipped clips still fits one frame.
TEST(WorkerMessage, TheLargestResultFitsAFrame) {
  RunResult result;
  for (int i = 0; i < 1000; ++i)
    result.skipped.push_back(
        {"train", "common_voice_da_12345678.mp3", "audio_unreadable", std::string(200, 'x')});
  EXPECT_LT(encode(WorkerFrame{1, Done{{RunId{1}, Fence{1}}, result}}).size(), kMaxFrameBytes);
}

}  // namespace
}  // namespace sweetspot
