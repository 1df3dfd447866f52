// Text to speech by espeak-ng, 16 kHz mono.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sweetspot::nano {

inline constexpr int kSampleRate = 16000;

// How a sentence is spoken. `voice` is espeak-ng's name with a variant ("en-gb+f2"), speed in words a minute,
// pitch 0..100, gain multiplies the samples.
struct Manner {
  std::string voice;
  int speed;
  int pitch;
  float gain;
};

// A stretch of speech, in seconds, and the words said in it (more than one where espeak-ng runs them
// together).
struct SpokenWords {
  double start, end;
  std::string text;
};

struct Speech {
  std::vector<float> samples;  // in [-1, 1] at kSampleRate
  std::vector<SpokenWords> words;
};

// One at a time in a process: espeak-ng keeps its state in globals. Throws std::runtime_error.
class Speaker {
 public:
  Speaker();
  ~Speaker();
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  // The text must be words with single spaces between them.
  Speech say(const std::string& text, const Manner& manner);

 private:
  int rate_;
};

// 16-bit FLAC.
void write_flac(const std::filesystem::path& file, const std::vector<float>& samples);

}  // namespace sweetspot::nano
