#include "worker/audio/sound_file.h"

#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>
#include <random>

#include "tests/worker/speech/temporary_directory.h"

namespace sweetspot::worker {
namespace {

struct Sound {
  std::string name;
  int format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  int rate = 16000;
  int channels = 1;
  double seconds = 1;
};

// A tone of 440 Hz and amplitude 0.5 in the first channel, silence in the others.
std::vector<float> tone(int rate, double seconds, int channels) {
  const auto frames = static_cast<std::size_t>(rate * seconds);
  std::vector<float> samples(frames * channels, 0.0f);
  for (std::size_t i = 0; i < frames; ++i) {
    samples[i * channels] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 440 * double(i) / rate));
  }
  return samples;
}

std::filesystem::path write_sound(const TemporaryDirectory& directory, const Sound& sound,
                                  std::vector<float> samples) {
  SF_INFO info = {};
  info.samplerate = sound.rate, info.channels = sound.channels, info.format = sound.format;
  const auto path = directory / sound.name;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (!file) ADD_FAILURE() << sound.name << ": " << sf_strerror(nullptr);
  sf_write_float(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  return path;
}

std::filesystem::path write_sound(const TemporaryDirectory& directory, const Sound& sound) {
  return write_sound(directory, sound, tone(sound.rate, sound.seconds, sound.channels));
}

// Amplitude of 440 Hz in 16 kHz samples.
double tone_amplitude(const std::vector<float>& samples) {
  double sine = 0, cosine = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double angle = 2 * std::numbers::pi * 440 * double(i) / kSampleRate;
    sine += samples[i] * std::sin(angle), cosine += samples[i] * std::cos(angle);
  }
  return 2 * std::hypot(sine, cosine) / double(samples.size());
}

void cut_in_half(const std::filesystem::path& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

class EveryFormat : public testing::TestWithParam<Sound> {};

TEST_P(EveryFormat, IsReadAtSixteenKilohertz) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, GetParam());
  const auto samples = read_audio(path);
  ASSERT_TRUE(samples) << samples.error().message;
  EXPECT_NEAR(double(samples->size()) / kSampleRate, GetParam().seconds, 0.005);
  EXPECT_NEAR(tone_amplitude(*samples), 0.5 / GetParam().channels, 0.02);
  EXPECT_NEAR(audio_seconds(path).value(), double(samples->size()) / kSampleRate, 1e-3);
}

TEST_P(EveryFormat, GivesAnyStretch) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, GetParam());
  const auto samples = read_audio(path, {.offset = 0.25, .seconds = 0.5});
  ASSERT_TRUE(samples) << samples.error().message;
  EXPECT_EQ(samples->size(), 8000u);
  EXPECT_NEAR(tone_amplitude(*samples), 0.5 / GetParam().channels, 0.02);
}

TEST_P(EveryFormat, CutAnywhereNeverCrashes) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, GetParam());
  for (auto size = std::filesystem::file_size(path); size > 0; size = size * 3 / 4) {
    std::filesystem::resize_file(path, size);
    if (const auto samples = read_audio(path)) EXPECT_FALSE(samples->empty());
    else EXPECT_EQ(samples.error().code, "audio_unreadable");
  }
}

TEST_P(EveryFormat, WithChangedBytesNeverCrashes) {
  const TemporaryDirectory directory;
  const auto whole = directory / GetParam().name;
  write_sound(directory, GetParam());
  const auto size = std::filesystem::file_size(whole);
  std::mt19937 random(1);
  int read = 0, refused = 0;
  for (int i = 0; i < 60; ++i) {
    const auto path = directory / ("changed-" + GetParam().name);
    std::filesystem::copy_file(whole, path, std::filesystem::copy_options::overwrite_existing);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto reach = i % 2 ? std::min<std::uintmax_t>(size, 64) : size;  // half of them in the header
    for (int changed = 0; changed < 4; ++changed)
      file.seekp(std::streamoff(random() % reach)).put(char(random()));
    file.close();
    const auto samples = read_audio(path);
    samples ? ++read : ++refused;
    if (samples) EXPECT_TRUE(std::ranges::all_of(*samples, [](float x) { return std::isfinite(x); }));
    else EXPECT_EQ(samples.error().code, "audio_unreadable");
  }
  EXPECT_EQ(read + refused, 60);
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         testing::Values(Sound{"pcm16.wav"},
                                         Sound{"float.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT},
                                         Sound{"telephone.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000},
                                         Sound{"studio.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 44100, 2},
                                         Sound{"a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 22050},
                                         Sound{"a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, 2},
                                         Sound{"a.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000},
                                         Sound{"a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 48000}),
                         [](const auto& sound) {
                           std::string name = sound.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(ReadAudio, TakesTheSameSamplesAsWritten) {
  const TemporaryDirectory directory;
  const std::vector<float> written = {0.0f, 0.5f, -0.5f, 0.25f, -1.0f};
  for (const char* name : {"a.wav", "a.flac"}) {
    ASSERT_TRUE(write_audio(directory / name, written));
    EXPECT_EQ(read_audio(directory / name).value(), written) << name;
  }
}

TEST(ReadAudio, AveragesChannels) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, {.name = "a.wav", .channels = 2}, {0.5f, 0.25f, -0.5f, 0.0f});
  EXPECT_EQ(read_audio(path).value(), (std::vector<float>{0.375f, -0.25f}));
}

TEST(ReadAudio, EndsAStretchWithTheFile) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, {.name = "a.wav"});
  EXPECT_EQ(read_audio(path, {.offset = 0.75, .seconds = 9})->size(), 4000u);
}

void expect_unreadable(const std::filesystem::path& path, Stretch stretch = {}) {
  const auto samples = read_audio(path, stretch);
  ASSERT_FALSE(samples) << path;
  EXPECT_EQ(samples.error().code, "audio_unreadable");
  EXPECT_NE(samples.error().message.find(path.filename().string()), std::string::npos);
}

TEST(ReadAudio, RefusesAStretchOutsideTheFile) {
  const TemporaryDirectory directory;
  const auto path = write_sound(directory, {.name = "a.wav"});
  expect_unreadable(path, {.offset = 1});
  expect_unreadable(path, {.offset = -0.5});
  expect_unreadable(path, {.offset = 0, .seconds = 0});
  expect_unreadable(path, {.offset = std::nan("")});
}

TEST(ReadAudio, RefusesTruncatedFiles) {
  const TemporaryDirectory directory;
  for (const Sound& sound : {Sound{"a.wav"}, Sound{"a.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
                             Sound{"a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}}) {
    const auto path = write_sound(directory, sound);
    cut_in_half(path);
    expect_unreadable(path);
  }
}

TEST(ReadAudio, RefusesFilesWithoutSound) {
  const TemporaryDirectory directory;
  expect_unreadable(directory.write("empty.mp3", ""));
  expect_unreadable(directory.write("text.wav", "this is no sound"));
  expect_unreadable(directory.write("header.wav", "RIFF\x24\x00\x00\x00WAVEfmt "));
  expect_unreadable(write_sound(directory, {.name = "nothing.wav"}, {}));
}

TEST(ReadAudio, RefusesNumbersThatAreNotFinite) {
  const TemporaryDirectory directory;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    expect_unreadable(write_sound(directory, {.name = "a.wav", .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT},
                                  {0.1f, bad, 0.1f}));
  }
}

TEST(ReadAudio, NamesAFileThatIsNotThere) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_audio(directory / "none.wav").error().code, "audio_missing");
  EXPECT_EQ(read_audio(directory.path()).error().code, "audio_missing");
  EXPECT_EQ(audio_seconds(directory / "none.wav").error().code, "audio_missing");
}

TEST(WriteAudio, ReportsAPlaceThatCannotBeWritten) {
  EXPECT_EQ(write_audio("/nowhere/a.wav", std::vector<float>{0.0f}).error().code, "audio_unwritable");
}

}  // namespace
}  // namespace sweetspot::worker
