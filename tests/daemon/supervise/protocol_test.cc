// PROTOCOL.md names every message and every field that the code sends.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "schemas/worker_message.h"

namespace sweetspot {
namespace {

std::string specification() {
  std::ifstream file(PROTOCOL);
  return {std::istreambuf_iterator<char>(file), {}};
}

void expect_specified(const std::string& line) {
  static const std::string text = specification();
  ASSERT_FALSE(text.empty()) << PROTOCOL;
  const auto message = nlohmann::json::parse(line);
  const auto type = message.at("type").get<std::string>();
  EXPECT_NE(text.find("\n### " + type + "\n"), std::string::npos) << type;
  const auto begin = text.find("\n### " + type + "\n");
  const std::string section = text.substr(begin, text.find("\n##", begin + 5) - begin);
  for (const auto& [field, value] : message.items()) {
    if (field != "type" && field != "seq") {
      EXPECT_NE(section.find("`" + field + "`"), std::string::npos) << type << "." << field;
    }
  }
}

template <class Variant, class Frame, std::size_t... I>
void expect_all(Frame frame, std::index_sequence<I...>) {
  (expect_specified(encode(frame(std::variant_alternative_t<I, Variant>{}))), ...);
}

TEST(Protocol, EveryMessageOfTheWorkerIsSpecified) {
  expect_all<WorkerMessage>(
      [](auto message) {
        return WorkerFrame{1, message};
      },
      std::make_index_sequence<std::variant_size_v<WorkerMessage>>());
}

TEST(Protocol, EveryMessageOfTheDaemonIsSpecified) {
  expect_all<DaemonMessage>([](auto message) { return DaemonMessage(message); },
                            std::make_index_sequence<std::variant_size_v<DaemonMessage>>());
}

TEST(Protocol, VersionIsTheOneOfTheCode) {
  EXPECT_NE(specification().find("Version " + std::to_string(kProtocolVersion) + "."), std::string::npos);
}

}  // namespace
}  // namespace sweetspot
