// Trains a byte-level BPE of Qwen2's shape, for the small models that are made on the spot.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

struct TokenizerTraining {
  int merges = 744;  // with the 256 bytes: a vocabulary of 1,000 before special tokens
  // Added after the vocabulary, in this order. The first one ends and pads sequences.
  std::vector<std::string> special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
};

// Writes tokenizer.json and tokenizer_config.json into `directory` (made if absent), readable by Tokenizer
// and by Hugging Face. Each merge joins the most frequent pair; of equally frequent ones the pair of lowest
// ids, so that the same sentences always give the same files. Stops early when no pair is left.
Status train_tokenizer(std::span<const std::string> sentences, const TokenizerTraining& training,
                       const std::filesystem::path& directory);

}  // namespace sweetspot::worker
