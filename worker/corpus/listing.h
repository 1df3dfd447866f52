// What the files of a corpus list, before anything is known about the clips themselves. A line that makes no
// sense is a clip with a problem: it is skipped, counted and named, and stops nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

// Why a clip cannot be used: one of SkippedClip's reasons, and the particulars.
struct Reason {
  std::string reason, detail;
};

struct ListedClip {
  std::string id;  // unique in its split
  std::filesystem::path audio;
  double offset = 0;                                         // seconds into the sound file
  double seconds = std::numeric_limits<double>::infinity();  // at most; the file may end before
  std::string text;                                          // as written
  std::optional<Reason> problem = {};                        // known from the listing alone
};

using Listing = Result<std::vector<ListedClip>>;

// One split of a corpus on its way in: `files` are those of schemas/corpus_files.h.
struct SplitSource {
  std::filesystem::path root;
  std::string split;
  std::vector<std::filesystem::path> files;
};

// <split>.tsv with a header, in which columns are found by name (they changed from release to release: path
// and sentence are in all), and the clips in clips/. Nothing is quoted: a " is text.
Listing list_common_voice(const SplitSource& source);

// <split>.tsv without a header: id, file name, raw and normalised transcription, and more; the clips in
// audio/<split>/.
Listing list_fleurs(const SplitSource& source);

// Folders of speakers and chapters: <speaker>-<chapter>.trans.txt has lines "UTTERANCE TEXT", beside
// UTTERANCE.flac.
Listing list_librispeech(const SplitSource& source);

// One JSON object a line with audio_filepath (absolute, or relative to the corpus), text, and optionally
// duration and offset in seconds.
Listing list_nemo_manifest(const SplitSource& source);

// JSON lines of Lhotse, gzipped or not: MonoCuts with their recordings, or recordings and supervisions.
Listing list_lhotse(const SplitSource& source);

// The lines of a text file, gzipped or not, without line ends and byte order mark. Errors: corpus_missing,
// corpus_invalid (a gzip file that is damaged or cut short).
Result<std::vector<std::string>> read_lines(const std::filesystem::path& file);

// Where a line is, as ids of lines that name no clip: "train.json:3".
std::string line_id(const std::filesystem::path& file, std::size_t line);

// A line of which no clip can be made.
ListedClip bad_line(const std::filesystem::path& file, std::size_t line, const std::string& why);

// The clip that `read` makes of each line of JSON that is not blank, given the line's number. It throws
// nlohmann's exceptions or std::invalid_argument for a line that makes no sense.
using ReadClip = std::function<ListedClip(const nlohmann::json& entry, std::size_t line)>;
Listing list_json_lines(const std::filesystem::path& file, const ReadClip& read);

std::vector<std::string> fields_of(const std::string& line);  // tab separated

}  // namespace sweetspot::worker
