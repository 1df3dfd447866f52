// Sound files in, 16 kHz mono samples out: wav, flac, mp3, ogg (Vorbis and Opus), whatever libsndfile reads.
#pragma once

#include <filesystem>
#include <limits>
#include <span>
#include <vector>

#include "schemas/result.h"

namespace sweetspot::worker {

inline constexpr int kSampleRate = 16000;

// A stretch of a file, in seconds. The default is the whole file; an end beyond the file's is the file's end.
struct Stretch {
  double offset = 0;
  double seconds = std::numeric_limits<double>::infinity();
};

// The length of a file by its header. Errors as read_audio's.
Result<double> audio_seconds(const std::filesystem::path& file);

// The samples of a file: float in about [-1, 1], 16 kHz, channels averaged, resampled by soxr at high
// quality. Errors: audio_missing, audio_unreadable (not a sound file, truncated, no samples, NaN or infinite
// samples, or a stretch that begins after the end).
Result<std::vector<float>> read_audio(const std::filesystem::path& file, Stretch stretch = {});

// Writes 16-bit mono at 16 kHz; the extension (.wav or .flac) says as what. Samples beyond [-1, 1] are
// clipped. Errors: audio_unwritable.
Status write_audio(const std::filesystem::path& file, std::span<const float> samples);

}  // namespace sweetspot::worker
