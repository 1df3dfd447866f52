#include "tests/parity/made_up.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "worker/model/rng.h"

namespace sweetspot::worker::parity {

std::vector<float> noise(std::uint64_t seed, std::size_t size) {
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i)
    values[i] = float(Rng::mix((seed << 32) + i) >> 40) / float(1 << 23) - 1.0f;
  return values;
}

torch::Tensor noise(std::uint64_t seed, torch::IntArrayRef shape) {
  return torch::tensor(noise(seed, std::size_t(c10::multiply_integers(shape)))).view(shape);
}

std::vector<float> sound(const std::string& kind, std::uint64_t seed, std::size_t samples) {
  using Sample = float (*)(float white, std::size_t index, std::size_t samples);
  static const std::map<std::string, Sample> kinds = {
      {"silence", [](float, std::size_t, std::size_t) { return 0.0f; }},
      {"click", [](float, std::size_t i, std::size_t n) { return i == n / 2 ? 1.0f : 0.0f; }},
      {"quiet", [](float white, std::size_t, std::size_t) { return white * 0x1p-14f; }},
      {"clipped",
       [](float white, std::size_t, std::size_t) { return std::clamp(white * 4.0f, -1.0f, 1.0f); }},
      {"syllables",
       [](float white, std::size_t i, std::size_t) {
         const float loudness = std::abs(float(i % 4000) / 2000.0f - 1.0f);
         const float saw = float(i % 80) / 128.0f - 0.3125f;
         return loudness * (white * 0.25f + saw);
       }},
      {"noise", [](float white, std::size_t, std::size_t) { return white * 0.125f; }}};
  std::vector<float> values = noise(seed, samples);
  for (std::size_t i = 0; i < samples; ++i) values[i] = kinds.at(kind)(values[i], i, samples);
  return values;
}

}  // namespace sweetspot::worker::parity
