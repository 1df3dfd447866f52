// Which files hold a split of a corpus, by the corpus's format. The daemon plans with them, the worker reads
// them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/cell.h"
#include "schemas/result.h"

namespace sweetspot {

enum class CorpusFormat { common_voice, fleurs, librispeech, librispeech_other, nemo_manifest, lhotse };

// By its name in the sweep file; nullopt: there is no such format.
std::optional<CorpusFormat> parse_corpus_format(std::string_view name);

// Of the split "train", "dev" or "test":
//   common-voice, fleurs   <split>.tsv
//   nemo-manifest          <split>.json, <split>.jsonl or <split>_manifest.json
//   librispeech            the folders train-*, dev-clean, test-clean (librispeech-other: dev-other,
//   test-other), or
//                          one folder named as the split
//   lhotse                 cuts, or recordings and supervisions: <split>/cuts.jsonl, or any
//   *cuts_<split>.jsonl; .gz too
// Errors: corpus_format_unknown, corpus_missing, with a pointer into the corpus.
Result<std::vector<std::filesystem::path>> split_files(const CorpusSpec& corpus, std::string_view split);

}  // namespace sweetspot
