// Does packs as a recipe would, with made-up numbers and the faults that a test asks for.
#pragma once

#include <filesystem>

#include "tests/fake_worker/script.h"
#include "worker/link/serve.h"

namespace sweetspot::fake {

class FakeExecutor : public worker::Executor {
 public:
  explicit FakeExecutor(std::filesystem::path script) : script_(std::move(script)) {}
  void run(const std::vector<Assignment>& pack, worker::PackReport& report) override;

 private:
  std::filesystem::path script_;
};

}  // namespace sweetspot::fake
