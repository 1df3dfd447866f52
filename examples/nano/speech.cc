#include "examples/nano/speech.h"

#include <espeak-ng/speak_lib.h>
#include <fmt/format.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace sweetspot::nano {
namespace {

// What espeak-ng has told so far.
struct Heard {
  struct Word {
    double start;
    std::size_t position;  // in characters from the start of the text
  };
  std::vector<float> samples;
  std::vector<Word> words;
};

// espeak-ng hands its samples and events to a plain function; user_data is what was given to espeak_Synth.
int collect(short* samples, int count, espeak_EVENT* events) {
  auto& heard = *static_cast<Heard*>(events->user_data);
  for (const auto* event = events; event->type != espeakEVENT_LIST_TERMINATED; ++event) {
    if (event->type != espeakEVENT_WORD) continue;
    heard.words.push_back(
        {event->audio_position / 1000.0, static_cast<std::size_t>(event->text_position - 1)});
  }
  if (samples == nullptr) return 0;
  std::transform(samples, samples + count, std::back_inserter(heard.samples),
                 [](short s) { return s / 32768.0F; });
  return 0;
}

// The byte at which each character of UTF-8 text starts, and the length of the text at the end.
std::vector<std::size_t> character_starts(const std::string& text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  starts.push_back(text.size());
  return starts;
}

// Each word event speaks for the text up to the next one's.
std::vector<SpokenWords> spoken_words(const Heard& heard, const std::string& text, double seconds) {
  const auto starts = character_starts(text);
  std::vector<SpokenWords> spoken;
  for (std::size_t i = 0; i < heard.words.size(); ++i) {
    const bool last = i + 1 == heard.words.size();
    const auto from = starts[std::min(heard.words[i].position, starts.size() - 1)];
    const auto to = last ? text.size() : starts[std::min(heard.words[i + 1].position, starts.size() - 1)];
    if (to <= from) continue;
    auto words = text.substr(from, to - from);
    if (words.back() == ' ') words.pop_back();
    spoken.push_back({heard.words[i].start, last ? seconds : heard.words[i + 1].start, words});
  }
  return spoken;
}

std::vector<float> resampled(const std::vector<float>& in, int from, int to) {
  std::vector<float> out(in.size() * static_cast<std::size_t>(to) / static_cast<std::size_t>(from) + 64);
  std::size_t written = 0;
  const auto* problem = soxr_oneshot(from, to, 1, in.data(), in.size(), nullptr, out.data(), out.size(),
                                     &written, nullptr, nullptr, nullptr);
  if (problem != nullptr) throw std::runtime_error(fmt::format("soxr: {}", problem));
  out.resize(written);
  return out;
}

}  // namespace

Speaker::Speaker() : rate_(espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, nullptr, 0)) {
  if (rate_ <= 0)
    throw std::runtime_error("espeak-ng did not start; is the package espeak-ng-data installed?");
  espeak_SetSynthCallback(collect);
}

Speaker::~Speaker() { espeak_Terminate(); }

Speech Speaker::say(const std::string& text, const Manner& manner) {
  if (espeak_SetVoiceByName(manner.voice.c_str()) != EE_OK) {
    throw std::runtime_error(fmt::format("espeak-ng has no voice '{}'", manner.voice));
  }
  espeak_SetParameter(espeakRATE, manner.speed, 0);
  espeak_SetParameter(espeakPITCH, manner.pitch, 0);
  Heard heard;
  if (espeak_Synth(text.c_str(), text.size() + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, nullptr, &heard) !=
      EE_OK) {
    throw std::runtime_error(fmt::format("espeak-ng could not say '{}'", text));
  }
  auto samples = resampled(heard.samples, rate_, kSampleRate);
  for (auto& sample : samples) sample = std::clamp(sample * manner.gain, -1.0F, 1.0F);
  const double seconds = static_cast<double>(samples.size()) / kSampleRate;
  return {.samples = std::move(samples), .words = spoken_words(heard, text, seconds)};
}

void write_flac(const std::filesystem::path& file, const std::vector<float>& samples) {
  SF_INFO info = {.frames = 0,
                  .samplerate = kSampleRate,
                  .channels = 1,
                  .format = SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                  .sections = 0,
                  .seekable = 0};
  const std::unique_ptr<SNDFILE, decltype(&sf_close)> sound(sf_open(file.c_str(), SFM_WRITE, &info),
                                                            sf_close);
  if (!sound) throw std::runtime_error(fmt::format("{}: {}", file.string(), sf_strerror(nullptr)));
  const auto count = static_cast<sf_count_t>(samples.size());
  if (sf_write_float(sound.get(), samples.data(), count) != count) {
    throw std::runtime_error(fmt::format("{}: {}", file.string(), sf_strerror(sound.get())));
  }
}

}  // namespace sweetspot::nano
