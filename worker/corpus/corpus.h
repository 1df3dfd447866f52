// Corpora on disk: which clips there are, what is said in them, and which ones cannot be used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/cell.h"
#include "schemas/metrics.h"
#include "schemas/result.h"

namespace sweetspot::worker {

struct Utterance {
  std::string id;  // unique in its split: the clip's name, or manifest and line
  std::filesystem::path audio;
  double offset = 0;   // seconds into the sound file
  double seconds = 0;  // length
  std::string text;    // normalised by training-text
  bool operator==(const Utterance&) const = default;
};

struct Split {
  std::vector<Utterance> utterances;
  std::int64_t skipped = 0;
  std::map<std::string, std::int64_t> reasons;  // how many were skipped for each
  SplitSize size() const;
};

struct Corpus {
  Split train, dev, test;
  std::vector<SkippedClip> skipped;  // every clip left out of a split, and why; in file order, train to test
};

// Reads the three splits of a corpus, in the order of its files. A clip that cannot be used is skipped and
// named, never fatal. Kept: audio within spec.filter_seconds, text of 1 to 500 characters after
// normalisation. train_hours keeps a shuffled (seed 42) subset of the train split, filled up to that length;
// limit_* the first n. Once a limit is reached, the rest of the split is not looked at. Errors: split_files'
// (schemas/corpus_files.h), corpus_invalid (no header or column, a damaged file), split_empty (no usable
// clip).
Result<Corpus> read_corpus(const CorpusSpec& spec);

}  // namespace sweetspot::worker
