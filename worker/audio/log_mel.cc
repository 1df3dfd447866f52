#include "worker/audio/log_mel.h"

#include <algorithm>
#include <cmath>

#include "worker/audio/sound_file.h"

namespace sweetspot::worker {
namespace {

constexpr std::size_t kMaxSeconds = 30;
constexpr int kWindow = 400, kHop = 160, kBins = kWindow / 2 + 1;
constexpr double kTopFrequency = 8000;

// Slaney's mel scale (Auditory Toolbox): linear to 1 kHz, logarithmic above.
constexpr double kHertzPerMel = 200.0 / 3, kLogStart = 1000, kLogStartMel = kLogStart / kHertzPerMel;
const double kLogStep = std::log(6.4) / 27;

double mel_of(double hertz) {
  return hertz < kLogStart ? hertz / kHertzPerMel : kLogStartMel + std::log(hertz / kLogStart) / kLogStep;
}

double hertz_of(double mel) {
  return mel < kLogStartMel ? mel * kHertzPerMel : kLogStart * std::exp(kLogStep * (mel - kLogStartMel));
}

// Triangles between neighbouring mel frequencies, each of area one (Slaney's norm): [n_mels, 201].
torch::Tensor mel_filters(int n_mels) {
  std::vector<double> edges(n_mels + 2);
  for (int i = 0; i < n_mels + 2; ++i) edges[i] = hertz_of(mel_of(kTopFrequency) * i / (n_mels + 1));
  auto filters = torch::zeros({n_mels, kBins});
  auto weight = filters.accessor<float, 2>();
  for (int mel = 0; mel < n_mels; ++mel) {
    const double left = edges[mel], centre = edges[mel + 1], right = edges[mel + 2];
    for (int bin = 0; bin < kBins; ++bin) {
      const double hertz = double(bin) * kSampleRate / kWindow;
      const double rise = (hertz - left) / (centre - left), fall = (right - hertz) / (right - centre);
      weight[mel][bin] = float(std::max(0.0, std::min(rise, fall)) * 2 / (right - left));
    }
  }
  return filters;
}

}  // namespace

std::vector<float> pad_to_next_second(std::span<const float> samples) {
  const std::size_t seconds = std::min(samples.size() / kSampleRate + 1, kMaxSeconds);
  std::vector<float> padded(seconds * kSampleRate, 0.0f);
  std::copy_n(samples.begin(), std::min(samples.size(), padded.size()), padded.begin());
  return padded;
}

LogMel::LogMel(int n_mels)
    : window_(torch::hann_window(kWindow, /*periodic=*/true, torch::kFloat64)),
      filters_(mel_filters(n_mels)) {}

// Transformed in float64: float32 leaves a quiet bin beside a loud one to the rounding of the machine's own
// transform, and differed by 1.5e-5 between processors.
torch::Tensor LogMel::operator()(std::span<const float> samples) const {
  const torch::NoGradGuard no_grad;
  const auto audio =
      torch::tensor(at::ArrayRef<float>(samples.data(), samples.size())).to(torch::kFloat64);  // [n]
  const auto spectrum =
      torch::stft(audio, kWindow, kHop, kWindow, window_, /*center=*/true, "reflect",
                  /*normalized=*/false, /*onesided=*/true, /*return_complex=*/true);  // [201, T+1]
  const auto power = spectrum.slice(1, 0, -1).abs().square().to(torch::kFloat32);     // [201, T]
  const auto decades = filters_.matmul(power).clamp_min(1e-10).log10();               // [n_mels, T]
  return (decades.maximum(decades.max() - 8) + 4) / 4;
}

}  // namespace sweetspot::worker
