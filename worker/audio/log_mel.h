// The paper's front end: whole seconds of audio, and Whisper's log-mel spectrogram.
#pragma once

#include <torch/torch.h>

#include <span>
#include <string_view>
#include <vector>

namespace sweetspot::worker {

// What stored encoder features were computed from: to be raised with every change of what is read, padded or
// transformed here, in sound_file.cc or in the encoder that gives other numbers.
inline constexpr std::string_view kFrontEnd = "front-end/2";

// Appends zeros up to floor(n / 16000) + 1 whole seconds (5.000 s becomes 6 s), and cuts at 30 s.
std::vector<float> pad_to_next_second(std::span<const float> samples);

// Whisper's log-mel spectrogram (openai/whisper, audio.py): a frame of 25 ms every 10 ms, power on a Slaney
// mel scale, log10, at most 8 below the maximum of the clip, scaled to about [-1, 1].
class LogMel {
 public:
  explicit LogMel(int n_mels);

  // 16 kHz samples (more than 200 of them) -> [n_mels, T] float32 on the CPU, T = samples / 160.
  torch::Tensor operator()(std::span<const float> samples) const;

 private:
  torch::Tensor window_;   // [400]
  torch::Tensor filters_;  // [n_mels, 201]
};

}  // namespace sweetspot::worker
