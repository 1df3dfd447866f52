// The paper's projector: k encoder frames joined, two linear maps, a layer norm: one audio token of the LLM's
// width.
#pragma once

#include <filesystem>

#include "schemas/cell.h"
#include "worker/model/layers.h"
#include "worker/model/rng.h"
#include "worker/model/weights.h"

namespace sweetspot::worker {

struct ProjectorShape {
  std::int64_t encoder_width = 0, llm_width = 0;
};

class ProjectorImpl : public torch::nn::Module {
 public:
  // Without values: load or initialise.
  ProjectorImpl(const ProjectorSpec& spec, const ProjectorShape& shape);

  // Linear maps uniform in +-1/sqrt(fan in), norm bias zero, norm weight `norm_scale`: 1 in the paper, or the
  // standard deviation of the LLM's embeddings (ProjectorSpec::norm_init).
  void initialise(const Rng& rng, double norm_scale);

  // [B, T', encoder_width] -> [B, T' / frames, llm_width]; the last T' mod frames are dropped.
  torch::Tensor forward(const torch::Tensor& features, const Dropout& dropout) const;

  const ProjectorSpec& spec() const { return spec_; }
  const ProjectorShape& shape() const { return shape_; }

 private:
  ProjectorSpec spec_;
  ProjectorShape shape_;
  Linear linear1_, linear2_;
  LayerNorm layer_norm_;
};
TORCH_MODULE(Projector);

// projector.safetensors: linear1, linear2 and layer_norm (.weight, .bias) in float32. The file's metadata
// says what they are: type, frames, hidden, dropout, norm_init, encoder_width, llm_width. Errors:
// unwritable()'s.
Status save_projector(const std::filesystem::path& file, const Projector& projector);

// Reads such a file for an encoder and a language model of the given widths; hidden and frames follow from
// the tensors. A file without metadata, as other programs write it, will do as well. Errors: weights_mismatch,
// naming what the metadata says and what was expected; model_unsupported: another type; Weights' errors.
Result<Projector> load_projector(const std::filesystem::path& file, const ProjectorShape& shape,
                                 torch::Device device);

}  // namespace sweetspot::worker
