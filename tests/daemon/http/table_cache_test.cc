#include "daemon/http/table_cache.h"

#include <gtest/gtest.h>

namespace sweetspot::daemon {
namespace {

TableCache::Shared answer_of(std::size_t bytes) {
  return std::make_shared<const Response>(Response{.body = std::string(bytes, 'x')});
}

TEST(TableCache, GivesAnAnswerUntilWhatItIsMadeOfChanges) {
  TableCache cache;
  const auto answer = answer_of(1);
  cache.keep("wer", "now", answer);
  EXPECT_EQ(cache.find("wer", "now"), answer);
  EXPECT_EQ(cache.find("wer", "later"), nullptr);
}

TEST(TableCache, KeepsNoMoreThan32MiBWhateverIsAsked) {
  TableCache cache;
  cache.keep("huge", "now", answer_of((32 << 20) + 1));
  EXPECT_EQ(cache.find("huge", "now"), nullptr);
  for (const char* name : {"a", "b", "c", "c"}) cache.keep(name, "now", answer_of(15 << 20));
  EXPECT_EQ(cache.find("a", "now"), nullptr) << "it made room";
  EXPECT_NE(cache.find("b", "now"), nullptr) << "the same name twice takes no more room than once";
  EXPECT_NE(cache.find("c", "now"), nullptr);
}

}  // namespace
}  // namespace sweetspot::daemon
