#include "worker/model/projector.h"

#include <fmt/format.h>

#include <cmath>

namespace sweetspot::worker {

namespace {
using Metadata = std::map<std::string, std::string>;

Metadata metadata_of(const ProjectorSpec& spec, const ProjectorShape& shape) {
  return {{"format", "pt"},
          {"type", spec.type},
          {"frames", std::to_string(spec.frames)},
          {"hidden", std::to_string(spec.hidden)},
          {"dropout", fmt::format("{}", spec.dropout)},
          {"norm_init", spec.norm_init},
          {"encoder_width", std::to_string(shape.encoder_width)},
          {"llm_width", std::to_string(shape.llm_width)}};
}

// What a file says of itself against what is true of it here, and of the models it is to be put between.
Status check(const std::filesystem::path& file, const Metadata& stated, const Metadata& expected,
             std::initializer_list<const char*> names) {
  for (const std::string name : names) {
    const auto found = stated.find(name);
    if (found == stated.end() || found->second == expected.at(name)) continue;
    const auto what = fmt::format("{}: {} is {}, expected {}", file.string(), name, found->second,
                                  expected.at(name));
    if (name == "type") return Error{"model_unsupported", what, "give a projector of that type", ""};
    return Error{"weights_mismatch", what,
                 "give the encoder and the language model this projector was trained with", ""};
  }
  return success();
}
}  // namespace

ProjectorImpl::ProjectorImpl(const ProjectorSpec& spec, const ProjectorShape& shape)
    : spec_(spec),
      shape_(shape),
      linear1_(register_module("linear1", Linear(shape.encoder_width * spec.frames, spec.hidden))),
      linear2_(register_module("linear2", Linear(spec.hidden, shape.llm_width))),
      layer_norm_(register_module("layer_norm", LayerNorm(shape.llm_width))) {}

void ProjectorImpl::initialise(const Rng& rng, double norm_scale) {
  const torch::NoGradGuard no_grad;
  rng.seed_torch(torch::kCPU, Draw::projector);
  for (auto* linear : {&linear1_, &linear2_}) {
    const double bound = 1 / std::sqrt(double((*linear)->weight.size(1)));
    (*linear)->weight.uniform_(-bound, bound);
    (*linear)->bias.uniform_(-bound, bound);
  }
  layer_norm_->weight.fill_(norm_scale);
  layer_norm_->bias.zero_();
}

torch::Tensor ProjectorImpl::forward(const torch::Tensor& features, const Dropout& dropout) const {
  const std::int64_t tokens = features.size(1) / spec_.frames;
  auto x = features.narrow(1, 0, tokens * spec_.frames).reshape({features.size(0), tokens, -1});
  x = dropout(torch::relu(linear1_->forward(x)), spec_.dropout);
  return layer_norm_->forward(linear2_->forward(x));
}

Status save_projector(const std::filesystem::path& file, const Projector& projector) {
  return write_safetensors(file, named_tensors(*projector, "", torch::kFloat32),
                           metadata_of(projector->spec(), projector->shape()));
}

Result<Projector> load_projector(const std::filesystem::path& file, const ProjectorShape& shape,
                                 torch::Device device) {
  const auto opened = SafetensorsFile::open(file);
  if (!opened) return opened.error();
  const Metadata& stated = opened->metadata();
  ProjectorSpec spec;
  const auto place = check(file, stated, metadata_of(spec, shape), {"type", "encoder_width", "llm_width"});
  if (!place) return place.error();
  const auto linear1 = opened->entries().find("linear1.weight");
  if (linear1 == opened->entries().end() || linear1->second.shape.size() != 2 ||
      linear1->second.shape[1] % shape.encoder_width)
    return Error{"weights_mismatch",
                 fmt::format("{}: linear1.weight does not join whole frames of {} values", file.string(),
                             shape.encoder_width),
                 "give the encoder this projector was trained with", ""};
  spec.hidden = int(linear1->second.shape[0]);
  spec.frames = int(linear1->second.shape[1] / shape.encoder_width);
  const auto sizes = check(file, stated, metadata_of(spec, shape), {"frames", "hidden"});
  if (!sizes) return sizes.error();
  if (const auto found = stated.find("dropout"); found != stated.end())
    spec.dropout = std::strtod(found->second.c_str(), nullptr);
  if (const auto found = stated.find("norm_init"); found != stated.end()) spec.norm_init = found->second;
  Projector projector(spec, shape);
  const auto weights = Weights::open(file);
  if (!weights) return weights.error();
  if (const auto loaded = load_parameters(*projector, *weights, "", {device, torch::kFloat32}); !loaded)
    return loaded.error();
  return projector;
}

}  // namespace sweetspot::worker
