// A world in which a whole cell takes a second: words that are tones, a random encoder and a random language
// model.
#pragma once

#include <filesystem>

#include "schemas/cell.h"
#include "tests/worker/model/fixtures.h"

namespace sweetspot::worker {

class TinyWorld {
 public:
  TinyWorld();
  // A cell of this world: two epochs, a projector only.
  Cell cell() const;
  std::filesystem::path directory(const std::string& name) const { return root_.path() / name; }

 private:
  void make_corpus(const std::filesystem::path& directory);
  void make_encoder(const std::filesystem::path& directory);
  void make_llm(const std::filesystem::path& directory);
  TemporaryDirectory root_;
};

}  // namespace sweetspot::worker
