// Byte-level BPE as Hugging Face's tokenizer.json describes it (the shapes of Qwen2 and of Whisper / GPT-2).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

// Cheap to copy (copies share one vocabulary) and safe to use from several threads.
class Tokenizer {
 public:
  // Reads tokenizer.json of a model's directory. Errors: tokenizer_missing, tokenizer_invalid,
  // tokenizer_unsupported (a tokenizer that is not a byte-level BPE).
  static Result<Tokenizer> load(const std::filesystem::path& model_directory);

  // Token ids of UTF-8 text. Added tokens ("<|endoftext|>") in the text become their ids; nothing is put
  // around the text. Equal to Hugging Face's encode(text, add_special_tokens=False).
  std::vector<std::int64_t> encode(std::string_view text) const;

  // The text of ids. Special tokens and ids outside the vocabulary are left out; bytes that are not UTF-8
  // become U+FFFD, one per maximal subpart.
  std::string decode(std::span<const std::int64_t> ids) const;

  // The id of a token as tokenizer.json writes it: an added token, or a vocabulary entry ("Ġthe").
  std::optional<std::int64_t> id_of(std::string_view token) const;

  // One more than the highest id, added tokens included.
  std::int64_t vocabulary_size() const;

 private:
  struct State;
  explicit Tokenizer(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace sweetspot::worker
