#include "tests/parity/suite.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace sweetspot::worker::parity {
namespace {

std::vector<std::string>& table() {
  static std::vector<std::string> rows;
  return rows;
}

std::filesystem::path directory_from(const char* variable, const std::string& otherwise) {
  const char* named = std::getenv(variable);
  return named ? named : otherwise;
}

// Prints the table once all tests have run.
class Report : public testing::Environment {
 public:
  void TearDown() override {
    if (table().empty()) return;
    fmt::print("\n{:52}{:32}{:>8}  {:>9}  {:>9}  {}\n", "piece", "reference", "cases", "worst", "tolerance",
               "why this tolerance");
    for (const std::string& row : table()) fmt::print("{}\n", row);
  }
};
const auto* const report = testing::AddGlobalTestEnvironment(new Report);

}  // namespace

std::filesystem::path cases_directory() { return directory_from("SWEETSPOT_PARITY_CASES", PARITY_DATA); }
std::filesystem::path real_directory() { return directory_from("SWEETSPOT_REAL_DATA", PARITY_REAL); }

std::filesystem::path exports_directory() {
  return directory_from("SWEETSPOT_PARITY_EXPORTS", testing::TempDir() + fmt::format("parity-{}", getpid()));
}

nlohmann::json read_cases(const std::filesystem::path& file) {
  std::ifstream stream(cases_directory() / file);
  return nlohmann::json::parse(stream);
}

Fixture::Fixture(const std::string& name)
    : file_(SafetensorsFile::open(cases_directory() / (name + ".safetensors")).value()),
      cases_(nlohmann::json::parse(file_.metadata().at("cases"))) {}

Piece::Piece(std::string name, std::string reference, Tolerance tolerance)
    : name_(std::move(name)),
      reference_(std::move(reference)),
      tolerance_(std::move(tolerance)),
      row_(table().size()) {
  table().emplace_back();
}

Piece::~Piece() {
  EXPECT_GT(cases_, 0u) << name_ << ": no cases";
  EXPECT_EQ(unequal_, 0u) << name_ << ": of " << cases_;
  EXPECT_LE(ties_ * 100, cases_) << name_ << ": too many are said to be ties";
  EXPECT_LE(worst_, tolerance_.value) << name_ << ": " << worst_case_;
  std::string worst =
      tolerance_.value == 0 ? fmt::format("{} differ", unequal_) : fmt::format("{:.1e}", worst_);
  if (ties_) worst += fmt::format(", {} tied", ties_);
  const std::string tolerance = tolerance_.value == 0 ? "equal" : fmt::format("{:.0e}", tolerance_.value);
  table()[row_] =
      fmt::format("{:52}{:32}{:>8}  {:>9}  {:>9}  {}", name_, reference_, cases_, worst, tolerance,
                  tolerance_.why);
}

void Piece::worst_of(double difference, const std::string& which) {
  ++cases_;
  if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
  if (difference <= worst_) return;
  worst_ = difference, worst_case_ = which;
}

void Piece::close(const torch::Tensor& actual, const torch::Tensor& wanted, const std::string& which) {
  if (actual.sizes() != wanted.sizes())
    return worst_of(
        std::numeric_limits<double>::infinity(),
        fmt::format("{}: shape {}, expected {}", which, testing::PrintToString(actual.sizes().vec()),
                    testing::PrintToString(wanted.sizes().vec())));
  worst_of((actual - wanted).abs().max().item<double>(), which);
}

void Piece::close(double actual, double wanted, const std::string& which) {
  worst_of(std::abs(actual - wanted), which);
}

}  // namespace sweetspot::worker::parity
