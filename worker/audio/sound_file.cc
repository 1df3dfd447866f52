#include "worker/audio/sound_file.h"

#include <fmt/format.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>

namespace sweetspot::worker {
namespace {

constexpr sf_count_t kBlockFrames = 1 << 14;
constexpr int kLowestRate = 1000, kHighestRate = 1'000'000;  // outside, a header is wrong rather than unusual

struct CloseSound {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

struct OpenSound {
  std::unique_ptr<SNDFILE, CloseSound> file;
  SF_INFO info = {};
};

Error unreadable(const std::filesystem::path& path, std::string_view why) {
  return Error{"audio_unreadable", fmt::format("{}: {}", path.string(), why),
               "replace the file or leave it out", ""};
}

// True when a RIFF header announces more bytes than there are. (libsndfile shortens such a file silently.)
// Sizes of 2 GiB and more are what programs write that did not know the size.
bool is_cut_riff(const std::filesystem::path& path) {
  std::array<unsigned char, 8> header = {};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(header.data()), header.size());
  if (!std::equal(header.begin(), header.begin() + 4, "RIFF")) return false;
  const std::uint64_t announced =
      header[4] | header[5] << 8 | header[6] << 16 | std::uint64_t{header[7]} << 24;
  std::error_code ignored;
  return announced < 0x80000000 && announced + 8 > std::filesystem::file_size(path, ignored);
}

Result<OpenSound> open_sound(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return Error{"audio_missing", fmt::format("{} is not a file", path.string()),
                 "check the path, and that the corpus was unpacked completely", ""};
  }
  OpenSound sound;
  sound.file.reset(sf_open(path.c_str(), SFM_READ, &sound.info));
  if (!sound.file) return unreadable(path, sf_strerror(nullptr));
  if (sound.info.frames <= 0) return unreadable(path, "it holds no samples");
  if (sound.info.samplerate < kLowestRate || sound.info.samplerate > kHighestRate) {
    return unreadable(path, fmt::format("a sample rate of {} Hz", sound.info.samplerate));
  }
  if (is_cut_riff(path)) return unreadable(path, "it is shorter than its header says");
  return sound;
}

// The next `frames` frames, channels averaged. Memory grows with what is there, not with what a header
// claims.
std::vector<float> read_mono(OpenSound& sound, sf_count_t frames) {
  const int channels = sound.info.channels;
  std::vector<float> block(kBlockFrames * channels), mono;
  while (frames > 0) {
    const sf_count_t got = sf_readf_float(sound.file.get(), block.data(), std::min(frames, kBlockFrames));
    if (got <= 0) break;
    for (sf_count_t frame = 0; frame < got; ++frame) {
      float sum = 0;
      for (int channel = 0; channel < channels; ++channel) sum += block[frame * channels + channel];
      mono.push_back(sum / static_cast<float>(channels));
    }
    frames -= got;
  }
  return mono;
}

// Goes to a frame. An mp3 is decoded up to there, because after a seek its first frames come out wrong.
bool skip(OpenSound& sound, sf_count_t frames) {
  if ((sound.info.format & SF_FORMAT_TYPEMASK) != SF_FORMAT_MPEG) {
    return frames == 0 || sf_seek(sound.file.get(), frames, SEEK_SET) == frames;
  }
  return static_cast<sf_count_t>(read_mono(sound, frames).size()) == frames;
}

Result<std::vector<float>> resample(const std::filesystem::path& path, std::vector<float> samples, int rate) {
  if (rate == kSampleRate) return samples;
  std::vector<float> out(std::llround(std::ceil(double(samples.size()) * kSampleRate / rate)));
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  std::size_t done = 0;
  const soxr_error_t error = soxr_oneshot(rate, kSampleRate, 1, samples.data(), samples.size(), nullptr,
                                          out.data(), out.size(), &done, nullptr, &quality, nullptr);
  if (error)
    return unreadable(path, fmt::format("cannot resample from {} Hz: {}", rate, soxr_strerror(error)));
  out.resize(done);
  return out;
}

}  // namespace

Result<double> audio_seconds(const std::filesystem::path& path) {
  auto sound = open_sound(path);
  if (!sound) return sound.error();
  return double(sound->info.frames) / sound->info.samplerate;
}

Result<std::vector<float>> read_audio(const std::filesystem::path& path, Stretch stretch) {
  auto sound = open_sound(path);
  if (!sound) return sound.error();
  const double rate = sound->info.samplerate, frames = double(sound->info.frames);
  const double begin = std::round(stretch.offset * rate);
  const double length = std::min(std::round(stretch.seconds * rate), frames - begin);
  if (!(begin >= 0) || !(length >= 1)) {
    return unreadable(path, fmt::format("no samples from {} s for {} s: the file has {:.3f} s",
                                        stretch.offset, stretch.seconds, frames / rate));
  }
  if (!skip(*sound, static_cast<sf_count_t>(begin))) return unreadable(path, sf_strerror(sound->file.get()));
  std::vector<float> samples = read_mono(*sound, static_cast<sf_count_t>(length));
  if (double(samples.size()) < length) {
    return unreadable(path,
                      fmt::format("it ends after {} of {} frames", begin + double(samples.size()), frames));
  }
  if (!std::all_of(samples.begin(), samples.end(), [](float sample) { return std::isfinite(sample); })) {
    return unreadable(path, "a sample is not a finite number");
  }
  return resample(path, std::move(samples), sound->info.samplerate);
}

Status write_audio(const std::filesystem::path& path, std::span<const float> samples) {
  SF_INFO info = {};
  info.samplerate = kSampleRate;
  info.channels = 1;
  info.format = (path.extension() == ".flac" ? SF_FORMAT_FLAC : SF_FORMAT_WAV) | SF_FORMAT_PCM_16;
  const std::unique_ptr<SNDFILE, CloseSound> file(sf_open(path.c_str(), SFM_WRITE, &info));
  if (file) sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  const auto count = static_cast<sf_count_t>(samples.size());
  if (file && sf_writef_float(file.get(), samples.data(), count) == count) return success();
  return Error{"audio_unwritable", fmt::format("{}: {}", path.string(), sf_strerror(file.get())),
               "check that the directory can be written and the disk has room", ""};
}

}  // namespace sweetspot::worker
