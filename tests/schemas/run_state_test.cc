#include "schemas/run_state.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace sweetspot {
namespace {

using NamedTransition = std::pair<std::string, std::string>;

std::string first_migration() {
  std::ostringstream text;
  text << std::ifstream(MIGRATIONS "/0001_first.sql").rdbuf();
  return text.str();
}

// The rows of `INSERT INTO run_transition VALUES ('a','b'), ...;`
std::multiset<NamedTransition> rows_of_the_database() {
  const std::string sql = first_migration();
  const auto begin = sql.find("INSERT INTO run_transition VALUES");
  const std::string rows = sql.substr(begin, sql.find(';', begin) - begin);
  const std::regex row(R"(\('(\w+)'\s*,\s*'(\w+)'\))");
  std::multiset<NamedTransition> found;
  for (std::sregex_iterator it(rows.begin(), rows.end(), row), end; it != end; ++it)
    found.emplace((*it)[1], (*it)[2]);
  return found;
}

TEST(RunState, TransitionsAreThoseOfTheDatabase) {
  std::multiset<NamedTransition> in_code;
  for (const auto& [from, to] : run_transitions()) in_code.emplace(to_string(from), to_string(to));
  EXPECT_FALSE(in_code.empty());
  EXPECT_EQ(in_code, rows_of_the_database());
}

TEST(RunState, TheDatabaseAllowsExactlyTheNamesOfTheCode) {
  const std::string sql = first_migration();
  const auto begin = sql.find("CHECK (state IN (");
  ASSERT_NE(begin, sql.npos);
  const std::string list = sql.substr(begin, sql.find("))", begin) - begin);
  const std::regex name("'(\\w+)'");
  std::vector<std::string> stored, in_code;
  for (std::sregex_iterator it(list.begin(), list.end(), name), end; it != end; ++it)
    stored.push_back((*it)[1]);
  for (RunState state : kRunStates) in_code.emplace_back(to_string(state));
  EXPECT_EQ(stored, in_code);
}

TEST(RunState, NamesReadBackAndNothingElseDoes) {
  for (RunState state : kRunStates) EXPECT_EQ(parse_run_state(to_string(state)), state);
  for (const char* name : {"", "Queued", "queued ", "done", "pending"}) EXPECT_FALSE(parse_run_state(name));
}

TEST(RunState, ErrorClassesReadBack) {
  using enum ErrorClass;
  for (ErrorClass c : {infrastructure, out_of_memory, diverged, bad_input, protocol, internal})
    EXPECT_EQ(parse_error_class(to_string(c)), c);
  EXPECT_FALSE(parse_error_class("oom"));
}

TEST(RunState, AnEndIsLeftByRetryAloneAndASuccessNever) {
  for (RunState to : kRunStates) EXPECT_FALSE(may_become(RunState::succeeded, to)) << to_string(to);
  for (RunState from : {RunState::failed, RunState::quarantined, RunState::cancelled}) {
    for (RunState to : kRunStates) EXPECT_EQ(may_become(from, to), to == RunState::queued) << to_string(to);
  }
}

TEST(RunState, OnlyARunningRunSucceeds) {
  for (RunState from : kRunStates)
    EXPECT_EQ(may_become(from, RunState::succeeded), from == RunState::running) << to_string(from);
}

TEST(RunState, WhateverHasNotEndedMayBeCancelled) {
  for (RunState from : kRunStates)
    EXPECT_EQ(may_become(from, RunState::cancelled), !is_terminal(from)) << to_string(from);
}

TEST(RunState, EveryStateIsReachedFromQueued) {
  std::set<RunState> reached = {RunState::queued};
  for (std::size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const auto& [from, to] : run_transitions()) {
      if (reached.contains(from)) reached.insert(to);
    }
  }
  EXPECT_EQ(reached.size(), kRunStates.size());
}

}  // namespace
}  // namespace sweetspot
