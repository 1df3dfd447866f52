// The suite's table: one row a piece, with its cases, the worst difference from the reference implementation,
// and the tolerance. Cases are read from the stored fixtures, or from the directory that
// SWEETSPOT_PARITY_CASES names.
#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "worker/model/safetensors.h"

namespace sweetspot::worker::parity {

std::filesystem::path cases_directory();
// Genuine weights and recordings beside the checkout; they may be absent.
std::filesystem::path real_directory();

// Where tests leave what the references should read back: SWEETSPOT_PARITY_EXPORTS, or a folder of this
// process.
std::filesystem::path exports_directory();

nlohmann::json read_cases(const std::filesystem::path& file);  // relative to cases_directory()

// Tensors, and in their metadata the cases they belong to.
class Fixture {
 public:
  explicit Fixture(const std::string& name);
  const nlohmann::json& cases() const { return cases_; }
  torch::Tensor operator[](const std::string& name) const { return file_.view(name); }
  const SafetensorsFile& file() const { return file_; }

 private:
  SafetensorsFile file_;
  nlohmann::json cases_;
};

// How far a piece may be from its reference, and why that far: the table prints both. 0: equal.
struct Tolerance {
  double value = 0;
  std::string why;
};

// Gathers one row. When it goes, the running test fails if there was no case or the worst one is beyond the
// tolerance.
class Piece {
 public:
  Piece(std::string name, std::string reference, Tolerance tolerance);
  ~Piece();
  Piece(const Piece&) = delete;
  Piece& operator=(const Piece&) = delete;

  // One case: max |actual - wanted|, or infinity for another shape or NaN.
  void close(const torch::Tensor& actual, const torch::Tensor& wanted, const std::string& which);
  void close(double actual, double wanted, const std::string& which);
  // One case: 0 when they are equal. What differs is counted, so the worst of exact pieces is how many do.
  template <class T>
  void same(const T& actual, const T& wanted, const std::string& which) {
    ++cases_;
    if (actual == wanted) return;
    ++unequal_;
    if (unequal_ <= 3)
      ADD_FAILURE() << which << "\n  ours:   " << testing::PrintToString(actual)
                    << "\n  theirs: " << testing::PrintToString(wanted);
  }

  // One case that rounding decides, so that either answer is right: one in a hundred may be so.
  void tie() { ++cases_, ++ties_; }

 private:
  void worst_of(double difference, const std::string& which);

  std::string name_, reference_, worst_case_;
  Tolerance tolerance_;
  double worst_ = 0;
  std::size_t row_, cases_ = 0, unequal_ = 0, ties_ = 0;
};

}  // namespace sweetspot::worker::parity
