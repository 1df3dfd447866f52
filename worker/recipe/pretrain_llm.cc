#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "schemas/model_config.h"
#include "worker/corpus/listing.h"
#include "worker/model/qwen2.h"
#include "worker/model/slam_asr.h"
#include "worker/model/weights.h"
#include "worker/recipe/pretrain.h"
#include "worker/text/tokenizer.h"
#include "worker/text/tokenizer_trainer.h"

namespace sweetspot::worker {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr std::size_t kTokenizerLines = 20000;
constexpr std::size_t kLongestText = 24;    // tokens; longer lines only make padding
constexpr std::size_t kBatchesSorted = 16;  // examples are sorted by length within so many batches

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// What the LM hears and what it should say.
struct Example {
  Ids heard, said;
  std::size_t length() const { return heard.size() + said.size(); }
};

// Each token one to four times, as a word spans several audio tokens; 1 % are lost, 2 % are wrong.
Ids as_heard(const Ids& text, std::int64_t vocabulary, std::mt19937_64& random) {
  Ids heard;
  for (auto token : text) {
    const double luck = uniform(random);
    if (luck < 0.01) continue;
    if (luck < 0.03)
      token = static_cast<std::int64_t>(random_below(random, static_cast<std::size_t>(vocabulary)));
    heard.insert(heard.end(), 1 + random_below(random, 4), token);
  }
  return heard;
}

// Endless batches of examples of about one length; 5 % of the examples are text alone.
class Examples {
 public:
  Examples(std::vector<Ids> texts, std::int64_t vocabulary, std::int64_t eos, std::size_t batch,
           std::uint64_t seed)
      : texts_(std::move(texts)), vocabulary_(vocabulary), eos_(eos), batch_(batch), random_(seed) {}

  std::vector<Example> next() {
    if (batches_.empty()) refill();
    auto batch = std::move(batches_.back());
    batches_.pop_back();
    return batch;
  }

 private:
  void refill() {
    std::vector<Example> examples;
    for (std::size_t i = 0; i < batch_ * kBatchesSorted; ++i) {
      auto text = texts_[random_below(random_, texts_.size())];
      auto heard = uniform(random_) < 0.95 ? as_heard(text, vocabulary_, random_) : Ids{};
      text.push_back(eos_);
      examples.push_back({std::move(heard), std::move(text)});
    }
    std::ranges::stable_sort(examples, {}, &Example::length);
    for (auto first = examples.begin(); first != examples.end();
         first += static_cast<std::ptrdiff_t>(batch_)) {
      batches_.emplace_back(first, first + static_cast<std::ptrdiff_t>(batch_));
    }
    shuffle(batches_, random_);
  }

  std::vector<Ids> texts_;
  std::int64_t vocabulary_, eos_;
  std::size_t batch_;
  std::mt19937_64 random_;
  std::vector<std::vector<Example>> batches_;
};

// Embeddings as a projector would give them: each row leans on the row before by up to a half, with Gaussian
// noise of up to 0.8 of the table's standard deviation, another amount for each example. [B, T, D] -> [B, T,
// D]
torch::Tensor blurred(const torch::Tensor& embeddings, const torch::Tensor& deviation) {
  const auto batch = embeddings.size(0), length = embeddings.size(1);
  const auto lean = torch::rand({batch, length, 1}) * 0.5;
  const auto noise = torch::randn_like(embeddings) * deviation * 0.8 * torch::rand({batch, 1, 1});
  return (1 - lean) * embeddings + lean * embeddings.roll(1, 1) + noise;
}

// Mean cross-entropy of the tokens to be said, eos included.
torch::Tensor repetition_loss(Qwen2& model, const std::vector<Example>& examples, const Ids& prompt,
                              std::int64_t eos) {
  std::size_t longest = 0;
  for (const auto& example : examples) longest = std::max(longest, example.length() + prompt.size());
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(examples.size()),
                                           static_cast<std::int64_t>(longest)};
  auto ids = torch::full(shape, eos, torch::kInt64);
  auto labels = torch::full(shape, -100, torch::kInt64);
  auto heard = torch::zeros({shape[0], shape[1], 1}, torch::kBool);
  for (std::size_t row = 0; row < examples.size(); ++row) {
    Ids all = examples[row].heard;
    all.insert(all.end(), prompt.begin(), prompt.end());
    const auto text_begins = all.size();
    all.insert(all.end(), examples[row].said.begin(), examples[row].said.end());
    auto* row_ids = ids[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>();
    auto* row_labels = labels[static_cast<std::int64_t>(row)].data_ptr<std::int64_t>();
    std::ranges::copy(all, row_ids);
    std::ranges::copy(examples[row].said, row_labels + text_begins);
    heard[static_cast<std::int64_t>(row)]
        .slice(0, 0, static_cast<std::int64_t>(examples[row].heard.size()))
        .fill_(true);
  }
  const auto clean = model->embed(ids);
  const auto deviation = model->embeddings().std().detach();
  const auto input = torch::where(heard, blurred(clean, deviation), clean);
  // Only the rows that are asked for something go through the vocabulary: [N, D] of [B, T, D].
  const auto hidden = model->forward(input, {}).slice(1, 0, -1);
  const auto wanted = labels.slice(1, 1);
  const auto asked = wanted.ne(-100);
  return torch::nn::functional::cross_entropy(model->logits(hidden.index({asked})), wanted.index({asked}));
}

nlohmann::json llm_document(const PretrainLlm& options, std::int64_t vocabulary, std::int64_t eos) {
  return {{"architectures", {"Qwen2ForCausalLM"}},
          {"model_type", "qwen2"},
          {"hidden_size", options.hidden},
          {"num_hidden_layers", options.layers},
          {"num_attention_heads", options.heads},
          {"num_key_value_heads", options.kv_heads},
          {"intermediate_size", options.intermediate},
          {"vocab_size", vocabulary},
          {"hidden_act", "silu"},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 10000.0},
          {"max_position_embeddings", 1024},
          {"tie_word_embeddings", true},
          {"use_sliding_window", false},
          {"attention_dropout", 0.0},
          {"initializer_range", 0.02},
          {"use_cache", true},
          {"torch_dtype", "float16"},
          {"bos_token_id", nullptr},
          {"eos_token_id", eos},
          {"pad_token_id", eos}};
}

}  // namespace

Status pretrain_llm(const PretrainLlm& options) {
  auto lines = read_lines(options.text);
  if (!lines) return lines.error();
  std::vector<std::string> sample(
      lines->begin(), lines->begin() + static_cast<std::ptrdiff_t>(std::min(lines->size(), kTokenizerLines)));
  sample.emplace_back(kPrompt);
  if (auto trained = train_tokenizer(sample, {}, options.out); !trained) return trained;
  auto tokenizer = Tokenizer::load(options.out);
  if (!tokenizer) return tokenizer.error();
  const auto eos = tokenizer->id_of("<|endoftext|>").value();
  const auto vocabulary = tokenizer->vocabulary_size();

  std::vector<Ids> texts;
  for (const auto& line : *lines) {
    auto ids = tokenizer->encode(line);
    if (ids.size() <= kLongestText) texts.push_back(std::move(ids));
  }
  const auto document = llm_document(options, vocabulary, eos);
  std::filesystem::create_directories(options.out);
  if (auto written = write_model(options.out, {}, {{"config.json", document}}); !written) return written;
  auto config = read_qwen2_config(options.out / "config.json");
  if (!config) return config.error();

  torch::manual_seed(options.seed);
  Qwen2 model(*config);
  initialise(*model);
  if (!options.start.empty()) {
    const auto weights = Weights::open(options.start);
    if (!weights) return weights.error();
    if (auto loaded = go_on_from(*weights, "", *model); !loaded) return loaded;
  }
  fmt::print(stderr, "nano LM: {} parameters, {} lines\n", parameter_count(*model), texts.size());
  Examples examples(std::move(texts), vocabulary, eos, options.batch, options.seed);
  Pretrainer trainer(model->parameters(), options.schedule);
  const auto prompt = tokenizer->encode(kPrompt);
  while (trainer.steps_done() < options.schedule.steps)
    trainer.step(repetition_loss(model, examples.next(), prompt, eos));

  return write_model(
      options.out, named_tensors(*model, "", torch::kFloat16),
      {{"generation_config.json", {{"eos_token_id", eos}, {"pad_token_id", eos}, {"do_sample", false}}}});
}

}  // namespace sweetspot::worker
