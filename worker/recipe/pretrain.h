// Pretrains the small models of examples/nano: Whisper-shaped encoder-decoders and a Qwen2-shaped LM.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "schemas/result.h"
#include "worker/recipe/pretraining.h"

namespace sweetspot::worker {

struct PretrainWhisper {
  std::filesystem::path
      corpora;  // da/, nl/ and en/ in Common Voice layout with train_words.tsv, and text.txt
  std::filesystem::path out;
  std::filesystem::path start;  // a model of the same shape to go on from; empty: from nothing
  std::int64_t width = 96, heads = 4, layers = 6, decoder_layers = 2;
  std::size_t batch = 16;
  int clips = 1500;  // training clips used of each language
  std::uint64_t seed = 1;
  PretrainSchedule schedule = {.steps = 3000, .peak = 2e-3, .warmup = 0.15};
};

// Trains an encoder-decoder on all languages at once by cross-entropy of the decoder, and of the token said
// in each encoder frame, read off by a linear map that is thrown away: espeak-ng knows when it says what, and
// with that the encoder learns in minutes what attention alone takes hours to find.
Status pretrain_whisper(const PretrainWhisper& options);

struct PretrainLlm {
  std::filesystem::path text;   // one sentence a line
  std::filesystem::path start;  // a model of the same shape to go on from; empty: from nothing
  std::filesystem::path out;
  std::int64_t hidden = 128, layers = 4, heads = 4, kv_heads = 2, intermediate = 384;
  std::size_t batch = 32;
  std::uint64_t seed = 1;
  PretrainSchedule schedule = {.steps = 3000, .peak = 3e-3, .warmup = 0.1};
};

// Trains an LM to say the text it has just been given, whatever that is: what it is given are embeddings of
// repeated, missing and wrong tokens, blurred and noisy as a projector's output is, then the paper's prompt.
// A model that knows sentences only cannot be taught to listen; one that can repeat needs a projector alone.
Status pretrain_llm(const PretrainLlm& options);

}  // namespace sweetspot::worker
