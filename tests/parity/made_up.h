// Inputs that oracles/common.py makes to the same bit, so that fixtures hold results alone.
#pragma once

#include <torch/torch.h>

#include <string>
#include <vector>

namespace sweetspot::worker::parity {

// float32 in [-1, 1), uniform in steps of 2^-23: the top 24 bits of splitmix64(seed * 2^32 + index).
std::vector<float> noise(std::uint64_t seed, std::size_t size);
torch::Tensor noise(std::uint64_t seed, torch::IntArrayRef shape);

// A sound by its name in oracles/common.py: so many samples at 16 kHz.
std::vector<float> sound(const std::string& kind, std::uint64_t seed, std::size_t samples);

}  // namespace sweetspot::worker::parity
