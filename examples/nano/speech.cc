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

// espeak-ng hands its samples to a plain function; user_data is the vector given to espeak_Synth.
int collect(short* samples, int count, espeak_EVENT* events) {
  if (samples == nullptr) return 0;
  auto& audio = *static_cast<std::vector<float>*>(events->user_data);
  std::transform(samples, samples + count, std::back_inserter(audio), [](short s) { return s / 32768.0F; });
  return 0;
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

std::vector<float> Speaker::say(const std::string& text, const Manner& manner) {
  if (espeak_SetVoiceByName(manner.voice.c_str()) != EE_OK) {
    throw std::runtime_error(fmt::format("espeak-ng has no voice '{}'", manner.voice));
  }
  espeak_SetParameter(espeakRATE, manner.speed, 0);
  espeak_SetParameter(espeakPITCH, manner.pitch, 0);
  std::vector<float> audio;
  if (espeak_Synth(text.c_str(), text.size() + 1, 0, POS_CHARACTER, 0, espeakCHARS_UTF8, nullptr, &audio) !=
      EE_OK) {
    throw std::runtime_error(fmt::format("espeak-ng could not say '{}'", text));
  }
  auto samples = resampled(audio, rate_, kSampleRate);
  for (auto& sample : samples) sample = std::clamp(sample * manner.gain, -1.0F, 1.0F);
  return samples;
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
