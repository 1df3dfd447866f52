// Randomness of one cell. Every draw is a pure function of (seed, purpose, step, index), never of what was
// drawn before: so a cell gives the same numbers alone, in a pack, or resumed.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>

namespace sweetspot::worker {

enum class Draw : std::uint64_t { projector, adapter, projector_dropout, adapter_dropout, order };

class Rng {
 public:
  explicit Rng(std::int64_t seed) : seed_(std::uint64_t(seed)) {}

  // 64 well-mixed bits.
  std::uint64_t bits(Draw purpose, std::uint64_t step = 0, std::uint64_t index = 0) const {
    return mix(mix(mix(mix(seed_) ^ std::uint64_t(purpose)) ^ step) ^ index);
  }

  // Puts the device's torch generator where the next draw depends on these numbers alone.
  void seed_torch(torch::Device device, Draw purpose, std::uint64_t step = 0, std::uint64_t index = 0) const {
    at::Generator generator = at::globalContext().defaultGenerator(device);
    const std::lock_guard lock(generator.mutex());
    generator.set_current_seed(bits(purpose, step, index));
  }

  // splitmix64 (Steele, Lea, Flood 2014).
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
  }

 private:
  std::uint64_t seed_;
};

// Dropout of one training step; default-constructed it passes everything, as in evaluation.
class Dropout {
 public:
  Dropout() = default;
  Dropout(Rng rng, Draw purpose, std::uint64_t step)
      : rng_(rng), purpose_(purpose), step_(step), active_(true) {}

  bool drops(double p) const { return active_ && p > 0; }

  // Zeroes a share p of x and scales the rest by 1 / (1 - p). `index` tells the places of one step apart.
  torch::Tensor operator()(const torch::Tensor& x, double p, std::uint64_t index = 0) const {
    if (!drops(p)) return x;
    if (x.is_cpu()) {
      const auto factors = torch::empty(x.sizes(), torch::kFloat32);
      draw(factors, p, index);
      return x * factors;
    }
    rng_.seed_torch(x.device(), purpose_, step_, index);
    return torch::dropout(x, p, true);
  }

  // What it multiplies by on a CPU, into a tensor there, contiguous and float32. Torch draws number by
  // number, which took a tenth of a training step; 16 bits are enough to drop by.
  void draw(const torch::Tensor& factors, double p, std::uint64_t index = 0) const {
    if (!drops(p)) return void(factors.fill_(1));
    float* values = factors.data_ptr<float>();
    const std::uint64_t key = rng_.bits(purpose_, step_, index), threshold = std::uint64_t(p * 65536);
    const float scale = float(1 / (1 - p));
    const std::int64_t n = factors.numel();
    for (std::int64_t i = 0; i < n; i += 4) {
      std::uint64_t bits = Rng::mix(key + std::uint64_t(i));
      for (std::int64_t j = i; j < std::min(i + 4, n); ++j, bits >>= 16)
        values[j] = (bits & 0xffff) < threshold ? 0.0f : scale;
    }
  }

 private:
  Rng rng_{0};
  Draw purpose_ = Draw::projector_dropout;
  std::uint64_t step_ = 0;
  bool active_ = false;
};

}  // namespace sweetspot::worker
